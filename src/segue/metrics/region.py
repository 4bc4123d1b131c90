"""J, the region similarity: intersection over union of two masks (Perazzi et al., CVPR 2016)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegionCounts:
    """Pixels of one pair of masks."""

    intersection: int
    union: int

    @property
    def value(self) -> float:
        """J in [0, 1]; 1 if both masks are empty."""
        return self.intersection / self.union if self.union else 1.0


def region_counts(predicted: int, truth: int) -> RegionCounts:
    """Counts of one object on one frame; both masks as bits of one region."""
    return RegionCounts((predicted & truth).bit_count(), (predicted | truth).bit_count())
