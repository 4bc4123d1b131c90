"""A given frame and its mask, seen as the objects may look later."""

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from segue.types import BACKGROUND, VOID, Frame, Labels

View = tuple[UInt8[np.ndarray, "rows columns 3"], UInt8[np.ndarray, "rows columns"]]
"""A frame and its labels, seen at another size."""


def views_of(frame: Frame, labels: Labels) -> list[View]:
    """What the objects may look like later: smaller, mirrored, larger (FRTM's idea).

    Each view has a quarter of the frame's pixels, so that three cost less than one look at the whole frame.
    """
    size_hw = (labels.shape[0] + 1) // 2, (labels.shape[1] + 1) // 2
    rows, columns = np.nonzero((labels != BACKGROUND) & (labels != VOID))
    objects = np.array([columns.mean(), rows.mean()])
    whole = np.array(labels.shape[::-1]) / 2
    return [
        _view(frame, labels, size_hw, whole, zoom_xy=(0.5, 0.5)),
        _view(frame, labels, size_hw, objects, zoom_xy=(-1.0, 1.0)),
        _view(frame, labels, size_hw, objects, zoom_xy=(1.5, 1.5)),
    ]


def _view(
    frame: Frame,
    labels: Labels,
    size_hw: tuple[int, int],
    centre_xy: Float64[np.ndarray, " 2"],
    zoom_xy: tuple[float, float],
) -> View:
    """A part of a frame around a point, zoomed (mirrored by a negative zoom); void outside the frame."""
    height, width = size_hw
    linear = np.diag(zoom_xy)
    matrix = np.column_stack([linear, np.array([width, height]) / 2 - linear @ centre_xy])
    image = cv2.warpAffine(
        frame, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    seen = cv2.warpAffine(
        labels, matrix, (width, height), flags=cv2.INTER_NEAREST, borderValue=VOID
    )
    return image, seen
