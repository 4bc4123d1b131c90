"""The trained part of segue-click: what is computed once per frame, and what is computed per click.

The frame is looked at without knowing the clicks, so that a further click costs the decoder only. Backbone and pyramid
are those of segue-lite; the backbone stays as ImageNet left it.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.click.evidence import LIKENESS, PLACES, Evidence
from segue.nn.efficientnet import EfficientNetLite0
from segue.nn.pyramid import KEY_CHANNELS, Pyramid
from segue.nn.pyramid import WIDTHS as PYRAMID

WIDTHS = {16: 80, 8: 48, 4: 24}
"""Decoder channels by stride."""
FINE = 12
"""Channels at stride 2."""


@dataclass(frozen=True)
class Looked:
    """What a frame offers to every object and every click."""

    keys: Float[Tensor, "batch keys height8 width8"]
    shares: dict[int, Float[Tensor, "batch _ _ _"]]
    """The frame's share of the decoder, at strides 16, 8, 4 and 2."""

    def repeated(self, times: int) -> "Looked":
        """Each frame several times in a row: one for each of its objects."""
        return Looked(
            self.keys.repeat_interleave(times, 0),
            {s: m.repeat_interleave(times, 0) for s, m in self.shares.items()},
        )


class ClickNetwork(nn.Module):
    """Backbone, pyramid, the frame's shares, decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0()
        self.view = View()
        self.decoder = Decoder()

    def look(self, frames: Float[Tensor, "batch 3 height width"]) -> Looked:
        """Everything that is computed once per frame; values in [0, 1], sides multiples of 32."""
        looked: Looked = self.view(frames, self.backbone(frames))
        return looked


class View(nn.Module):
    """From features to keys and to the frame's share of each decoder level."""

    def __init__(self) -> None:
        super().__init__()
        self.pyramid = Pyramid()
        self.keys = nn.Conv2d(PYRAMID[8], KEY_CHANNELS, 1)
        self.share = nn.ModuleDict(
            {str(s): nn.Conv2d(PYRAMID[s], WIDTHS[s], 3, padding=1) for s in WIDTHS}
        )
        self.fine = nn.Conv2d(3, FINE, 3, stride=2, padding=1)

    def forward(self, frames: Tensor, maps: dict[int, Tensor]) -> Looked:
        """What the decoder needs of a batch of frames."""
        pyramid, first = self.pyramid(maps)
        # segue-lite's keys tell objects apart through a video; a learnt turn of the pyramid adds what a click needs.
        keys = F.normalize(first + 0.5 * F.normalize(self.keys(pyramid[8]), dim=1), dim=1)
        shares = {s: self.share[str(s)](pyramid[s]) for s in WIDTHS}
        shares[2] = self.fine(frames * 2 - 1)
        return Looked(keys, shares)


class Decoder(nn.Module):
    """Frame and evidence -> one logit per pixel."""

    def __init__(self) -> None:
        super().__init__()
        seen = PLACES + LIKENESS
        self.enter16 = nn.Conv2d(seen, WIDTHS[16], 3, padding=1)
        self.refine16 = nn.Sequential(_Residual(WIDTHS[16]), _Residual(WIDTHS[16], 2))
        self.enter8 = nn.Conv2d(seen, WIDTHS[8], 3, padding=1)
        self.down8 = nn.Conv2d(WIDTHS[16], WIDTHS[8], 1)
        self.refine8 = _Residual(WIDTHS[8])
        self.enter4 = nn.Conv2d(PLACES, WIDTHS[4], 3, padding=1)
        self.down4 = nn.Conv2d(WIDTHS[8], WIDTHS[4], 1)
        self.refine4 = _Residual(WIDTHS[4])
        self.down2 = nn.Conv2d(WIDTHS[4], 4 * FINE, 1)
        self.head = nn.Conv2d(FINE, 4, 3, padding=1)

    def forward(
        self, shares: dict[int, Tensor], evidence: Evidence
    ) -> Float[Tensor, "objects height width"]:
        """Logits of each object; shares of one frame for all objects, or of one each."""
        places, likeness = evidence.places, evidence.likeness
        seen = torch.cat([F.avg_pool2d(places, 2), likeness], 1)
        x = F.relu(shares[16] + self.enter16(F.avg_pool2d(seen, 2)))
        x = _double(self.down8(self.refine16(x)))
        x = F.relu(shares[8] + self.enter8(seen) + x)
        x = _double(self.down4(self.refine8(x)))
        x = self.refine4(F.relu(shares[4] + self.enter4(places) + x))
        x = F.relu(shares[2] + F.pixel_shuffle(self.down2(x), 2))
        return F.pixel_shuffle(self.head(x), 2)[:, 0]


class _Residual(nn.Module):
    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(F.relu(self.first(x))))


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
