"""Whether objects move otherwise than what is around them, measured between two neighbouring frames."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from segue.nn.flow import Dis, Flow
from segue.types import Frame, Mask

_SIDE = 320
"""Longer side, in pixels, at which motion is measured."""
_NOISE = 0.25
"""Pixels by which the flow of what stands still is off."""
_STRIDE = 4
_REFITS = 2


def motions(frame: Frame, neighbour: Frame, masks: Sequence[Mask]) -> list[float]:
    """For each mask r / (r + s + noise): how far flow differs from the motion of the camera inside (r) and outside (s).

    The camera's motion is an affine map, fitted to what no mask covers; the worse fitting half is left out twice. So a
    still object in a pan has a low value, and so has one that is no surer to move than what is around it.

    Args:
        frame: Is of the same size as the masks.
        neighbour: The frame before or after it.
        masks: Of objects.
    """
    if not masks:
        return []
    scale = min(1.0, _SIDE / max(frame.shape[:2]))
    width, height = (max(1, round(side * scale)) for side in frame.shape[1::-1])
    small = [
        cv2.resize(one, (width, height), interpolation=cv2.INTER_AREA) for one in (frame, neighbour)
    ]
    shown = [
        cv2.resize(mask.view(np.uint8), (width, height), interpolation=cv2.INTER_AREA) > 0
        for mask in masks
    ]
    apart = _apart(Dis()(small[0], small[1]), ~np.any(shown, axis=0))
    return [_share(apart, mask, np.any(shown, axis=0)) for mask in shown]


def _share(
    apart: Float32[np.ndarray, "height width"],
    mask: Bool[np.ndarray, "height width"],
    covered: Bool[np.ndarray, "height width"],
) -> float:
    if not mask.any() or covered.all():
        return 0.0
    inside, outside = float(np.median(apart[mask])), float(np.median(apart[~covered]))
    return inside / (inside + outside + _NOISE)


def _apart(
    flow: Flow, outside: Bool[np.ndarray, "height width"]
) -> Float32[np.ndarray, "height width"]:
    """How far the flow of each pixel is from the camera's, in pixels."""
    height, width = outside.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    terms = np.stack([columns / width, rows / height, np.ones_like(rows)], -1)
    sample = np.zeros_like(outside)
    sample[::_STRIDE, ::_STRIDE] = True
    sample &= outside
    if np.count_nonzero(sample) < 2 * terms.shape[-1]:
        return _length(flow)
    x, y = terms[sample], flow[sample]
    for _ in range(_REFITS + 1):
        camera = np.linalg.lstsq(x, y, rcond=None)[0]
        worse = np.linalg.norm(y - x @ camera, axis=-1)
        near = worse <= np.median(worse)
        x, y = (x[near], y[near]) if np.count_nonzero(near) >= 2 * terms.shape[-1] else (x, y)
    return _length(flow - terms @ camera)


def _length(vectors: np.ndarray) -> Float32[np.ndarray, "height width"]:
    lengths: Float32[np.ndarray, "height width"] = np.linalg.norm(vectors, axis=-1).astype(
        np.float32
    )
    return lengths
