"""What an evaluation says: tables, curves and problems, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segue.evaluation.interface import Column, Scored, Table
from segue.problems import Problem, count_by_kind

_DECIMALS = {"percent": 3, "ratio": 6}
_SHOWN = {"percent": 1, "ratio": 3, "count": 0}


@dataclass(frozen=True)
class Report:
    """Scores of a dataset under one protocol."""

    protocol: str
    tables: tuple[Table, ...]
    """The first is by sequence and has a summary; others are by object or by class."""
    scored: tuple[Scored, ...]
    """By sequence: frame scores and curves."""
    problems: tuple[Problem, ...] = ()
    """Everything odd that did not stop the evaluation."""

    @property
    def summary(self) -> Mapping[str, float | None]:
        """The dataset's numbers by column."""
        return self.tables[0].summary

    @property
    def sequences(self) -> Mapping[str, Mapping[str, float | None]]:
        """Columns by sequence."""
        return self.tables[0].rows

    @property
    def num_frames(self) -> int:
        """Scored frames."""
        return sum(item.num_frames for item in self.scored)

    @property
    def missing_frames(self) -> dict[str, int]:
        """How many scored frames had no prediction and counted as empty, by sequence."""
        counts: dict[str, int] = {}
        for problem in self.problems:
            if problem.kind == "missing-frame":
                counts[problem.sequence] = counts.get(problem.sequence, 0) + 1
        return counts

    def to_json(self) -> dict[str, Any]:
        """Everything, with plain types."""
        return {
            "protocol": self.protocol,
            "num_frames": self.num_frames,
            "summary": _rounded(self.tables[0], self.summary),
            "tables": {table.title: _table(table) for table in self.tables},
            "problem_counts": count_by_kind(self.problems),
            "problems": [
                {"kind": p.kind, "sequence": p.sequence, "frame": p.frame, "message": p.message}
                for p in self.problems
            ],
        }


def _table(table: Table) -> dict[str, Any]:
    return {
        "rows": {name: _rounded(table, row) for name, row in table.rows.items()},
        "summary": _rounded(table, table.summary),
        "notes": list(table.notes),
    }


def _rounded(table: Table, row: Mapping[str, float | int | None]) -> dict[str, float | int | None]:
    return {column.name: stored(row.get(column.name), column) for column in table.columns}


def stored(value: float | int | None, column: Column) -> float | int | None:
    """A value as files hold it: percent with three decimals, ratios with six, counts as integers."""
    if value is None:
        return None
    return round(value) if column.unit == "count" else round(value, _DECIMALS[column.unit])


def shown(value: float | int | None, column: Column) -> str:
    """A value as people read it: percent with one decimal, ratios with three, "-" where there is none."""
    return "-" if value is None else f"{value:.{_SHOWN[column.unit]}f}"
