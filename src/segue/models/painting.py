"""Logits that were found in parts of a frame, to labels of the whole frame at its own size."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from segue.types import BACKGROUND, SoftMask

BARELY = np.nextafter(np.float32(0.5), np.float32(1))
"""The least probability of a pixel that is painted."""

Box = tuple[int, int, int, int]
"""Top, bottom, left and right of a part of the frame, in pixels; bottom and right are outside."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Logits of one object in a rectangle of the frame, positive inside the object."""

    logits: Float32[np.ndarray, "rows columns"]
    left: float
    """Where the rectangle begins, in pixels of the frame."""
    top: float
    cell_width: float
    """Pixels of the frame along a cell of the logits."""
    cell_height: float


def paint(
    patches: Mapping[int, Patch], size_hw: tuple[int, int]
) -> UInt8[np.ndarray, "height width"]:
    """Labels of a frame: each pixel goes to the object that is surest of it, if any is.

    Logits are interpolated between the middles of their cells, so that a contour found on a small frame is smooth on a
    large one. Only the boxes of the objects are worked on.
    """
    labels = np.full(size_hw, BACKGROUND, np.uint8)
    found = [(i, patch, box) for i, patch in patches.items() if (box := _box(patch, size_hw))]
    if not found:
        return labels
    tops, bottoms, lefts, rights = zip(*(box for _, _, box in found), strict=True)
    top, left = min(tops), min(lefts)
    best = np.zeros((max(bottoms) - top, max(rights) - left), np.float32) if found[1:] else None
    for i, patch, box in found:
        large = _enlarged(patch, box)
        part = labels[box[0] : box[1], box[2] : box[3]]
        if best is None:
            part[large > 0] = i
            continue
        least = best[box[0] - top : box[1] - top, box[2] - left : box[3] - left]
        part[large > least] = i
        np.maximum(least, large, out=least)
    return labels


class PaintedProbabilities(Mapping[int, SoftMask]):
    """How likely each object is at each pixel of a frame, computed when an object is asked for.

    An object's probability is its own, whatever the other objects are: they may sum to more than one. ``paint`` gives
    a pixel to the most likely object, if that is more likely there than not. Where an object was not looked for, its
    probability is 0.

    Args:
        patches: What ``paint`` was given.
        size_hw: Height and width of the frame.
    """

    __slots__ = ("_patches", "_size_hw")

    def __init__(self, patches: Mapping[int, Patch], size_hw: tuple[int, int]) -> None:
        self._patches = patches
        self._size_hw = size_hw

    def __getitem__(self, object_id: int) -> SoftMask:
        patch = self._patches[object_id]
        soft = np.zeros(self._size_hw, np.float32)
        painted, known = _box(patch, self._size_hw), _extent(patch, self._size_hw)
        if known is not None:
            # Outside of what is painted, rounding must not make a pixel more likely than not.
            _part(soft, known)[:] = sigmoid(np.minimum(_enlarged(patch, known), 0))
        if painted is not None:
            # The very numbers that paint compares: those of another box may differ in the last digits.
            _part(soft, painted)[:] = sigmoid(_enlarged(patch, painted))
        return soft

    def __iter__(self) -> Iterator[int]:
        return iter(self._patches)

    def __len__(self) -> int:
        return len(self._patches)


def sigmoid(logits: SoftMask) -> SoftMask:
    """Probabilities of logits; above one half for every logit above 0."""
    # By tanh, as the exponential of a large logit overflows.
    soft: SoftMask = 0.5 + 0.5 * np.tanh(0.5 * logits)
    soft[(logits > 0) & (soft <= 0.5)] = BARELY
    return soft


def _part(image: np.ndarray, box: Box) -> np.ndarray:
    top, bottom, left, right = box
    return image[top:bottom, left:right]


def _extent(patch: Patch, size_hw: tuple[int, int]) -> Box | None:
    """Rows and columns of the frame of which a patch tells something; ``None`` if there are none."""
    rows, columns = patch.logits.shape
    spans = []
    for begin, length, full in (
        (patch.top, rows * patch.cell_height, size_hw[0]),
        (patch.left, columns * patch.cell_width, size_hw[1]),
    ):
        spans.append((int(max(0, np.floor(begin))), int(min(full, np.ceil(begin + length)))))
    (top, bottom), (left, right) = spans
    return (top, bottom, left, right) if bottom > top and right > left else None


def _box(patch: Patch, size_hw: tuple[int, int]) -> Box | None:
    """Rows and columns of the frame that hold all positive logits; ``None`` if there are none."""
    inside = (patch.logits > 0).view(np.uint8)
    x, y, columns, rows = cv2.boundingRect(inside)
    if not rows:
        return None
    # Half a cell beyond the last positive one, interpolation reaches the first that is not.
    spans = []
    for first, count, begin, cell, full in (
        (y, rows, patch.top, patch.cell_height, size_hw[0]),
        (x, columns, patch.left, patch.cell_width, size_hw[1]),
    ):
        start = int(max(0, np.floor(begin + (first - 1) * cell)))
        stop = int(min(full, np.ceil(begin + (first + count + 1) * cell)))
        spans.append((start, stop))
    (top, bottom), (left, right) = spans
    return (top, bottom, left, right) if bottom > top and right > left else None


def _enlarged(patch: Patch, box: Box) -> Float32[np.ndarray, "box_height box_width"]:
    """The logits at the pixels of a box of the frame."""
    top, bottom, left, right = box
    across, down = 1 / patch.cell_width, 1 / patch.cell_height
    # Middle of pixel x of the box -> place among the middles of the cells.
    matrix = np.array(
        [
            [across, 0, (left + 0.5 - patch.left) * across - 0.5],
            [0, down, (top + 0.5 - patch.top) * down - 0.5],
        ]
    )
    large: np.ndarray = cv2.warpAffine(
        patch.logits,
        matrix,
        (right - left, bottom - top),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return large
