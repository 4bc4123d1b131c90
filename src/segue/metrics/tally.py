"""J and F of many frames: per sequence, object and frame, added up, turned into numbers last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from segue.metrics.boundary import boundary_counts
from segue.metrics.region import region_counts
from segue.types import Mask


@dataclass(frozen=True)
class Curve:
    """J and F of one object, frame by frame, values in [0, 1]."""

    region: tuple[float, ...] = ()
    boundary: tuple[float, ...] = ()

    def __add__(self, later: "Curve") -> "Curve":
        return Curve(self.region + later.region, self.boundary + later.boundary)


@dataclass(frozen=True)
class JFTally:
    """Curves by sequence and object. Tallies of different frames, objects or sequences add."""

    curves: Mapping[tuple[str, int], Curve] = field(default_factory=dict)

    def __add__(self, other: "JFTally") -> "JFTally":
        keys = [*self.curves, *(k for k in other.curves if k not in self.curves)]
        empty = Curve()
        return JFTally({k: self.curves.get(k, empty) + other.curves.get(k, empty) for k in keys})


def tally_frame(sequence: str, object_id: int, predicted: Mask, truth: Mask) -> JFTally:
    """J and F of one object on one frame."""
    curve = Curve(
        (region_counts(predicted, truth).value,), (boundary_counts(predicted, truth).value,)
    )
    return JFTally({(sequence, object_id): curve})


@dataclass(frozen=True, slots=True)
class Statistics:
    """What DAVIS reports of a curve, all in [0, 1] (decay in [-1, 1])."""

    mean: float
    recall: float
    """Share of frames above 0.5."""
    decay: float
    """Mean of the first quarter minus mean of the last."""


def statistics(values: Sequence[float]) -> Statistics:
    """Mean, recall and decay of one object's values (Perazzi et al., CVPR 2016).

    Quarters share their border frames, as in the official tool. Unlike there, the borders are not
    stored in 8 bits, which made decay wrong beyond 256 frames.

    Raises:
        ValueError: No values.
    """
    if not len(values):
        raise ValueError("No frames to average: expected at least one value.")
    array = np.asarray(values, dtype=np.float64)
    borders = (np.round(np.linspace(1, len(array), 5) + 1e-10) - 1).astype(int)
    first = array[borders[0] : borders[1] + 1]
    last = array[borders[3] : borders[4] + 1]
    return Statistics(
        float(array.mean()), float((array > 0.5).mean()), float(first.mean() - last.mean())
    )
