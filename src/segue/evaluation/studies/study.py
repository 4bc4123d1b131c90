"""What a study is: the rows of a published table as data, each with the settings that train its network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from segue.training.tasks.catalog import RunSettings

PARAMETERS = "parameters"
"""The measure that is counted, not scored."""

Values = Mapping[str, Any]
"""Settings before they are checked, nested as in a TOML file."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a row."""

    key: str
    """Its name in the scores of the task's validation, or ``PARAMETERS``."""
    heading: str
    unit: Literal["percent", "count"] = "percent"
    """``percent``: scores in [0, 1] are shown times 100, as they are printed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a published table."""

    name: str
    """Of its folder; rows of the same name are the same run in every study."""
    cells: tuple[str, ...]
    """What the table says of it, under the study's headings."""
    settings: Values
    """What its training changes in the settings of the study."""
    published: Mapping[str, float | int]
    """Printed numbers by the key of their measure: counts, or percent."""
    note: str = ""
    """What has to be known about the printed row, such as an error in it."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a picture shows, in numbers and in words."""

    document: Mapping[str, Any]
    """Plain values."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Study:
    """A published table or figure."""

    name: str
    title: str
    """What is reproduced, for the heading and for help."""
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    measures: tuple[Measure, ...]
    parameters: Callable[[Row], int]
    """Trainable parameters of a row's network, as published (with the published number of classes)."""
    config: str = ""
    """File in ``configs/`` with the published training; "" for a study that trains nothing."""
    layout: str = ""
    """The dataset of the published numbers."""
    quick: Mapping[str, Values] = field(default_factory=dict)
    """By layout: what the small version changes."""
    full_note: str = ""
    """What holds for the numbers of the published training."""
    quick_note: str = ""
    """What holds for those of the small version."""
    notes: tuple[str, ...] = ()
    """Sentences to be read with the numbers."""
    draw: Callable[[Mapping[str, RunSettings], Path, Path], Drawing] | None = None
    """``draw(settings by row, folder of the rows' folders, picture)`` writes a PNG once all rows are trained."""

    @property
    def trains(self) -> bool:
        """Whether rows are trained, which needs data."""
        return bool(self.config)
