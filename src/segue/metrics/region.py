"""J, the region similarity: intersection over union of two masks (Perazzi et al., CVPR 2016)."""

from dataclasses import dataclass

import numpy as np

from segue.types import Mask


@dataclass(frozen=True, slots=True)
class RegionCounts:
    """Pixels of one pair of masks."""

    intersection: int
    union: int

    @property
    def value(self) -> float:
        """J in [0, 1]; 1 if both masks are empty."""
        return self.intersection / self.union if self.union else 1.0


def region_counts(predicted: Mask, truth: Mask) -> RegionCounts:
    """Counts of one object on one frame; masks of the same size."""
    intersection = int(np.count_nonzero(predicted & truth))
    return RegionCounts(intersection, int(np.count_nonzero(predicted | truth)))
