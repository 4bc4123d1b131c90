"""Polygons to pixels, and pixels to polygons."""

import cv2
import numpy as np
from jaxtyping import Int32

from segue.types import Mask

Points = Int32[np.ndarray, "_ 2"]
"""Corners as ``x y``, the last one joined to the first."""

_FRACTION_BITS = 4


def drawn_polygon(points_xy: np.ndarray, size_hw: tuple[int, int]) -> Mask:
    """The pixels inside of a polygon and on its outline; whole numbers lie at pixel centres.

    Args:
        points_xy: Corners, at least three, in pixels; they may lie outside of the picture.
        size_hw: Height and width of the picture.
    """
    canvas = np.zeros(size_hw, np.uint8)
    # OpenCV takes whole numbers of 1/16 pixel, up to 2^31.
    far = 8.0 * max(size_hw) + 1000.0
    fixed = np.round(np.clip(points_xy, -far, far) * 2**_FRACTION_BITS).astype(np.int32)
    cv2.fillPoly(canvas, [fixed.reshape(-1, 1, 2)], 1, shift=_FRACTION_BITS)
    return canvas.astype(np.bool_)


def outlines(mask: Mask) -> list[Points]:
    """One closed polygon per connected part of a mask, by falling area; whole numbers are pixel centres.

    ``drawn_polygon`` of each, together, gives the mask again, to the pixel. A hole is reached by a cut: the polygon
    goes from the rim of the part to the rim of the hole along a row of pixels, around the hole, and back the same way.
    A polygon has at least three points; those of a smaller part are repeated.

    Args:
        mask: True where the object is; parts that touch by a corner are one.
    """
    contours, tree = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if tree is None:
        return []
    rings = [contour.reshape(-1, 2) for contour in contours]
    parents = tree[0, :, 3]
    parts = [number for number, parent in enumerate(parents) if parent < 0]
    parts.sort(key=lambda number: -cv2.contourArea(contours[number]))
    holes: dict[int, list[Points]] = {number: [] for number in parts}
    for number, parent in enumerate(parents):
        if parent >= 0:
            holes[int(parent)].append(rings[number])
    return [_corners(_joined(rings[number], holes[number], mask)) for number in parts]


def _joined(rim: Points, holes: list[Points], mask: Mask) -> Points:
    """The rim of a part with cuts to all of its holes.

    The cut goes left from the leftmost pixel of the hole's rim, over pixels of the part, to the rim of whatever is
    there: a hole that reaches further left, so one that is joined already, or the rim of the part.
    """
    ring = rim
    for hole in sorted(holes, key=lambda points: int(points[:, 0].min())):
        start = int(hole[:, 0].argmin())
        x, y = hole[start].tolist()
        gaps = np.flatnonzero(~mask[y, :x])
        left = int(gaps[-1]) + 1 if gaps.size else 0
        place = int(np.flatnonzero((ring[:, 0] == left) & (ring[:, 1] == y))[0]) + 1
        around = np.roll(hole, -start, axis=0)
        back = np.array([(x, y), (left, y)], np.int32)
        ring = np.concatenate([ring[:place], around, back, ring[place:]])
    return ring


def _corners(ring: Points) -> Points:
    """A ring without the points in the middle of straight lines."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    straight = (cross == 0) & ((before * after).sum(axis=1) > 0)
    kept: Points = ring[~straight]
    missing = max(0, 3 - len(kept))
    return np.concatenate([kept, *[kept[-1:]] * missing]) if missing else kept
