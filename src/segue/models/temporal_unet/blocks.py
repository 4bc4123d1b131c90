"""The report's three kinds of convolution block: stem, encoder stage and decoder level of each.

Unless said otherwise a convolution has a bias and pads with zeros. The parameter counts of the report's table 3 pin
down every layer; where the text leaves a choice, the one whose count fits was taken.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Coarse = Float[Tensor, "batch channels2 height2 width2"]
Fine = Float[Tensor, "batch channels height width"]


@dataclass(frozen=True)
class BlockKind:
    """How the parts of a U-Net are made from one kind of block."""

    stem: Callable[[int], nn.Module]
    """Channels out -> the first encoder block, on RGB at full size."""
    stage: Callable[[int, int], nn.Module]
    """Channels in and out -> down-sampling by two, and an encoder block."""
    level: Callable[[int], nn.Module]
    """Channels -> a decoder level: ``(coarse map of twice the channels, skip) -> map like the skip``."""


class VanillaBlock(nn.Sequential):
    """Two 3x3 convolutions, each with batch norm and ReLU."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, padding=1),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
            nn.Conv2d(channels_out, channels_out, 3, padding=1),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
        )


class ResNetBlock(nn.Module):
    """Two 3x3 convolutions and a 1x1 shortcut, which has no norm and is always there."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, padding=1),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
            nn.Conv2d(channels_out, channels_out, 3, padding=1),
            nn.BatchNorm2d(channels_out),
        )
        self.shortcut = nn.Conv2d(channels_in, channels_out, 1)

    def forward(
        self, x: Float[Tensor, "batch channels_in height width"]
    ) -> Float[Tensor, "batch channels_out height width"]:
        """The block's map."""
        return F.relu(self.body(x) + self.shortcut(x))


class ConvNextBlock(nn.Module):
    """Depthwise 7x7 and an inverted bottleneck, in ConvUNeXt's form: batch norm, reflected borders, no layer scale."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 7, padding=3, groups=channels, padding_mode="reflect"),
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, 4 * channels, 1),
            nn.GELU(),
            nn.Conv2d(4 * channels, channels, 1),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Fine) -> Fine:
        """The block's map; height and width must be at least 4."""
        return F.gelu(x + self.body(x))


class ConcatLevel(nn.Module):
    """Up-sample, concatenate with the skip, one block."""

    def __init__(self, channels: int, block: Callable[[int, int], nn.Module]) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(2 * channels, channels, 2, stride=2)
        self.block = block(2 * channels, channels)

    def forward(self, below: Coarse, skip: Fine) -> Fine:
        """A map like the skip."""
        merged: Tensor = self.block(torch.cat([self.up(below), skip], 1))
        return merged


class GatedLevel(nn.Module):
    """ConvUNeXt's decoder level: gates from the up-sampled map choose what passes the skip connection."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(2 * channels)
        self.up = nn.ConvTranspose2d(2 * channels, channels, 2, stride=2)
        self.gate = nn.Conv2d(channels, 3 * channels, 1)
        self.keep = nn.Conv2d(channels, channels, 1)
        self.mix = nn.Conv2d(channels, channels, 1)
        self.reduce = nn.Conv2d(2 * channels, channels, 1)
        self.block = ConvNextBlock(channels)

    def forward(self, below: Coarse, skip: Fine) -> Fine:
        """A map like the skip."""
        above = self.up(self.norm(below))
        first, second, third = self.gate(above).chunk(3, 1)
        kept = self.keep(first + skip).sigmoid() * skip + second.sigmoid() * third.tanh()
        merged: Tensor = self.block(self.reduce(torch.cat([self.mix(kept), above], 1)))
        return merged


def _resnet_stem(channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, channels, 7, padding=3),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, channels, 3, padding=1),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    )


def _convnext_stem(channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, channels, 7, padding=3),
        nn.BatchNorm2d(channels),
        nn.GELU(),
        ConvNextBlock(channels),
    )


def _halve(channels_in: int, channels_out: int) -> nn.Module:
    return nn.Conv2d(channels_in, channels_out, 2, stride=2)


BLOCKS: dict[str, BlockKind] = {
    "vanilla": BlockKind(
        stem=lambda w: VanillaBlock(3, w),
        stage=lambda v, w: nn.Sequential(_halve(v, v), VanillaBlock(v, w)),
        level=lambda w: ConcatLevel(w, VanillaBlock),
    ),
    "resnet": BlockKind(
        stem=_resnet_stem,
        stage=lambda v, w: nn.Sequential(_halve(v, v), ResNetBlock(v, w)),
        level=lambda w: ConcatLevel(w, ResNetBlock),
    ),
    "convnext": BlockKind(
        stem=_convnext_stem,
        stage=lambda v, w: nn.Sequential(_halve(v, w), ConvNextBlock(w)),
        level=GatedLevel,
    ),
}
"""By the names of the setting ``block``."""
