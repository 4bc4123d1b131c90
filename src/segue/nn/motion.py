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

_NEAR, _FAR = 0.025, 0.045
"""What the flow leaves over between frames close together, and far apart. On DAVIS-2016 train three quarters of the
pairs of successive frames have less than 0.021, and three quarters of those a second apart more than 0.044; on CamVid
train, whose frames are a second apart, three quarters have more than 0.037."""


def grey_of(frame: Frame) -> Grey:
    """What motion is found in."""
    grey: Grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return grey


def find_motion(frame: Grey, before: Grey) -> Motion:
    """Motion from a frame back to the one before."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    return torch.from_numpy(search_flow(search, frame, before)).permute(2, 0, 1)


def unexplained(frame: Grey, before: Grey, motion: Motion) -> float:
    """How badly the frame before, moved along, tells this one: the mean difference of brightness, in [0, 1].

    Args:
        frame: Brightness.
        before: Of the frame before.
        motion: From this frame back to that one.
    """
    height, width = frame.shape
    half = max(width // 2, 1), max(height // 2, 1)
    flow = cv2.resize(motion.permute(1, 2, 0).numpy(), half, interpolation=cv2.INTER_AREA) / 2
    small, old = (cv2.resize(one, half, interpolation=cv2.INTER_AREA) for one in (frame, before))
    columns, rows = np.meshgrid(*(np.arange(side, dtype=np.float32) for side in half))
    moved = cv2.remap(
        old,
        columns + flow[..., 0],
        rows + flow[..., 1],
        cv2.INTER_LINEAR,
        None,
        cv2.BORDER_REPLICATE,
    )
    return float(cv2.absdiff(small, moved).mean()) / 255


def trust_in(difference: float) -> float:
    """How far what was known of the frame before holds for this one: 1 as from frame to frame, 0 as after a second.

    Args:
        difference: As ``unexplained`` gives it.
    """
    return min(max((_FAR - difference) / (_FAR - _NEAR), 0.0), 1.0)
