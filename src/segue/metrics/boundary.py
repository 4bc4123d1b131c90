"""F, the contour accuracy: do two boundaries lie within a tolerance (Perazzi et al., CVPR 2016).

The conventions are those of the official evaluation: a pixel is on the boundary if it differs from its right, lower or
lower right neighbour; the tolerance is 0.8 % of the image's diagonal, rounded up; boundaries are dilated by a disk of
that radius. Results are equal to the official ones, to the bit.
"""

import math
from dataclasses import dataclass

from segue.metrics.packed import Region

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


@dataclass(frozen=True, slots=True)
class Contour:
    """The boundary of a mask, as bits of a region."""

    boundary: int
    near: int
    """The pixels within the tolerance of the boundary; what it holds in gaps between rows means nothing."""


def boundary_counts(predicted: Contour, truth: Contour) -> BoundaryCounts:
    """Counts of one object on one frame; both contours of one region."""
    return BoundaryCounts(
        predicted.boundary.bit_count(),
        (predicted.boundary & truth.near).bit_count(),
        truth.boundary.bit_count(),
        (truth.boundary & predicted.near).bit_count(),
    )


def contour(mask: int, region: Region, bound: float = BOUND) -> Contour:
    """The boundary of a mask and its surroundings, for a region with a margin of the tolerance or more."""
    edge = boundary(mask, region)
    return Contour(edge, dilate_disk(edge, tolerance_px(*region.image_hw, bound), region.stride))


def tolerance_px(height: int, width: int, bound: float = BOUND) -> int:
    """The distance in pixels within which boundaries match: 8 for 480x854."""
    return math.ceil(bound * math.hypot(height, width))


def boundary(mask: int, region: Region) -> int:
    """The pixels of a region that differ from their right, lower or lower right neighbour in the image."""
    stride = region.stride
    across, down, diagonal = mask ^ mask >> 1, mask ^ mask >> stride, mask ^ mask >> stride + 1
    return (across | diagonal & region.has_lower) & region.has_right | down & region.has_lower


def dilate_disk(mask: int, radius: int, stride: int) -> int:
    """The pixels whose distance to the mask is at most ``radius``, exactly; and pixels in the gaps and below.

    The disk is dilated row by row, each grown from the shorter row before it: the time grows with the radius, not with
    its square as with a kernel. Rows grow to one side, which takes half the steps, and all is moved back at the end.
    """
    row, length, dilated = mask, 1, 0
    for dy in range(radius, -1, -1):
        half = math.isqrt(radius * radius - dy * dy)
        while length <= 2 * half:
            # A step longer than the row so far would leave holes.
            step = min(2 * half + 1 - length, length)
            row, length = row | row << step, length + step
        left = radius - half
        dilated |= row << (radius + dy) * stride + left | row << (radius - dy) * stride + left
    return dilated >> radius * (stride + 1)
