"""Heads that sum a frame up before they look at its pixels: the summary is what video methods carry over time.

x = features(maps)              what pixels show
context = summary(x, regions)   what the frame holds: pooled grids (PSP), or one vector per class (OCR)
y = join(x, context)            pixels that know the context of their frame, or of others
classify(y, maps)               logits
"""

from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.scene_parsing.heads import POOLS, refuse_lone
from segue.nn.backbones import Maps
from segue.nn.context import Fuse, ObjectAttention, conv_norm_relu, gather
from segue.nn.resize import resized
from segue.nn.top_down import TopDownDecoder

Map = Float[Tensor, "batch channels height width"]
Joined = Float[Tensor, "batch joined height width"]
Logits = Float[Tensor, "batch classes _ _"]
Context = tuple[Tensor, ...]
"""What sums a frame up; tensors of the same shapes for all frames, so that they can be averaged."""


@runtime_checkable
class ContextHead(Protocol):
    """A head in the four steps above."""

    def __call__(self, maps: Maps, regions: Logits) -> Logits:
        """Logits of frames that know their own context: the four steps in a row."""
        ...

    def features(self, maps: Maps) -> Map:
        """What pixels show, of the size of the coarsest map."""
        ...

    def summary(self, features: Map, regions: Logits) -> Context:
        """The context of a frame.

        Args:
            features: As ``features`` gives them.
            regions: Logits of the auxiliary head, of any size.
        """
        ...

    def join(self, features: Map, context: Context) -> Joined:
        """Features that know a context."""
        ...

    def classify(self, joined: Joined, maps: Maps) -> Logits:
        """Logits of classes; only a decoder that goes down to finer maps looks at those of the frame."""
        ...


class OcrHead(nn.Module):
    """OCRNet (Yuan et al., ECCV 2020): the context is one vector per class.

    Args:
        channels: Of the four maps.
        width: Of features and vectors; pixels and vectors are compared in half of it.
        num_classes: Of the logits.
        biased: See ``ObjectAttention``.
        top_down: Whether to decode down to stride 4.
    """

    def __init__(
        self,
        channels: tuple[int, ...],
        width: int,
        num_classes: int,
        *,
        biased: bool,
        top_down: bool = False,
    ) -> None:
        super().__init__()
        self.narrow = conv_norm_relu(channels[-1], width, 3, bias=True)
        self.attention = ObjectAttention(width, width // 2, bias=biased)
        self.fuse = Fuse(width, bias=biased)
        self.last = _last(channels, width, num_classes, top_down)

    def forward(self, maps: Maps, regions: Logits) -> Logits:
        """See ``ContextHead``."""
        return self.classify(joined_alone(self, maps, regions), maps)

    def features(self, maps: Maps) -> Map:
        """See ``ContextHead``."""
        found: Tensor = self.narrow(maps[-1])
        return found

    def summary(self, features: Map, regions: Logits) -> Context:
        """See ``ContextHead``."""
        return (gather(features, resized(regions, features)),)

    def join(self, features: Map, context: Context) -> Joined:
        """See ``ContextHead``."""
        joined: Tensor = self.fuse(self.attention(features, context[0]), features)
        return joined

    def classify(self, joined: Joined, maps: Maps) -> Logits:
        """See ``ContextHead``."""
        return _logits(self.last, joined, maps)


class PspHead(nn.Module):
    """PSPNet (Zhao et al., CVPR 2017): the context is the map, pooled to grids of 1, 2, 3 and 6 cells a side.

    Args:
        channels: Of the four maps.
        width: Of each grid, and of what is joined.
        num_classes: Of the logits.
        top_down: Whether to decode down to stride 4.
    """

    def __init__(
        self, channels: tuple[int, ...], width: int, num_classes: int, *, top_down: bool = False
    ) -> None:
        super().__init__()
        top = channels[-1]
        self.pooled = nn.ModuleList(conv_norm_relu(top, width, 1) for _ in POOLS)
        self.fuse = conv_norm_relu(top + len(POOLS) * width, width, 3)
        self.last = _last(channels, width, num_classes, top_down)

    def forward(self, maps: Maps, regions: Logits) -> Logits:
        """See ``ContextHead``."""
        return self.classify(joined_alone(self, maps, regions), maps)

    def features(self, maps: Maps) -> Map:
        """The coarsest map itself."""
        return maps[-1]

    def summary(self, features: Map, regions: Logits) -> Context:
        """See ``ContextHead``; regions do not matter."""
        return tuple(F.adaptive_avg_pool2d(features, cells) for cells in POOLS)

    def join(self, features: Map, context: Context) -> Joined:
        """See ``ContextHead``."""
        refuse_lone(features, self.pooled)
        grids = [
            resized(layer(grid), features) for layer, grid in zip(self.pooled, context, strict=True)
        ]
        joined: Tensor = self.fuse(torch.cat([features, *grids], 1))
        return joined

    def classify(self, joined: Joined, maps: Maps) -> Logits:
        """See ``ContextHead``."""
        return _logits(self.last, joined, maps)


def _last(
    channels: tuple[int, ...], width: int, num_classes: int, top_down: bool
) -> nn.Conv2d | TopDownDecoder:
    if top_down:
        return TopDownDecoder(channels, width, num_classes)
    return nn.Conv2d(width, num_classes, 1)


def _logits(last: nn.Conv2d | TopDownDecoder, joined: Joined, maps: Maps) -> Logits:
    logits: Tensor = last(joined, maps) if isinstance(last, TopDownDecoder) else last(joined)
    return logits


def joined_alone(head: ContextHead, maps: Maps, regions: Logits) -> Joined:
    """What the head classifies of frames that know only their own context."""
    features = head.features(maps)
    return head.join(features, head.summary(features, regions))
