"""J and F of many frames: frame by frame for each object, turned into numbers last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Curve:
    """J and F of one object, frame by frame, values in [0, 1]."""

    region: tuple[float, ...]
    boundary: tuple[float, ...]
    start: int = 0
    """Scored frames of the sequence before the first value."""

    def __add__(self, later: "Curve") -> "Curve":
        """The same object on this curve's frames and then on those of a later one."""
        return Curve(self.region + later.region, self.boundary + later.boundary, self.start)


def curves_by_object(frames: Sequence[Mapping[int, tuple[float, float]]]) -> dict[int, Curve]:
    """Curves from J and F by object on each frame; objects may come later, but none leaves."""
    regions: dict[int, list[float]] = {}
    boundaries: dict[int, list[float]] = {}
    for frame in frames:
        for object_id, (region, boundary) in frame.items():
            regions.setdefault(object_id, []).append(region)
            boundaries.setdefault(object_id, []).append(boundary)
    return {
        object_id: Curve(
            tuple(regions[object_id]),
            tuple(boundaries[object_id]),
            len(frames) - len(regions[object_id]),
        )
        for object_id in sorted(regions)
    }


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

    Quarters share their border frames, as in the official tool. Unlike there, the borders are not stored in 8 bits,
    which made decay wrong beyond 256 frames.

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
