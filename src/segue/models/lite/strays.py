"""Drop what appears far from where the object just was: a look-alike that enters the scene is not the object (ours).

The target models know what an object looks like, not where it can be. A part of the mask that is not connected to
any part near the previous mask is taken away, as long as the object is seen there at about its usual size: an
object that was hidden or comes back may be anywhere.
"""

import math

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

_CELL = 4  # stride-2 pixels along a side of a stride-8 cell
IN_VIEW = 0.5
"""An object of which this share of its usual area is found near its last place is in view."""


def without_strays(
    logits: Float[Tensor, "objects height2 width2"],
    previous: Float[Tensor, "objects 1 height8 width8"],
    usual: Float[Tensor, " objects"],
    reach: float,
) -> Float[Tensor, "objects height2 width2"]:
    """The logits with stray parts made background.

    Args:
        logits: Of each object, at stride 2; positive inside.
        previous: Probabilities on the last frame, at stride 8.
        usual: Area of each object over the last frames, in stride-8 cells.
        reach: How far a part may be from the previous mask, in units of the object's size (the square root of its
            area on the last frame).
    """
    found = (logits > 0).cpu().numpy()
    before = (previous[:, 0] > 0.5).cpu().numpy()
    needed = IN_VIEW * _CELL**2 * usual.cpu().numpy()
    strays = [
        _strays(mask, last, float(area), reach)
        for mask, last, area in zip(found, before, needed, strict=True)
    ]
    if not any(mask is not None for mask in strays):
        return logits
    none = np.zeros(found.shape[1:], bool)
    marked = np.stack([none if mask is None else mask for mask in strays])
    hidden = torch.from_numpy(marked).to(logits.device)
    return torch.where(hidden, -logits.abs() - 4.0, logits)


def _strays(
    found: Bool[np.ndarray, "height2 width2"],
    before: Bool[np.ndarray, "height8 width8"],
    needed: float,
    reach: float,
) -> Bool[np.ndarray, "height2 width2"] | None:
    """The stray parts of one object; none if there are none, or if the object is not in view."""
    if not before.any():
        return None
    count, parts = cv2.connectedComponents(found.view(np.uint8), connectivity=8)
    if count <= 2:  # the background and one part
        return None
    near = np.kron(_near(before, reach), np.ones((_CELL, _CELL), np.uint8)).astype(bool)
    kept = np.zeros(count, bool)
    kept[parts[near & found]] = True
    if np.count_nonzero(kept[parts] & found) < max(needed, 1):
        return None
    kept[0] = True
    return None if kept.all() else np.asarray(~kept[parts], dtype=bool)


def _near(
    before: Bool[np.ndarray, "height8 width8"], reach: float
) -> UInt8[np.ndarray, "height8 width8"]:
    distance = cv2.distanceTransform((~before).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance <= margin_of(before, reach), dtype=np.uint8)


def margin_of(before: Bool[np.ndarray, "height8 width8"], reach: float) -> float:
    """How far from its last place, in stride-8 cells, a part of an object may appear."""
    return max(2.0, reach * math.sqrt(np.count_nonzero(before)))
