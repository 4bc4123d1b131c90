"""Polygons to pixels."""

import cv2
import numpy as np

from segue.types import Mask

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
