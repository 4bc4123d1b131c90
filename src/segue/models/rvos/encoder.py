"""What looks at a frame once, for all its objects: a backbone and a skip per stride, coarse to fine."""

from collections.abc import Callable
from typing import Any

import timm
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.errors import WeightsError
from segue.nn.efficientnet import EfficientNetLite0
from segue.nn.pyramid import WIDTHS, Pyramid

Maps = dict[int, Float[Tensor, "batch _ _ _"]]
"""Features by stride."""
Skips = tuple[Float[Tensor, "batch _ _ _"], ...]
"""What the decoder takes from a frame, coarse to fine."""
Keys = Float[Tensor, "batch keys height8 width8"]
Backbone = Callable[[Tensor], Maps]

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
_CHANNELS = {
    "resnet34": {32: 512, 16: 256, 8: 128, 4: 64},
    "resnet50": {32: 2048, 16: 1024, 8: 512, 4: 256},
    "resnet101": {32: 2048, 16: 1024, 8: 512, 4: 256},
}


class ResNetEncoder(nn.Module):
    """The encoder of the paper: a ResNet, each of whose maps goes through a convolution and batch norm.

    Args:
        name: ``resnet34``, ``resnet50`` or ``resnet101``.
        pretrained: Fill in ImageNet weights, which timm downloads.

    Raises:
        WeightsError: The ImageNet weights could not be had.
    """

    multiple = 1
    strides = (32, 16, 8, 4)
    widths = (128, 128, 64, 32)
    hidden = (128, 64, 32, 16)

    def __init__(self, name: str, *, pretrained: bool) -> None:
        super().__init__()
        self.backbone = _ResNet(name, pretrained=pretrained)
        channels = _CHANNELS[name]
        self.skips = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels[stride], width, 3, padding=1), nn.BatchNorm2d(width))
            for stride, width in zip(self.strides, self.widths, strict=True)
        )

    def forward(
        self, frames: Float[Tensor, "batch 3 height width"], backbone: Backbone | None = None
    ) -> tuple[Skips, None]:
        """Skips of frames with values in [0, 1], of size ceil(side / stride)."""
        maps = (backbone or self.backbone)(frames)
        return tuple(
            skip(maps[stride]) for stride, skip in zip(self.strides, self.skips, strict=True)
        ), None

    @staticmethod
    def pool(masks: Float[Tensor, "rows 1 _ _"]) -> Float[Tensor, "rows 1 _ _"]:
        """Masks at twice the stride."""
        return F.max_pool2d(masks, 2, ceil_mode=True)


class LiteEncoder(nn.Module):
    """EfficientNet-Lite0 under a pyramid, whose maps are the skips; keys for the reference (ours)."""

    multiple = 32
    strides = (16, 8, 4)
    widths = tuple(WIDTHS[stride] for stride in strides)
    hidden = (48, 24, 16)

    def __init__(self) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0()
        self.pyramid = Pyramid()

    def forward(
        self, frames: Float[Tensor, "batch 3 height width"], backbone: Backbone | None = None
    ) -> tuple[Skips, Keys]:
        """Skips and keys of frames with values in [0, 1], sides multiples of 32."""
        maps, keys = self.pyramid((backbone or self.backbone)(frames))
        return tuple(maps[stride] for stride in self.strides), keys

    @staticmethod
    def pool(masks: Float[Tensor, "rows 1 _ _"]) -> Float[Tensor, "rows 1 _ _"]:
        """Masks at twice the stride."""
        return F.avg_pool2d(masks, 2)


class _ResNet(nn.Module):
    mean: Tensor
    deviation: Tensor

    def __init__(self, name: str, *, pretrained: bool) -> None:
        super().__init__()
        timm_name = f"{name}.tv_in1k"  # torchvision's weights, which the paper started from
        try:
            self.body: Any = timm.create_model(
                timm_name, features_only=True, out_indices=(1, 2, 3, 4), pretrained=pretrained
            )
        except Exception as error:  # timm and the clients below it each raise their own
            raise WeightsError(
                f"The ImageNet weights of {name} (timm's {timm_name}) could not be had: {error}. "
                "They are downloaded on first use: run once while online, or give a weights file."
            ) from error
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer(
            "deviation", torch.tensor(_DEVIATION).view(1, 3, 1, 1), persistent=False
        )

    def forward(self, frames: Float[Tensor, "batch 3 height width"]) -> Maps:
        found = self.body((frames - self.mean) / self.deviation)
        return dict(zip((4, 8, 16, 32), found, strict=True))
