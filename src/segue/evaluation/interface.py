"""What a protocol is: it gathers cases, scores one at a time, and turns the scores into tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt16

from segue.problems import Problem
from segue.types import Frame


@dataclass(frozen=True)
class Gathered:
    """What is to be scored, and what was found wrong without opening a file."""

    cases: Sequence[Any]
    """In the order of the report. Each is the files of one sequence, both sides: a frozen dataclass of the protocol's
    own, which pickles and has a ``name`` for the report."""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Scored:
    """The result of one case."""

    sequence: str
    tally: Any
    """Counts that add (``+``) to those of other sequences, or values that the protocol averages."""
    num_frames: int
    """Scored frames."""
    frame_names: tuple[str, ...] = ()
    frame_scores: tuple[float, ...] = ()
    """One number in [0, 1] per name, higher is better: what "the worst frames" are chosen by."""
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Values over time for the report's drawing ("J", "F", "IoU"), each as long as ``frame_names``; NaN is a gap."""
    problems: tuple[Problem, ...] = ()


Unit = Literal["percent", "ratio", "count"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    unit: Unit = "percent"
    """``percent``: 0..100, one decimal on screen; ``ratio``: three decimals; ``count``: an integer."""


@dataclass(frozen=True)
class Table:
    """Numbers with names; ``None`` stands for a value that does not exist (no truth to compare with)."""

    title: str
    """What a row is: "sequence", "object", "class"."""
    columns: tuple[Column, ...]
    rows: Mapping[str, Mapping[str, float | None]]
    """By row and column name; percent columns hold percent."""
    summary: Mapping[str, float | None] = field(default_factory=dict)
    """The dataset's value by column name; the first table of a report always has it."""
    notes: tuple[str, ...] = ()
    """Sentences to be read with the numbers, such as how many sequences were left out of a mean."""


@dataclass(frozen=True)
class Picture:
    """A frame of both sides, for the report's worst frames. Equal values are right; 0 is nothing."""

    truth: UInt16[np.ndarray, "height width"]
    predicted: UInt16[np.ndarray, "height width"]
    void: int | None = None
    """The value in ``truth`` that is not scored."""
    image: Frame | None = None
    """The frame itself, where the dataset holds it."""


@runtime_checkable
class EvaluationProtocol(Protocol):
    """One way of scoring. Cases are scored in any order and in any process; nothing is kept in between."""

    @property
    def summary(self) -> str:
        """Half a line for help and docs."""
        ...

    def gather(self, predictions: Path, truth: Path, split: str | None) -> Gathered:
        """The cases; ``split`` is ``None`` for the layout's default.

        Raises:
            NotFoundError: A folder is not there, or a whole sequence has no predictions where the official tool
                refuses that as well; the message names them all and says what lies there instead.
        """
        ...

    def score(self, case: Any) -> Scored:
        """One sequence, one frame in memory at a time (or a fixed number).

        Raises:
            MaskError: A file that cannot be read or has another size than its truth; it is named.
        """
        ...

    def tables(self, scored: Sequence[Scored]) -> tuple[Table, ...]:
        """Numbers of the dataset: first a table of sequences with a summary, then what else there is."""
        ...

    def picture(self, case: Any, frame: str) -> Picture:
        """Both sides of one scored frame."""
        ...
