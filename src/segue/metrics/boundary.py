"""F, the contour accuracy: do the boundaries of two masks lie within a tolerance (Perazzi et al., CVPR 2016).

The conventions are those of the official evaluation: a pixel is on the boundary if it differs from its right, lower or
lower right neighbour; the tolerance is 0.8 % of the image's diagonal, rounded up; it is applied by dilation with a disk.
Results are equal to the official ones; the work is confined to the box around both masks.
"""

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from jaxtyping import UInt8

from segue.types import Mask

BOUND = 0.008
"""Tolerance as a share of the image's diagonal."""


@dataclass(frozen=True, slots=True)
class BoundaryCounts:
    """Boundary pixels of one pair of masks, and how many of them lie near the other boundary."""

    predicted: int
    predicted_hits: int
    truth: int
    truth_hits: int

    @property
    def value(self) -> float:
        """F in [0, 1]: 1 if there is no boundary on either side, 0 if on one side only."""
        if not self.predicted or not self.truth:
            return float(self.predicted == self.truth)
        precision = self.predicted_hits / self.predicted
        recall = self.truth_hits / self.truth
        total = precision + recall
        return 2 * precision * recall / total if total else 0.0


def boundary_counts(predicted: Mask, truth: Mask, bound: float = BOUND) -> BoundaryCounts:
    """Counts of one object on one frame; masks of the same size."""
    radius = math.ceil(bound * float(np.linalg.norm(predicted.shape)))
    x, y, width, height = cv2.boundingRect((predicted | truth).view(np.uint8))
    # One pixel more on the upper left: the boundary lies on the pixel before the change.
    box = slice(max(y - 1, 0), y + height + 1), slice(max(x - 1, 0), x + width + 1)
    ours, theirs = boundary(predicted[box]), boundary(truth[box])
    disk = _disk(radius)
    return BoundaryCounts(
        int(np.count_nonzero(ours)),
        int(np.count_nonzero(ours & cv2.dilate(theirs, disk))) if ours.size else 0,
        int(np.count_nonzero(theirs)),
        int(np.count_nonzero(theirs & cv2.dilate(ours, disk))) if ours.size else 0,
    )


def boundary(mask: Mask) -> UInt8[np.ndarray, "height width"]:
    """1 where a pixel differs from its right, lower or lower right neighbour inside the image."""
    edges = np.zeros(mask.shape, bool)
    edges[:, :-1] = mask[:, :-1] ^ mask[:, 1:]
    edges[:-1] |= mask[:-1] ^ mask[1:]
    edges[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
    return edges.view(np.uint8)


@cache
def _disk(radius: int) -> np.ndarray:
    """All pixels whose centres are at most ``radius`` away."""
    axis = np.arange(-radius, radius + 1)
    return (axis[:, None] ** 2 + axis**2 <= radius**2).astype(np.uint8)
