"""What an evaluation says: numbers in percent, as JSON or as rows of a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from segue.metrics.tally import JFTally, statistics

COLUMNS = ("J&F", "J", "F", "J_recall", "J_decay", "F_recall", "F_decay")


@dataclass(frozen=True)
class Report:
    """Scores of a dataset under one protocol."""

    protocol: str
    tally: JFTally
    """J and F of every scored frame."""
    missing_frames: Mapping[str, int] = field(default_factory=dict)
    """How many scored frames had no prediction and counted as empty, by sequence."""
    extra_sequences: tuple[str, ...] = ()
    """Predicted sequences that the truth does not have."""

    @property
    def sequences(self) -> dict[str, dict[str, float]]:
        """Columns by sequence, in percent; the objects of a sequence are averaged."""
        objects: dict[str, list[dict[str, float]]] = {}
        for (sequence, _), curve in self.tally.curves.items():
            objects.setdefault(sequence, []).append(_columns(curve.region, curve.boundary))
        return {name: _mean(rows) for name, rows in objects.items()}

    @property
    def mean(self) -> dict[str, float]:
        """Columns averaged over all objects of all sequences, in percent."""
        curves = self.tally.curves.values()
        return _mean([_columns(curve.region, curve.boundary) for curve in curves])

    def to_json(self) -> dict[str, Any]:
        """Everything, with plain types."""
        return {
            "protocol": self.protocol,
            "mean": _rounded(self.mean),
            "sequences": {name: _rounded(row) for name, row in self.sequences.items()},
            "num_frames": sum(len(curve.region) for curve in self.tally.curves.values()),
            "missing_frames": dict(self.missing_frames),
            "extra_sequences": list(self.extra_sequences),
        }


def _columns(region: tuple[float, ...], boundary: tuple[float, ...]) -> dict[str, float]:
    j, f = statistics(region), statistics(boundary)
    values = ((j.mean + f.mean) / 2, j.mean, f.mean, j.recall, j.decay, f.recall, f.decay)
    return {name: 100 * value for name, value in zip(COLUMNS, values, strict=True)}


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in COLUMNS}


def _rounded(row: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in row.items()}
