"""The decoder of TTVOS's public code ("v3"): three levels that hand two mask channels upwards."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.ttvos.attention import HISTORY


@dataclass(frozen=True)
class Decoded:
    """What the decoder says of a frame."""

    logits: Float[Tensor, "objects 2 height width"]
    """Background and object, at full resolution."""
    coarse: Float[Tensor, "objects 2 height8 width8"]
    """The mask of the coarsest level, enlarged to stride 8."""
    middle: Float[Tensor, "objects inter height8 width8"]
    """Features at stride 8."""
    last: Float[Tensor, "objects _ height4 width4"]
    """What the last layer sees."""


class Decoder(nn.Module):
    """Strides 16, 8 and 4, then two enlargements.

    Args:
        channels: Of the frame's features by stride.
        extra: More channels at stride 8 that the two deeper levels see.
    """

    def __init__(self, channels: dict[int, int], extra: int = 0) -> None:
        super().__init__()
        self.inter = inter = min(128, channels[4])
        deep = min(2 * inter, channels[16])
        self.past16 = _conv_relu(HISTORY + extra + channels[16], deep, 3)
        self.level16 = _conv_relu(channels[16] + deep, inter, 3)
        self.up16 = _double(inter, 2)
        self.enter8 = _conv_relu(channels[8], inter, 1)
        self.level8 = _conv_relu(inter + 2 + extra, inter, 3)
        self.up8 = _double(inter, 2)
        self.enter4 = nn.Conv2d(channels[4], inter, 1)
        self.level4 = _conv_relu(inter + 2, inter, 3)
        self.up_coarse = _double(2, 2)
        self.head = _double(2 + 2 + inter, 8)

    def forward(
        self,
        maps: dict[int, Float[Tensor, "objects _ _ _"]],
        attention: Float[Tensor, "objects _ height8 width8"],
        deep_before: Float[Tensor, "objects _ height16 width16"],
        history: Float[Tensor, "objects 6 height8 width8"],
        extra: Float[Tensor, "objects _ height8 width8"] | None = None,
    ) -> Decoded:
        """The masks of a frame.

        Args:
            maps: The frame's features by stride.
            attention: The answer to the template.
            deep_before: The stride-16 features of the frame before.
            history: Masks of the last three frames.
            extra: What else is known at stride 8.
        """
        more = [] if extra is None else [extra]
        known = F.avg_pool2d(torch.cat([history, *more], 1), 2)
        past = self.past16(torch.cat([known, deep_before], 1))
        coarse = self.up16(self.level16(torch.cat([maps[16], past], 1)))
        middle = self.level8(torch.cat([self.enter8(attention), coarse, *more], 1))
        fine = self.up8(middle)
        shallow = self.level4(torch.cat([self.enter4(maps[4]), fine], 1))
        last = torch.cat([self.up_coarse(coarse), fine, shallow], 1)
        return Decoded(self.enlarge(last), coarse, middle, last)

    def enlarge(
        self, last: Float[Tensor, "objects _ height4 width4"]
    ) -> Float[Tensor, "objects 2 height width"]:
        """The last layer alone."""
        return F.pixel_shuffle(self.head(last), 2)


def _conv_relu(channels_in: int, channels_out: int, size: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, size, padding=size // 2), nn.ReLU())


def _double(channels_in: int, channels_out: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels_in, channels_out, 4, stride=2, padding=1)
