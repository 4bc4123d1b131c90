"""The part of the frame where the objects are, seen at a few fixed sizes: a look through it always costs the same."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from segue.types import Frame, Labels

SIZES_HW = ((192, 352), (352, 192), (256, 256))
"""Pixels in which a window is seen, for wide, tall and square groups of objects: a sixth of a frame of 480x854."""
_MARGIN = 0.2
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
        size = self.columns, self.rows
        seen: np.ndarray = cv2.resize(self.part(image), size, interpolation=cv2.INTER_AREA)
        return seen

    def see_object(self, labels: Labels, object_id: int) -> UInt8[np.ndarray, "rows columns"]:
        """The part of an object's mask, as it is seen: 255 inside, a share of it on the rim."""
        mask = (self.part(labels) == object_id).astype(np.uint8) * 255
        size = self.columns, self.rows
        seen: np.ndarray = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
        return seen

    def unsee(self, values: Float32[np.ndarray, "_ _"]) -> Float32[np.ndarray, "height width"]:
        """What was found in the view, at the size of the part."""
        size = self.width, self.height
        large: np.ndarray = cv2.resize(values, size, interpolation=cv2.INTER_LINEAR)
        return large


def around(shown: Bool[np.ndarray, "height width"]) -> Window | None:
    """The window around what is marked; ``None`` if nothing is.

    It has some room to move in, at least the pixels in which it is seen, their form as far as the frame allows, and it
    lies inside the frame. Of the sizes it takes the one in which the objects are largest.
    """
    rows, columns = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
    if not len(rows):
        return None
    wanted = [
        min((int(found[-1]) + 1 - int(found[0])) * (1 + 2 * _MARGIN), float(full))
        for found, full in zip((rows, columns), shown.shape, strict=True)
    ]
    size = min(SIZES_HW, key=lambda seen: max(wanted[0] / seen[0], wanted[1] / seen[1]))
    scale = max(1.0, wanted[0] / size[0], wanted[1] / size[1])
    spans = []
    for side, found, full in zip(size, (rows, columns), shown.shape, strict=True):
        length = min(round(side * scale), full)
        middle = (int(found[0]) + int(found[-1]) + 1) / 2
        spans.append((int(np.clip(round(middle - length / 2), 0, full - length)), length))
    (top, height), (left, width) = spans
    return Window(top, left, height, width, *size)
