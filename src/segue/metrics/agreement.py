"""J and F of masks on one frame, each mask prepared once, however many others it is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass

from segue.metrics.boundary import (
    BOUND,
    BoundaryCounts,
    Contour,
    boundary_counts,
    contour,
    tolerance_px,
)
from segue.metrics.packed import Packed, pack, region_around
from segue.metrics.region import RegionCounts, region_counts
from segue.types import Mask


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well a predicted mask fits a true one."""

    region: RegionCounts
    boundary: BoundaryCounts

    @property
    def values(self) -> tuple[float, float]:
        """J and F in [0, 1]."""
        return self.region.value, self.boundary.value


def agreements(
    predicted: Sequence[Packed],
    truths: Sequence[Packed],
    image_hw: tuple[int, int],
    bound: float = BOUND,
) -> list[list[Agreement]]:
    """Every predicted mask (rows) with every true one (columns); ``bound`` as in ``tolerance_px``."""
    region = region_around([*predicted, *truths], image_hw, tolerance_px(*image_hw, bound))

    def prepared(mask: Packed) -> tuple[int, Contour]:
        bits = region.bits(mask)
        return bits, contour(bits, region, bound)

    columns = [prepared(mask) for mask in truths]
    return [
        [
            Agreement(region_counts(ours, theirs), boundary_counts(line, other))
            for theirs, other in columns
        ]
        for ours, line in map(prepared, predicted)
    ]


def agreement(predicted: Mask, truth: Mask, bound: float = BOUND) -> Agreement:
    """Two masks of the same size."""
    height, width = truth.shape
    return agreements([pack(predicted)], [pack(truth)], (height, width), bound)[0][0]
