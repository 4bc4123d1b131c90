"""Temporal consistency along the motion: the next prediction, warped back by optical flow, against the present one.

Counts are added over all pairs of frames of all videos, and turned into a mean IoU last. That is TC of VSPW (its
released script; 124 classes, first 100 videos, RAFT) and the temporal consistency of ETC (Liu et al., ECCV 2020;
19 classes of Cityscapes, 29 pairs per clip, FlowNet2). VSPW takes ``mean_iou_in_truth``, where the present prediction
stands in the place of the truth. Two differences from the released VSPW script: pixels that come from outside the
picture are left out (there they count as class 0), and the nearest pixel is the nearest (there sampling is off by up
to half a pixel).
"""

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

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
    present = np.where(inside & (predicted < num_classes), predicted, np.uint8(VOID))
    return confusion(warped, present, num_classes)


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
