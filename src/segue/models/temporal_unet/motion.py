"""How the picture moved since the frame before, cheaply: DIS flow between grey frames of half the size (ours)."""

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.types import Frame

Small = UInt8[np.ndarray, "small_height small_width"]
Motion = Float[Tensor, "2 small_height small_width"]
"""In pixels of the frame, x before y: where each place of a frame was in the frame before."""

_SHRINK = 2


def shrink(frame: Frame) -> Small:
    """What motion is found in; both sides of the frame are even."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    small: Small = cv2.resize(
        grey, None, fx=1 / _SHRINK, fy=1 / _SHRINK, interpolation=cv2.INTER_AREA
    )
    return small


def find_motion(frame: Small, before: Small) -> Motion:
    """Motion from a frame back to the one before, both as ``shrink`` gives them."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow = search.calc(frame, before, None)
    return torch.from_numpy(flow).permute(2, 0, 1) * _SHRINK
