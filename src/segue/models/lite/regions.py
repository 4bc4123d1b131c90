"""The part of the frame in which an object is looked for: a small object costs little, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor

from segue.media.resize import Resizer
from segue.models.lite.strays import IN_VIEW, margin_of
from segue.models.painting import Patch

_STRIDE = 16
"""Pixels along a side of a cell of regions: the coarsest level of the decoder."""
_LAST = 8
"""The same of the last mask."""
_RIM = 2
"""Cells around what may belong to the object: the decoder's numbers at a cut edge are not those of the whole frame."""
_SHARES = (4, 2, 1)
"""A region's sides are a quarter, a half or the whole of the frame's, so that few graphs are ever compiled."""
_OUTSIDE = -8.0
"""Logit where an object was not looked for."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the padded frame, in cells of 16 x 16 pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, maps: Tensor, stride: int) -> Tensor:
        """The part of maps of some stride, whose last two axes are rows and columns; not a copy."""
        scale = _STRIDE // stride
        rows = slice(self.top * scale, (self.top + self.height) * scale)
        return maps[..., rows, self.left * scale : (self.left + self.width) * scale]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of an object."""

    region: Region
    logits: Float[Tensor, "1 rows2 columns2"]

    def patch(self, resizer: Resizer) -> Patch:
        """The same, for a frame of the video's own size."""
        down, across = (
            full / small for full, small in zip(resizer.source_hw, resizer.working_hw, strict=True)
        )
        return Patch(
            logits=self.logits[0].float().cpu().numpy(),
            left=self.region.left * _STRIDE * across,
            top=self.region.top * _STRIDE * down,
            cell_width=2 * across,
            cell_height=2 * down,
        )


def whole(previous: Float[Tensor, "_ 1 height8 width8"]) -> Region:
    """The region that is the whole frame."""
    scale = _STRIDE // _LAST
    return Region(0, 0, previous.shape[2] // scale, previous.shape[3] // scale)


def nowhere(previous: Float[Tensor, "_ 1 height8 width8"]) -> Found:
    """What is found of an object that was not looked for."""
    return Found(Region(0, 0, 1, 1), previous.new_full((1, _STRIDE // 2, _STRIDE // 2), _OUTSIDE))


def near(previous: Float[Tensor, "1 1 height8 width8"], reach: float) -> Region | None:
    """The smallest region in which all parts within reach of the last mask lie.

    Args:
        previous: Probabilities of the object on the last frame.
        reach: As in ``without_strays``.

    Returns:
        ``None`` for an object that was not seen, which may be anywhere.
    """
    frame = whole(previous)
    before = (previous[0, 0] > 0.5).cpu().numpy()
    if not before.any():
        return None
    margin = margin_of(before, reach)
    spans = []
    for axis, full in ((1, frame.height), (0, frame.width)):
        found = np.flatnonzero(before.any(axis)) * (_LAST / _STRIDE)
        first, last = found[0] - margin / 2 - _RIM, found[-1] + 1 + margin / 2 + _RIM
        least = min(last, full) - max(first, 0)
        length = next(-(-full // share) for share in _SHARES if full / share >= least)
        middle = (max(first, 0) + min(last, full)) / 2
        spans.append((int(np.clip(round(middle - length / 2), 0, full - length)), length))
    (top, height), (left, width) = spans
    return Region(top, left, height, width)


def part_near(previous: Float[Tensor, "1 1 height8 width8"], reach: float | None) -> Region | None:
    """The region of an object in a view that shows others, too: half as high and wide, or all of it.

    One other size, so that few graphs are compiled for each size of a view.

    Args:
        previous: Probabilities of the object on the last frame.
        reach: As in ``near``; ``None``: anywhere.

    Returns:
        ``None`` for an object that was not seen.
    """
    if not (previous > 0.5).any():
        return None
    view = whole(previous)
    region = None if reach is None else near(previous, reach)
    half = -(-view.height // 2), -(-view.width // 2)
    if region is None or region.height > half[0] or region.width > half[1]:
        return view
    top = min(max(region.top - (half[0] - region.height) // 2, 0), view.height - half[0])
    left = min(max(region.left - (half[1] - region.width) // 2, 0), view.width - half[1])
    return Region(top, left, *half)


def suffices(found: Found, frame: Region, usual: float) -> bool:
    """Whether there is no need to look at the whole frame: the object is in view, and does not go on outside.

    Args:
        found: In a region.
        frame: The whole frame.
        usual: Area of the object over the last frames, in stride-8 cells.
    """
    region = found.region
    if region == frame:
        return True
    inside = (found.logits[0] > 0).cpu().numpy()
    cell = (_LAST // 2) ** 2
    if np.count_nonzero(inside) < max(IN_VIEW * cell * usual, 1):
        return False
    edges = (
        (region.top > 0, inside[0]),
        (region.top + region.height < frame.height, inside[-1]),
        (region.left > 0, inside[:, 0]),
        (region.left + region.width < frame.width, inside[:, -1]),
    )
    return not any(cut and edge.any() for cut, edge in edges)


def spread(
    found: Sequence[Found], previous: Float[Tensor, "objects 1 height8 width8"]
) -> Float[Tensor, "objects height2 width2"]:
    """Logits of all objects on the whole frame."""
    height, width = (side * (_LAST // 2) for side in previous.shape[2:])
    logits = previous.new_full((len(found), height, width), _OUTSIDE)
    for row, one in enumerate(found):
        one.region.of(logits[row], 2).copy_(one.logits[0])
    return logits
