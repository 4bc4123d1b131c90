"""Which part of a frame the network looks at, and how pixels go there and back."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from segue.models.click.settings import ClickSettings
from segue.types import BoxXYXY, Frame, SoftMask

_MULTIPLE = 32
_LEAST = 64
"""A window has at least so many pixels of the frame a side: a closer look shows nothing new."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the frame, and the size at which the network sees it."""

    left: int
    top: int
    width: int
    height: int
    shape_hw: tuple[int, int]
    """Multiples of 32."""

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns of the frame."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    @property
    def box(self) -> BoxXYXY:
        """The window's own box."""
        return (self.left, self.top, self.left + self.width, self.top + self.height)

    def of(self, frame: Frame) -> UInt8[np.ndarray, "rows columns 3"]:
        """The part, as the network sees it."""
        return _resized(np.ascontiguousarray(frame[self.place]), self.shape_hw)

    def of_mask(self, mask: SoftMask) -> Float32[np.ndarray, "rows columns"]:
        """The part of a mask, as the network sees it."""
        return _resized(np.ascontiguousarray(mask[self.place]), self.shape_hw)

    def back(self, probability: Float32[np.ndarray, "rows columns"]) -> SoftMask:
        """What the network says, at the size of the part."""
        return _resized(probability, (self.height, self.width))

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the frame is for the network."""
        sx, sy = self.shape_hw[1] / self.width, self.shape_hw[0] / self.height
        return (x - self.left + 0.5) * sx - 0.5, (y - self.top + 0.5) * sy - 0.5

    def corners(self, box: BoxXYXY) -> BoxXYXY:
        """Where a box of the frame is for the network."""
        sx, sy = self.shape_hw[1] / self.width, self.shape_hw[0] / self.height
        left, top, right, bottom = box
        return (
            (left - self.left) * sx,
            (top - self.top) * sy,
            (right - self.left) * sx,
            (bottom - self.top) * sy,
        )

    def holds(self, box: BoxXYXY) -> bool:
        """Whether a box lies within."""
        left, top, right, bottom = self.box
        return box[0] >= left and box[1] >= top and box[2] <= right and box[3] <= bottom


def whole(size_hw: tuple[int, int], side: int) -> Window:
    """The whole frame."""
    height, width = size_hw
    return Window(0, 0, width, height, _shape(height, width, side))


def closer(box: BoxXYXY, size_hw: tuple[int, int], settings: ClickSettings) -> Window | None:
    """The smallest look around a box with its margin; ``None`` if that is not worth more than the whole frame.

    Looks have one of three shapes, so that few graphs are compiled: that of the frame, square, and upright.
    """
    height, width = size_hw
    across, down = box[2] - box[0], box[3] - box[1]
    first = _shape(height, width, settings.side)
    square = round((first[0] * first[1]) ** 0.5 / _MULTIPLE) * _MULTIPLE
    found: list[Window] = []
    for shape in dict.fromkeys((first, (square, square), (first[1], first[0]))):
        # The frame's own sides, not the rounded ones of its shape, so that the whole frame fits.
        aspect = width / height if shape == first else shape[1] / shape[0]
        tall = max(down * settings.margin, across * settings.margin / aspect, _LEAST)
        tall = min(tall, height, width / aspect)
        wide = tall * aspect
        if wide >= across and tall >= down:
            found.append(_placed(box, round(wide), round(tall), size_hw, shape))
    best = min(found, key=lambda w: w.width * w.height, default=None)
    if best is None or best.width * best.height > settings.zoom_below * height * width:
        return None
    return best


def box_of(mask: SoftMask, points: Sequence[tuple[float, float, float]]) -> BoxXYXY | None:
    """What holds a mask and the points that include; ``None`` without either."""
    rows, columns = np.flatnonzero((mask >= 0.5).any(1)), np.flatnonzero((mask >= 0.5).any(0))
    xs = [x for x, _, sign in points if sign > 0]
    ys = [y for _, y, sign in points if sign > 0]
    if len(rows):
        xs += [float(columns[0]), float(columns[-1] + 1)]
        ys += [float(rows[0]), float(rows[-1] + 1)]
    return (min(xs), min(ys), max(xs), max(ys)) if xs else None


def _placed(
    box: BoxXYXY, width: int, height: int, size_hw: tuple[int, int], shape_hw: tuple[int, int]
) -> Window:
    left = round((box[0] + box[2] - width) / 2)
    top = round((box[1] + box[3] - height) / 2)
    return Window(
        min(max(0, left), size_hw[1] - width),
        min(max(0, top), size_hw[0] - height),
        width,
        height,
        shape_hw,
    )


def _shape(height: int, width: int, side: int) -> tuple[int, int]:
    scale = side / max(height, width)
    rows, columns = (max(1, round(n * scale / _MULTIPLE)) * _MULTIPLE for n in (height, width))
    return rows, columns


def _resized(array: np.ndarray, shape_hw: tuple[int, int]) -> np.ndarray:
    if array.shape[:2] == shape_hw:
        return array
    shrinks = array.shape[0] * array.shape[1] > shape_hw[0] * shape_hw[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(array, shape_hw[::-1], interpolation=how))
