"""Encoder and decoder of the report: a small U-Net trained from scratch, output at full size."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.temporal_unet.blocks import BlockKind

WIDTHS: dict[str, tuple[int, ...]] = {
    "original": (64, 128, 256),
    "small-shallow": (16, 32, 64),
    "small-deep": (16, 32, 64, 128),
}
"""Channels at strides 1, 2, 4 and 8, by the names of the setting ``size``."""

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class PaperEncoder(nn.Module):
    """Maps at strides 1, 2, 4, ...: a stem, then one stage per further width."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, kind: BlockKind, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = kind.stem(widths[0])
        self.stages = nn.ModuleList(kind.stage(v, w) for v, w in pairwise(widths))
        for name, values in (("mean", _IMAGENET_MEAN), ("deviation", _IMAGENET_DEVIATION)):
            self.register_buffer(name, torch.tensor(values).view(3, 1, 1), persistent=False)

    def forward(
        self, frames: Float[Tensor, "batch 3 height width"]
    ) -> dict[int, Float[Tensor, "batch _ _ _"]]:
        """Maps by stride of frames with values in [0, 1]; sides must be multiples of the largest stride."""
        x = self.stem((frames - self.mean) / self.deviation)
        maps = {1: x}
        for i, stage in enumerate(self.stages, start=1):
            x = stage(x)
            maps[2**i] = x
        return maps


class PaperDecoder(nn.Module):
    """From the coarsest map up, one level per skip, and a 3x3 convolution to classes."""

    def __init__(self, kind: BlockKind, widths: tuple[int, ...], num_classes: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(kind.level(w) for w in reversed(widths[:-1]))
        self.head = nn.Conv2d(widths[0], num_classes, 3, padding=1)

    def forward(
        self, maps: dict[int, Float[Tensor, "batch _ _ _"]]
    ) -> Float[Tensor, "batch classes height width"]:
        """Logits of frames from their maps by stride."""
        x, *skips = (maps[stride] for stride in sorted(maps, reverse=True))
        for level, skip in zip(self.levels, skips, strict=True):
            x = level(x, skip)
        logits: Tensor = self.head(x)
        return logits
