"""Encoder and decoder of the practical variant (ours): EfficientNet-Lite0 and a top-down path, made for CPUs.

It has the report's form, with the classes' large context at stride 16 as the bottleneck, and takes up its future
work: a pretrained encoder.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.nn.efficientnet import CHANNELS, EfficientNetLite0

WIDTHS = {4: 48, 8: 64, 16: 88}
"""Channels of the maps that go through the temporal cells, by stride."""

MULTIPLE = 32
"""Sides of a frame must be multiples of it."""


class PretrainedEncoder(nn.Module):
    """Backbone features, narrowed; those of stride 32 are merged into those of stride 16."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0()
        self.narrow = nn.ModuleDict({str(s): _conv_norm(CHANNELS[s], WIDTHS[s], 1) for s in WIDTHS})
        self.context = _conv_norm(CHANNELS[32], WIDTHS[16], 1)
        self.merge = _conv_norm(WIDTHS[16], WIDTHS[16], 3).append(nn.ReLU())

    def forward(
        self, frames: Float[Tensor, "batch 3 height width"]
    ) -> dict[int, Float[Tensor, "batch _ _ _"]]:
        """Maps by stride of frames with values in [0, 1]."""
        features = self.backbone(frames)
        maps = {s: self.narrow[str(s)](features[s]) for s in WIDTHS}
        coarse = F.relu(maps[16] + _double(self.context(features[32])))
        return {4: F.relu(maps[4]), 8: F.relu(maps[8]), 16: self.merge(coarse)}


class PretrainedDecoder(nn.Module):
    """Top-down sums, a 3x3 convolution at each stride, classes at stride 4."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.refine = nn.ModuleDict(
            {str(s): _conv_norm(WIDTHS[s], WIDTHS[s], 3).append(nn.ReLU()) for s in WIDTHS}
        )
        self.down = nn.ModuleDict(
            {str(s): nn.Conv2d(WIDTHS[2 * s], WIDTHS[s], 1) for s in WIDTHS if 2 * s in WIDTHS}
        )
        self.head = nn.Conv2d(WIDTHS[4], num_classes, 3, padding=1)

    def forward(
        self, maps: dict[int, Float[Tensor, "batch _ _ _"]]
    ) -> Float[Tensor, "batch classes height4 width4"]:
        """Logits at stride 4 from maps by stride."""
        x = self.refine["16"](maps[16])
        for stride in (8, 4):
            key = str(stride)
            x = self.refine[key](F.relu(maps[stride] + _double(self.down[key](x))))
        logits: Tensor = self.head(x)
        return logits


def _conv_norm(channels_in: int, channels_out: int, size: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels_in, channels_out, size, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels_out))


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
