"""The part of the frame where the objects are, seen at a few fixed sizes: a look through it always costs the same."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from segue.media.resize import shrink
from segue.models.given import size_of
from segue.models.painting import Patch
from segue.types import Frame, Labels

CELL = 8
"""Pixels of a view along a cell of what is known of it."""
SMALL_HW = ((160, 160),)
"""Pixels in which a window is seen, for small objects among others: a sixteenth of a frame of 480x854."""
SIZES_HW = ((192, 352), (352, 192), (256, 256))
"""The same for wide, tall and square objects, or groups of them: a sixth."""
LARGE_HW = ((256, 448), (448, 256), (352, 352))
"""The same for large objects: up to a third."""
COARSEST = 1.5
"""Times as coarse as the host works that large objects may be seen, where a larger window can avoid it.

On DAVIS-2016 train enlarged to 480x854 (15 sequences, 30 frames) J&F is 93.9 with every frame computed and 92.9 without
the large windows; with them 93.7 at 1.25, 93.6 at 1.5 and 93.3 at 1.75.
"""
_SEEN = 128.0
"""Pixels of a view along an object, the root of its box, that are enough: a larger one may be seen coarsely."""
_MARGIN = 0.12
"""Room around the objects on each side, in their own size."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of the frame, in pixels, and how it is seen."""

    top: int
    left: int
    height: int
    width: int
    rows: int
    columns: int

    @property
    def scale(self) -> float:
        """Pixels of the frame along a pixel of the view."""
        return float(max(self.height / self.rows, self.width / self.columns))

    def part(self, image: np.ndarray) -> np.ndarray:
        """The part of an image or a map that the window shows, as it is in the frame; not a copy."""
        rows = slice(self.top, self.top + self.height)
        return image[rows, self.left : self.left + self.width]

    def see(self, image: Frame) -> UInt8[np.ndarray, "rows columns 3"]:
        """The part of an image, as it is seen."""
        return shrink(self.part(image), (self.rows, self.columns))

    def shares(self, labels: Labels, object_id: int) -> Float32[np.ndarray, "rows8 columns8"]:
        """Of an object in the cells of ``CELL`` pixels of the view, 0 to 1."""
        mask = (self.part(labels) == object_id).astype(np.float32)
        cells = self.columns // CELL, self.rows // CELL
        return np.asarray(cv2.resize(mask, cells, interpolation=cv2.INTER_AREA), np.float32)

    def patch(self, logits: Float32[np.ndarray, "cell_rows cell_columns"]) -> Patch:
        """What was found in the view, as a part of the frame."""
        rows, columns = logits.shape
        left, top = float(self.left), float(self.top)
        return Patch(logits, left, top, self.width / columns, self.height / rows)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the frame around objects, in pixels."""

    top: int
    left: int
    height: int
    width: int


def joined(one: Box, other: Box) -> Box:
    """The box around two boxes."""
    top, left = min(one.top, other.top), min(one.left, other.left)
    bottom = max(one.top + one.height, other.top + other.height)
    right = max(one.left + one.width, other.left + other.width)
    return Box(top, left, bottom - top, right - left)


def around(labels: Labels, least_scale: float = 1.0) -> Window | None:
    """The window around all objects; ``None`` if there are none.

    Args:
        labels: Of the whole frame.
        least_scale: Pixels of the frame along a pixel of the view, at least.
    """
    x, y, columns, rows = cv2.boundingRect(labels)
    if not rows:
        return None
    box = Box(y, x, rows, columns)
    sizes = (*SIZES_HW, *LARGE_HW)
    return fitting(box, size_of(labels), least_scale, sizes, coarsest(box, least_scale))


def coarsest(box: Box, least_scale: float) -> float:
    """Pixels of the frame along a pixel of the view, at most, where a larger window can avoid more.

    Args:
        box: Around an object.
        least_scale: The same at least.
    """
    along = math.sqrt(box.height * box.width) / least_scale
    return least_scale * min(max(along / _SEEN, 1.0), COARSEST)


def fitting(
    box: Box,
    size_hw: tuple[int, int],
    least_scale: float = 1.0,
    sizes_hw: Sequence[tuple[int, int]] = SIZES_HW,
    most: float = 0.0,
) -> Window:
    """The window around a box.

    It has some room to move in, the form of the box as far as the frame allows, and it lies inside the frame.

    Args:
        box: Around the objects.
        size_hw: Height and width of the frame.
        least_scale: Pixels of the frame along a pixel of the view, at least.
        sizes_hw: In which it may be seen, the smaller ones first. Taken is the first in which a pixel of the view is
            at most ``most`` pixels of the frame, or else the one in which the objects are largest.
        most: See there.
    """
    spanned = ((box.top, box.height, size_hw[0]), (box.left, box.width, size_hw[1]))
    wanted = [min(count * (1 + 2 * _MARGIN), float(full)) for _, count, full in spanned]
    needed = {seen: max(wanted[0] / seen[0], wanted[1] / seen[1]) for seen in sizes_hw}
    enough = (seen for seen in sizes_hw if needed[seen] <= most)
    size = next(enough, None) or min(sizes_hw, key=lambda seen: needed[seen])
    scale = max(least_scale, wanted[0] / size[0], wanted[1] / size[1])
    # Sides that can be halved as often as they have to be are shrunk fast.
    step = 2 ** int(math.log2(max(scale, 1.0)))
    spans = []
    for side, (first, count, full) in zip(size, spanned, strict=True):
        length = min(round(side * scale / step) * step, full)
        middle = first + count / 2
        spans.append((min(max(round(middle - length / 2), 0), full - length), length))
    (top, height), (left, width) = spans
    return Window(top, left, height, width, *size)
