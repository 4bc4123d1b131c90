"""The decoder: one coarse score per object, refined from stride 32 to a mask of the frame's size.

The same weights serve every object. What depends on the frame alone (``reduce``) is computed once.
"""

from collections.abc import Mapping
from typing import Literal, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.nn.residual import ResidualBlock

DEEP, SHALLOW = (32, 16), (8, 4)
STRIDES = DEEP + SHALLOW
"""Levels from deep to shallow; the reuse gate spares the deep ones."""

HeadKind = Literal["two-step", "direct", "half"]
"""See ``Head``."""

Reduced = dict[int, Float[Tensor, "batch _ _ _"]]
"""Features by stride, of the decoder's width there."""


class Refiner(nn.Module):
    """Segmentation network of FRTM.

    Args:
        channels: Channels of the backbone by stride.
        width: Channels inside.
        head: ``two-step`` (released code) or another kind, see ``Head``.
        shallow_width: Channels at strides 8 and 4; ``None``: the same (the paper).
    """

    def __init__(
        self,
        channels: Mapping[int, int],
        width: int = 64,
        head: HeadKind = "two-step",
        shallow_width: int | None = None,
    ) -> None:
        super().__init__()
        shallow = shallow_width or width
        widths = {s: width if s in DEEP else shallow for s in STRIDES}
        self.reducers = nn.ModuleDict({str(s): _reducer(channels[s], widths[s]) for s in STRIDES})
        self.levels = nn.ModuleDict(
            {str(s): Level(widths[s], widths.get(2 * s, width)) for s in STRIDES}
        )
        self.head = Head(shallow, head)

    def reduce(self, features: Mapping[int, Float[Tensor, "batch _ _ _"]]) -> Reduced:
        """The frame's part, the same for all objects; of the strides that are given."""
        return {s: self.reducers[str(s)](features[s]) for s in STRIDES if s in features}

    def forward(
        self,
        reduced: Reduced,
        scores: Float[Tensor, "batch 1 rows columns"],
        size: tuple[int, int],
    ) -> Float[Tensor, "batch 1 height width"]:
        """Logits of size ``height width`` from the frame's part and one object's raw scores."""
        return self.finish(reduced, scores, self.refine(reduced, scores), size)

    def refine(
        self, reduced: Reduced, scores: Float[Tensor, "batch 1 rows columns"]
    ) -> Float[Tensor, "batch channels rows16 columns16"]:
        """The map that the deep levels make, at stride 16."""
        deep = _average(reduced[STRIDES[0]])
        for stride in DEEP:
            deep = self.levels[str(stride)](reduced[stride], scores, deep)
        return deep

    def finish(
        self,
        reduced: Reduced,
        scores: Float[Tensor, "batch 1 rows columns"],
        refined: Float[Tensor, "batch channels rows16 columns16"],
        size: tuple[int, int],
    ) -> Float[Tensor, "batch 1 height width"]:
        """Logits from that map: the shallow levels and the head."""
        deep = refined
        for stride in SHALLOW:
            deep = self.levels[str(stride)](reduced[stride], scores, deep)
        return cast(Tensor, self.head(deep, size))


class Level(nn.Module):
    """One level: mix in the score, then merge with what came from the deeper level.

    Args:
        width: Channels of the level.
        deep: Those of the deeper level; a 1x1 convolution brings others than ``width`` to it (ours).
    """

    def __init__(self, width: int, deep: int) -> None:
        super().__init__()
        self.enter = nn.Identity() if deep == width else nn.Conv2d(deep, width, 1)
        mixed = width + 1
        self.transform = nn.Sequential(
            nn.Conv2d(mixed, mixed, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(mixed, mixed, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(mixed, width, 3, padding=1),
            nn.ReLU(),
        )
        self.before = ResidualBlock(width)
        self.attention = nn.Sequential(
            nn.Conv2d(2 * width, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1), nn.Sigmoid()
        )
        self.after = ResidualBlock(width)

    def forward(
        self,
        reduced: Float[Tensor, "batch channels height width"],
        scores: Float[Tensor, "batch 1 rows columns"],
        deep: Float[Tensor, "batch _ _ _"],
    ) -> Float[Tensor, "batch channels height width"]:
        """The level's features; ``deep`` is 1x1 at the deepest level, where it is broadcast."""
        size = (reduced.shape[-2], reduced.shape[-1])
        deep = self.enter(deep)
        shallow = self.before(self.transform(torch.cat([reduced, _resize(scores, size)], dim=1)))
        gates = self.attention(torch.cat([_average(shallow), _average(deep)], dim=1))
        return cast(Tensor, self.after(shallow * gates + _resize(deep, size)))


class Head(nn.Module):
    """Stride 4 to logits of the frame's size.

    ``two-step`` follows the released code: bicubic x2, conv, bicubic x2, bilinear to the exact
    size, conv; the last convolution runs at full resolution. ``direct`` replaces the last two
    enlargements by one bicubic one, the plainer equivalent that the released code also holds.
    ``half`` ends at half the resolution and enlarges the logits, all bilinear (ours): on a
    processor the full resolution costs more than all else of the head.
    """

    def __init__(self, width: int, kind: HeadKind) -> None:
        super().__init__()
        self.kind = kind
        self.at_half = nn.Conv2d(width, width // 2, 3, padding=1)
        self.at_full = nn.Conv2d(width // 2, 1, 3, padding=1)

    def forward(
        self, features: Float[Tensor, "batch channels rows columns"], size: tuple[int, int]
    ) -> Float[Tensor, "batch 1 height width"]:
        """Logits of size ``size``."""
        if self.kind == "half":
            twice = F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
            return _resize(self.at_full(F.relu(self.at_half(twice))), size)
        x = F.relu(self.at_half(_double(features)))
        if self.kind == "two-step":
            x = _resize(_double(x), size)
        else:
            x = F.interpolate(x, size, mode="bicubic", align_corners=False)
        return cast(Tensor, self.at_full(x))


def _reducer(channels: int, width: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1))


def _average(features: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(features, 1)


def _double(features: Tensor) -> Tensor:
    return F.interpolate(features, scale_factor=2, mode="bicubic", align_corners=False)


def _resize(features: Tensor, size: tuple[int, int]) -> Tensor:
    if features.shape[-2:] == size:
        return features
    return F.interpolate(features, size, mode="bilinear", align_corners=False)
