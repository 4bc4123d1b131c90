"""How the picture moved since the frame before: DIS flow (Kroeger et al., ECCV 2016) between grey frames."""

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.nn.flow import search_flow
from segue.types import Frame

Grey = UInt8[np.ndarray, "height width"]
Motion = Float[Tensor, "2 height width"]
"""In pixels, x before y: where each place of a frame was in the frame before."""


def grey_of(frame: Frame) -> Grey:
    """What motion is found in."""
    grey: Grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return grey


def find_motion(frame: Grey, before: Grey) -> Motion:
    """Motion from a frame back to the one before."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    return torch.from_numpy(search_flow(search, frame, before)).permute(2, 0, 1)
