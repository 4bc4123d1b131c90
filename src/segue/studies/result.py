"""What a study has found so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from segue.studies.setup import Setup
from segue.studies.study import Drawing, Row, Study


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row."""

    row: Row
    scores: Mapping[str, float | int]
    """By the key of the measure: counts, or scores in [0, 1]."""
    state: Literal["pending", "complete", "failed", "not run"] = "pending"
    error: str = ""
    """Why it failed, or was not run."""


@dataclass(frozen=True)
class Result:
    """All rows of a study, done or not."""

    study: Study
    setup: Setup | None
    """``None`` for a study that needs no data."""
    outcomes: tuple[Outcome, ...]
    """In the order of the table."""
    drawing: Drawing | None = None

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Rows that went wrong."""
        return tuple(outcome for outcome in self.outcomes if outcome.state == "failed")

    @property
    def complete(self) -> bool:
        """Whether every row that can be done here has its numbers."""
        return all(outcome.state in ("complete", "not run") for outcome in self.outcomes)
