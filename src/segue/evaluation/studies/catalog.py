"""The table of studies. To add one: a file in this folder, a line here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segue.settings import load_place, look_up

if TYPE_CHECKING:
    from segue.evaluation.studies.study import Study


@dataclass(frozen=True, slots=True)
class StudyEntry:
    """One line of the table."""

    place: str
    """``module:attribute`` of a ``Study``."""
    summary: str

    def load(self) -> "Study":
        """The study itself."""
        study: Study = load_place(self.place)
        return study


_TEMPORAL_UNET = "segue.evaluation.studies.temporal_unet"

STUDIES: dict[str, StudyEntry] = {
    "temporal-unet-table2": StudyEntry(
        f"{_TEMPORAL_UNET}:TABLE_2", "blocks, sizes and temporal cells on Cityscapes"
    ),
    "temporal-unet-table3": StudyEntry(
        f"{_TEMPORAL_UNET}:TABLE_3", "numbers of parameters; needs no data"
    ),
    "temporal-unet-figure3": StudyEntry(
        f"{_TEMPORAL_UNET}:FIGURE_3", "the baseline and the best temporal network along a clip"
    ),
}


def find_study(name: str) -> "Study":
    """The study of a name.

    Raises:
        SettingsError: There is none; the message names the nearest.
    """
    return look_up(STUDIES, "study", name).load()
