"""Temporal consistency along the motion: the next prediction, warped back by optical flow, against the present one.

Counts are added over all pairs of frames of all videos, and turned into a mean IoU last. That is TC of VSPW (its
released script; 124 classes, first 100 videos, RAFT) and the temporal consistency of ETC (Liu et al., ECCV 2020;
19 classes of Cityscapes, 29 pairs per clip, FlowNet2). VSPW takes ``mean_iou_in_truth``, where the present prediction
stands in the place of the truth.

There are two ways to count a pair. ``warped_confusion`` is clean: pixels that come from outside the picture are left
out, and the nearest pixel is the nearest. ``official_confusion`` is what VSPW's script does: what comes from outside is
class 0, and sampling is off by up to half a pixel.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from segue.metrics.confusion import VOID, ConfusionTally, confusion
from segue.nn.flow import Flow


def warped_confusion(
    predicted: UInt8[np.ndarray, "height width"],
    predicted_next: UInt8[np.ndarray, "height width"],
    flow: Flow,
    num_classes: int,
) -> ConfusionTally:
    """Counts of one pair of frames: rows are the present prediction, columns the next one warped back.

    Args:
        predicted: Class per pixel; other values are left out.
        predicted_next: Class per pixel of the next frame; other values count as no class.
        flow: From the frame to the next one.
        num_classes: At most 255.
    """
    warped, inside = warp_back(predicted_next, flow)
    present = np.where(inside, _known(predicted, num_classes), np.uint8(VOID))
    return confusion(warped, present, num_classes)


def official_confusion(
    predicted: UInt8[np.ndarray, "height width"],
    predicted_next: UInt8[np.ndarray, "height width"],
    flow: Flow,
    num_classes: int,
) -> ConfusionTally:
    """Counts of one pair of frames as VSPW's script makes them; arguments as in ``warped_confusion``."""
    return confusion(
        official_warp(predicted_next, flow), _known(predicted, num_classes), num_classes
    )


def official_warp(
    following: UInt8[np.ndarray, "height width"], flow: Flow
) -> UInt8[np.ndarray, "height width"]:
    """Labels of the next frame at the places of this one, as VSPW's script takes them; 0 where they come from outside.

    The script scales places so that -1 and 1 are the centres of the outermost pixels, and samples as if these were the
    picture's edges: place x becomes x W / (W - 1) - 1/2.
    """
    height, width = following.shape
    columns = _official_place(flow[..., 0] + np.arange(width, dtype=np.float32), width)
    rows = _official_place(flow[..., 1] + np.arange(height, dtype=np.float32)[:, None], height)
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    safe_rows, safe_columns = (np.where(inside, i, 0).astype(np.intp) for i in (rows, columns))
    return np.where(inside, following[safe_rows, safe_columns], np.uint8(0))


def _official_place(
    place: Float32[np.ndarray, "height width"], side: int
) -> Float32[np.ndarray, "height width"]:
    scaled = 2 * place / np.float32(max(side - 1, 1)) - 1
    nearest: Float32[np.ndarray, "height width"] = np.rint(((scaled + 1) * side - 1) / 2)
    return nearest


def _known(
    predicted: UInt8[np.ndarray, "height width"], num_classes: int
) -> UInt8[np.ndarray, "height width"]:
    """The prediction as a truth: what is no class is void."""
    return np.where(predicted < num_classes, predicted, np.uint8(VOID))


def warp_back(
    following: UInt8[np.ndarray, "height width"], flow: Flow
) -> tuple[UInt8[np.ndarray, "height width"], Bool[np.ndarray, "height width"]]:
    """Labels of the next frame at the places of this one (nearest), and where they come from inside the picture."""
    height, width = following.shape
    columns = flow[..., 0] + np.arange(width, dtype=np.float32)
    rows = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    warped, inside = (
        cv2.remap(labels, columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        for labels in (following, np.ones_like(following))
    )
    return warped, inside > 0
