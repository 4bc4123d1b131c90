"""The part of the frame where the objects are, seen at one fixed size: a carried frame costs the same always."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from segue.types import Frame

SIZE_HW = (192, 352)
"""Pixels in which the window is seen; a small object is seen as it is, a large one smaller."""
_MARGIN = 0.35
"""Room around the objects on each side, in their own size."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of the frame, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def see(self, image: Frame) -> UInt8[np.ndarray, "rows columns 3"]:
        """The part of an image, at the fixed size."""
        part = image[self.top : self.top + self.height, self.left : self.left + self.width]
        seen: np.ndarray = cv2.resize(part, SIZE_HW[::-1], interpolation=cv2.INTER_AREA)
        return seen

    def see_masks(
        self, masks: Bool[np.ndarray, "objects height width"]
    ) -> UInt8[np.ndarray, "objects rows columns"]:
        """The part of masks, at the fixed size: 255 inside, a share of it on the rim."""
        parts = masks[:, self.top : self.top + self.height, self.left : self.left + self.width]
        size = SIZE_HW[::-1]
        seen = [
            cv2.resize(p.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) for p in parts
        ]
        return np.stack(seen)


def around(shown: Bool[np.ndarray, "height width"]) -> Window | None:
    """The window around what is marked; ``None`` if nothing is.

    It has some room to move in, at least the pixels of the fixed size, its form as far as the frame allows, and it
    lies inside the frame.
    """
    rows, columns = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
    if not len(rows):
        return None
    sides = []
    for low, high in ((rows[0], rows[-1] + 1), (columns[0], columns[-1] + 1)):
        sides.append((high - low) * (1 + 2 * _MARGIN))
    scale = max(1.0, sides[0] / SIZE_HW[0], sides[1] / SIZE_HW[1])
    spans = []
    for side, found, full in zip(SIZE_HW, (rows, columns), shown.shape, strict=True):
        length = min(round(side * scale), full)
        middle = (int(found[0]) + int(found[-1]) + 1) / 2
        spans.append((int(np.clip(round(middle - length / 2), 0, full - length)), length))
    (top, height), (left, width) = spans
    return Window(top, left, height, width)
