"""What the two sizes do differently: from the trunk's maps to features and regions, and from features to classes.

The paper's size goes on with the coarsest map; the lite one merges strides 16 and 32 and decodes down to stride 4, as
``temporal-unet-lite`` does, since thin things are lost at stride 16.
"""

from dataclasses import dataclass
from typing import Protocol

from jaxtyping import Float
from torch import Tensor, nn

from segue.nn.backbones import Maps
from segue.nn.context import SoftRegions, conv_norm_relu
from segue.nn.resize import resized
from segue.nn.top_down import Merge

_REGION_WIDTH = 64


@dataclass(frozen=True, slots=True)
class Seen:
    """What single frames give."""

    features: Float[Tensor, "batch channels rows columns"]
    regions: Float[Tensor, "batch classes rows columns"]
    """Logits of classes at the size of the features: where each class is."""


class Neck(Protocol):
    """From the maps of frames to what is seen in them."""

    level: int

    def __call__(self, maps: Maps) -> Seen:
        """Features and regions, at one size: that of the map of this level."""
        ...


class PlainNeck(nn.Module):
    """As OCRNet has it: features from the coarsest map, regions from the one before."""

    level = 3
    """Of the map whose size features have."""

    def __init__(self, channels: tuple[int, ...], width: int, num_classes: int) -> None:
        super().__init__()
        self.features = conv_norm_relu(channels[3], width, 3, bias=True)
        self.regions = SoftRegions(channels[2], width, num_classes)

    def forward(self, maps: Maps) -> Seen:
        """Features and regions at the size of the coarsest map."""
        features = self.features(maps[3])
        return Seen(features, resized(self.regions(maps[2]), features))


class PlainDecoder(nn.Module):
    """One 1x1 convolution."""

    def __init__(self, width: int, num_classes: int) -> None:
        super().__init__()
        self.head = nn.Conv2d(width, num_classes, 1)

    def forward(
        self, features: Float[Tensor, "batch channels rows columns"], maps: Maps
    ) -> Float[Tensor, "batch classes rows columns"]:
        """Logits at the size of the features."""
        logits: Tensor = self.head(features)
        return logits


class MergingNeck(Merge):
    """Features and regions at stride 16, of its map and of that at stride 32 (ours)."""

    level = 2
    """Of the map whose size features have."""

    def __init__(self, channels: tuple[int, ...], width: int, num_classes: int) -> None:
        super().__init__(channels, width)
        self.features = conv_norm_relu(width, width, 3)
        self.regions = SoftRegions(width, _REGION_WIDTH, num_classes)

    def forward(self, maps: Maps) -> Seen:
        """Both at stride 16."""
        merged = self.merged(maps)
        return Seen(self.features(merged), self.regions(merged))
