"""The numbers of rows as points to be drawn and as a CSV table."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.files import write_bytes
from segue.studies.reuse_gate.measure import SCORES, Measuring
from segue.studies.reuse_gate.settings import MeasureSettings
from segue.studies.study import Row


@dataclass(frozen=True)
class Point:
    """One row, or what was published of it; rates and scores in percent."""

    series: str
    """What it is a point of: all that the table says of the row but the threshold; the model first."""
    threshold: str
    values: Mapping[str, float]

    @property
    def model(self) -> str:
        """Of the row."""
        return self.series.split(",")[0]

    def has(self, *keys: str) -> bool:
        """Whether it can be drawn along these."""
        return all(key in self.values for key in keys)


_PLAIN = frozenset({"fps", "start_ms", "computed_ms", "reused_ms", "threads", "pairs"})
"""Numbers that are no shares."""


def in_percent(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores as tables print them."""
    return {
        key: value if key.split(" at ")[0] in _PLAIN else 100 * value
        for key, value in scores.items()
    }


def read_scores(name: str, settings: Any, folder: Path) -> dict[str, float]:
    """The numbers of a row; none if it was not run here."""
    missing = isinstance(settings, MeasureSettings) and (
        not settings.model or Measuring().obstacle(settings)
    )
    scores: dict[str, float] = {} if missing else json.loads((folder / name / SCORES).read_text())
    return in_percent(scores)


def ours(rows: Sequence[Row], settings: Mapping[str, Any], folder: Path) -> list[Point]:
    """Points of the rows that were run."""
    found = ((row, read_scores(row.name, settings[row.name], folder)) for row in rows)
    return [Point(*_said(row), scores) for row, scores in found if scores]


def published(rows: Sequence[Row]) -> list[Point]:
    """Points of the rows that were printed."""
    return [Point(*_said(row), row.published) for row in rows if row.published]


def write_csv(
    path: Path,
    headings: Sequence[str],
    rows: Sequence[Row],
    settings: Mapping[str, Any],
    folder: Path,
) -> None:
    """One line per row: what it is, its numbers, the published numbers.

    Raises:
        WriteError: The system refuses.
    """
    found = [read_scores(row.name, settings[row.name], folder) for row in rows]
    keys = list(dict.fromkeys(key for scores in found for key in scores))
    printed = list(dict.fromkeys(key for row in rows for key in row.published))
    lines = [[*headings, *keys, *(f"published {key}" for key in printed)]]
    for row, scores in zip(rows, found, strict=True):
        lines.append([*row.cells, *_cells(scores, keys), *_cells(row.published, printed)])
    write_lines(path, lines)


def write_lines(path: Path, lines: Sequence[Sequence[object]]) -> None:
    """Any table as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    write_bytes(path, text.getvalue().encode())


def _cells(values: Mapping[str, float], keys: Sequence[str]) -> Iterator[str]:
    return (f"{values[key]:.6g}" if key in values else "" for key in keys)


def _said(row: Row) -> tuple[str, str]:
    *series, threshold = row.cells
    return ", ".join(cell for cell in series if cell != "-"), threshold
