"""Which objects share a window: many small looks are cheaper than one at everything between the objects (ours)."""

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from segue.models.reuse.window import (
    LARGE_HW,
    SIZES_HW,
    SMALL_HW,
    Box,
    Window,
    coarsest,
    fitting,
    joined,
)
from segue.types import Labels

_ALL_HW = (*SMALL_HW, *SIZES_HW, *LARGE_HW)
_LOOK = 6.0
"""Price of a thousand pixels of a view, in thousands of pixels through which an object is decoded."""
_DECODED = 0.4
"""Share of a view in which another object is decoded."""

_EACH = 15.0
"""Price of a window beside its pixels."""


@dataclass(frozen=True, slots=True)
class Group:
    """Objects that are seen through one window."""

    ids: tuple[int, ...]
    window: Window
    box: Box
    """Around the objects."""
    coarsest: float
    """Pixels of the frame along a pixel of the view, at most."""

    @property
    def price(self) -> float:
        """What a look costs, see ``_LOOK``."""
        pixels, others = self.window.rows * self.window.columns / 1000, len(self.ids) - 1
        return _EACH + pixels * (_LOOK + 1 + others * _DECODED)


def group(
    boxes: Mapping[int, Box],
    size_hw: tuple[int, int],
    least_scale: float = 1.0,
    doubtful: Collection[int] = (),
) -> list[Group]:
    """Windows of several objects: near ones share a window where that is cheaper.

    Args:
        boxes: Of the objects that are in view.
        size_hw: Height and width of the frame.
        least_scale: Pixels of the frame along a pixel of a view, at least.
        doubtful: Objects that get a large window of their own.

    Returns:
        Groups in the order of their first objects; every object is in one of them.
    """
    alone = [_alone(i, box, size_hw, least_scale, i in doubtful) for i, box in boxes.items()]
    kept = [one for one in alone if one.ids[0] in doubtful]
    found = [one for one in alone if one.ids[0] not in doubtful]
    while (best := _best_pair(found, size_hw, least_scale)) is not None:
        first, second, both = best
        found[first] = both
        del found[second]
    order = list(boxes)
    return sorted(found + kept, key=lambda one: order.index(one.ids[0]))


def boxes_of(labels: Labels, object_ids: Collection[int]) -> dict[int, Box]:
    """The box of each object that is in view."""
    found = {}
    for i in object_ids:
        x, y, columns, rows = cv2.boundingRect((labels == i).view(np.uint8))
        if rows:
            found[i] = Box(y, x, rows, columns)
    return found


def _alone(
    object_id: int, box: Box, size_hw: tuple[int, int], least_scale: float, doubtful: bool
) -> Group:
    sizes = (*SIZES_HW, *LARGE_HW) if doubtful else _ALL_HW
    most = coarsest(box, least_scale)
    window = fitting(box, size_hw, least_scale, sizes, most)
    # What is larger than any window is seen as well as it can be.
    return Group((object_id,), window, box, max(most, window.scale))


def _best_pair(
    groups: list[Group], size_hw: tuple[int, int], least_scale: float
) -> tuple[int, int, Group] | None:
    """The two groups that save most as one; ``None`` if no two save anything."""
    best, saved = None, 0.0
    for (a, one), (b, other) in itertools.combinations(enumerate(groups), 2):
        both = _both(one, other, size_hw, least_scale)
        saving = 0.0 if both is None else one.price + other.price - both.price
        if both is not None and saving > saved:
            best, saved = (a, b, both), saving
    return best


@lru_cache(
    maxsize=256
)  # of the pairs of a frame most are asked for again after two groups have become one
def _both(one: Group, other: Group, size_hw: tuple[int, int], least_scale: float) -> Group | None:
    """Two groups as one; ``None`` if they would be seen too coarsely."""
    most = min(one.coarsest, other.coarsest)
    box = joined(one.box, other.box)
    window = fitting(box, size_hw, least_scale, _ALL_HW, most)
    if window.scale > most:
        return None
    return Group(one.ids + other.ids, window, box, most)
