"""What a study is: the rows of a table as data, each with the settings that train its network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from segue.training.loop import Watch

PARAMETERS = "parameters"
"""The measure that is counted, not scored."""

Values = Mapping[str, Any]
"""Settings before they are checked, nested as in a TOML file."""


@runtime_checkable
class Method(Protocol):
    """How rows come to their numbers."""

    def settings(self, values: Values) -> Any:
        """What a row depends on, checked.

        Raises:
            SettingsError: A value that does not fit.
        """
        ...

    def obstacle(self, settings: Any) -> str:
        """Why a row cannot be done here, in a few words; "" if it can."""
        ...

    def scores(self, settings: Any, folder: Path, watch: Watch) -> Mapping[str, float]:
        """The numbers of a row, from its folder if they are there, else worked out into it.

        Args:
            settings: Of the row.
            folder: Of the row.
            watch: Told about the steps of a training.

        Raises:
            SettingsError: The folder holds the work of other settings; the differences are named.
        """
        ...


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a row."""

    key: str
    """Its name in the scores of a row, or ``PARAMETERS``."""
    heading: str
    unit: Literal["percent", "count", "number"] = "percent"
    """``percent``: scores in [0, 1] are shown times 100, as they are printed; ``number``: shown as it is."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    name: str
    """Of its folder; rows of the same name are the same run in every study."""
    cells: tuple[str, ...]
    """What the table says of it, under the study's headings."""
    settings: Values
    """What its training changes in the settings of the study."""
    published: Mapping[str, float | int] = field(default_factory=dict)
    """Printed numbers by the key of their measure: counts, or percent; none where nothing was printed."""
    note: str = ""
    """What has to be known about the row, such as an error in print."""
    quick: Values = field(default_factory=dict)
    """What its small version changes besides what that of every row does."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a picture shows, in numbers and in words."""

    document: Mapping[str, Any]
    """Plain values."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Study:
    """A table or a figure, published or ours."""

    name: str
    title: str
    """What is reproduced, for the heading and for help."""
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    measures: tuple[Measure, ...]
    parameters: Callable[[Row], int] | None = None
    """Trainable parameters of a row's network, as published (with the published number of classes)."""
    method: Method | None = None
    """How rows come to their numbers; ``None``: each is trained."""
    base: str = ""
    """Name of the row that every other is compared with; "" compares with what was published alone."""
    config: str = ""
    """File in ``configs/`` with the published training; "" for a study that trains nothing."""
    layout: str = ""
    """The dataset of the published numbers; "" for a study that needs no data."""
    more_layouts: tuple[str, ...] = ()
    """Others that serve as well."""
    quick: Mapping[str, Values] = field(default_factory=dict)
    """By layout: what the small version changes."""
    full_note: str = ""
    """What holds for the numbers of the published training."""
    quick_note: str = ""
    """What holds for those of the small version."""
    notes: tuple[str, ...] = ()
    """Sentences to be read with the numbers."""
    draw: Callable[[Mapping[str, Any], Path, Path], Drawing] | None = None
    """``draw(settings by row, folder of the rows' folders, picture)`` writes a PNG once all rows are done."""

    @property
    def needs_data(self) -> bool:
        """Whether there is anything to do but to count parameters."""
        return bool(self.layout)
