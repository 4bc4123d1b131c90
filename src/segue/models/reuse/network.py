"""The carrying network (ours): corrects masks that were moved along the flow, and says how good they will be.

It plays the parts of the paper's delta generator, refine-translator and gate in one, on pixels instead of features,
so that a carried frame needs no part of the host.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.reuse.evidence import CHANNELS, MOVED

_WIDTHS = (24, 32, 48)
_FIRM = 0.02
"""The moved mask counts as a probability within this distance of 0 and 1."""
_LIKELY = 0.13
"""What an untrained gate says: it reuses little, as in the paper."""


class CarryNetwork(nn.Module):
    """A small U-Net at half the window's resolution."""

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth = _WIDTHS
        self.enter = nn.Sequential(_convolution(4 * CHANNELS, half), _convolution(half, half))
        self.down4 = nn.Sequential(_convolution(half, quarter, 2), _convolution(quarter, quarter))
        self.down8 = nn.Sequential(
            _convolution(quarter, eighth, 2),
            _convolution(eighth, eighth),
            _convolution(eighth, eighth),
        )
        self.up4 = nn.Conv2d(eighth, quarter, 1)
        self.merge4 = _convolution(quarter, quarter)
        self.up2 = nn.Conv2d(quarter, half, 1)
        self.merge2 = _convolution(half, half)
        self.head = nn.Conv2d(half, 4, 3, padding=1)
        last = nn.Linear(32, 1)
        self.gate = nn.Sequential(nn.Linear(3 * eighth, 32), nn.ReLU(), last)
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)
        nn.init.constant_(last.bias, math.log(_LIKELY / (1 - _LIKELY)))

    def forward(
        self, evidence: Float[Tensor, "objects channels rows columns"]
    ) -> tuple[Float[Tensor, "objects rows columns"], Float[Tensor, " objects"]]:
        """Logits of the masks on this frame, and of the gate."""
        moved = evidence[:, MOVED : MOVED + 1]
        half = self.enter(F.pixel_unshuffle(evidence, 2))
        quarter = self.down4(half)
        eighth = self.down8(quarter)
        x = self.merge4(quarter + _double(self.up4(eighth)))
        x = self.merge2(half + _double(self.up2(x)))
        change = F.pixel_shuffle(self.head(x), 2)
        logits = moved.clamp(_FIRM, 1 - _FIRM).logit() + change
        return logits[:, 0], self.gate(_summary(eighth, moved))[:, 0]


def _summary(
    maps: Float[Tensor, "objects width height8 width8"],
    moved: Float[Tensor, "objects 1 rows columns"],
) -> Float[Tensor, "objects summary"]:
    """Means over the object and over its rim, and the largest values of the window."""
    inside = F.avg_pool2d(moved, 8)
    rim = 4 * inside * (1 - inside)
    means = [(maps * w).sum((2, 3)) / (w.sum((2, 3)) + 1) for w in (inside, rim)]
    return torch.cat([*means, maps.amax((2, 3))], 1)


def _convolution(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
