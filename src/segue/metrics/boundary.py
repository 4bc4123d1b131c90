"""F, the contour accuracy: do two boundaries lie within a tolerance (Perazzi et al., CVPR 2016).

The conventions are those of the official evaluation: a pixel is on the boundary if it differs from
its right, lower or lower right neighbour; the tolerance is 0.8 % of the image's diagonal, rounded
up; it is applied by dilation with a disk. Results are equal to the official ones, to the bit. They
come many times faster: the work is confined to the box around both masks, and the disk is dilated
row by row, each grown from the shorter row before it.
"""

import math
from dataclasses import dataclass

import numpy as np

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
    height, width = truth.shape
    radius = tolerance_px(height, width, bound)
    box = _joint_box(predicted, truth)
    ours, theirs = boundary(predicted[box]), boundary(truth[box])
    return BoundaryCounts(
        int(np.count_nonzero(ours)),
        int(np.count_nonzero(ours & dilate_disk(theirs, radius))),
        int(np.count_nonzero(theirs)),
        int(np.count_nonzero(theirs & dilate_disk(ours, radius))),
    )


def tolerance_px(height: int, width: int, bound: float = BOUND) -> int:
    """The distance in pixels within which boundaries match: 8 for 480x854."""
    return math.ceil(bound * math.hypot(height, width))


def boundary(mask: Mask) -> Mask:
    """True where a pixel differs from its right, lower or lower right neighbour in the image."""
    edges = np.zeros_like(mask)
    edges[:, :-1] = mask[:, :-1] ^ mask[:, 1:]
    edges[:-1] |= mask[:-1] ^ mask[1:]
    edges[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
    return edges


def dilate_disk(mask: Mask, radius: int) -> Mask:
    """True where a pixel's distance to the mask is at most ``radius``, exactly.

    The time grows with the radius, not with its square as with a kernel: at 1080p this is five
    times as fast as ``cv2.dilate``, at 480p the same.
    """
    height, width = mask.shape
    # One flat buffer, so that any shift is one slice; the gap after each row takes what is shifted
    # beyond its ends.
    stride = width + radius
    padded = np.zeros((height, stride), dtype=np.bool_)
    padded[:, :width] = mask
    row = padded.ravel()
    dilated = np.zeros_like(row)
    half = 0
    for dy in range(radius, -1, -1):
        wanted = math.isqrt(radius * radius - dy * dy)
        while half < wanted:
            # A step longer than the row so far would leave holes beside it.
            step = min(wanted - half, 2 * half + 1)
            row, half = _widened(row, step), half + step
        kept = max(height - dy, 0) * stride
        dilated[len(row) - kept :] |= row[:kept]
        dilated[:kept] |= row[len(row) - kept :]
    return dilated.reshape(height, stride)[:, :width]


def _widened(row: np.ndarray, step: int) -> np.ndarray:
    wider = row.copy()
    wider[step:] |= row[:-step]
    wider[:-step] |= row[step:]
    return wider


def _joint_box(predicted: Mask, truth: Mask) -> tuple[slice, slice]:
    """The box around both masks and a pixel more: boundaries lie on the pixel before the change."""
    either = predicted | truth
    return _extent(either.any(axis=1)), _extent(either.any(axis=0))


def _extent(occupied: np.ndarray) -> slice:
    places = np.flatnonzero(occupied)
    if not len(places):
        return slice(0, 0)
    return slice(max(int(places[0]) - 1, 0), int(places[-1]) + 2)
