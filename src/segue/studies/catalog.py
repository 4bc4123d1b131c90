"""The table of studies. To add one: a file in this folder, a line here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segue.settings import load_place, look_up

if TYPE_CHECKING:
    from segue.studies.study import Study


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


_TEMPORAL_UNET = "segue.studies.temporal_unet"
_REUSE_GATE = "segue.studies.reuse_gate.studies"
_RVOS = "segue.studies.rvos_curriculum"
_SLOWFAST = "segue.studies.slowfast.tables"
_SSLTM = "segue.studies.ssltm.tables"

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
    "temporal-unet-switches": StudyEntry(
        f"{_TEMPORAL_UNET}_switches:SWITCHES", "what the report left as future work, one by one"
    ),
    "reuse-gate-figure1": StudyEntry(f"{_REUSE_GATE}:FIGURE_1", "IoU of successive true masks"),
    "reuse-gate-figure6": StudyEntry(
        f"{_REUSE_GATE}:FIGURE_6", "speed against J&F, every host over thresholds"
    ),
    "reuse-gate-figure7": StudyEntry(
        f"{_REUSE_GATE}:FIGURE_7", "the cheap path against copying the last mask"
    ),
    "reuse-gate-figure8": StudyEntry(
        f"{_REUSE_GATE}:FIGURE_8", "the learned gate against one that knows the truth"
    ),
    "reuse-gate-figure9": StudyEntry(
        "segue.studies.reuse_gate.figure_9:FIGURE_9",
        "margins of the gate's loss; trains a gate for each",
    ),
    "reuse-gate-table1": StudyEntry(
        f"{_REUSE_GATE}:TABLE_1", "figure 6 as a table, with the published rows"
    ),
    "reuse-gate-table2": StudyEntry(f"{_REUSE_GATE}:TABLE_2", "ablations"),
    "reuse-gate-table3": StudyEntry(
        f"{_REUSE_GATE}:TABLE_3", "seen and unseen categories of YouTube-VOS"
    ),
    "segue-lite-gate": StudyEntry(
        "segue.studies.reuse_gate.left_out:LEFT_OUT",
        "constants of the gate of segue-lite, sequences left out",
    ),
    "rvos-curriculum-table1": StudyEntry(
        f"{_RVOS}.kitti:TABLE_1", "five schedules at two resolutions, cars of KITTI-MOTS"
    ),
    "rvos-curriculum-table2": StudyEntry(
        f"{_RVOS}.kitti:TABLE_2", "frame skipping in five ways at two resolutions"
    ),
    "rvos-curriculum-combined": StudyEntry(
        f"{_RVOS}.kitti:COMBINED", "inverse step and frame skipping, alone and together"
    ),
    "rvos-curriculum-figure1": StudyEntry(
        f"{_RVOS}.kitti:FIGURE_1", "frames of a sequence: the baseline against the best schedule"
    ),
    "rvos-curriculum-davis": StudyEntry(
        f"{_RVOS}.davis:DAVIS", "ours: five schedules and frame skipping on DAVIS-2016, with seeds"
    ),
    "slowfast-table1": StudyEntry(
        f"{_SLOWFAST}:TABLE_1", "five configurations of SlowFast VOS without a mask; time, size"
    ),
    "slowfast-table2": StudyEntry(
        f"{_SLOWFAST}:TABLE_2", "the same, fine-tuned to each sequence by its first mask"
    ),
    "slowfast-search": StudyEntry(
        f"{_SLOWFAST}:SEARCH", "36 runs: parts at rest, scale and learning rate of fine-tuning"
    ),
    "slowfast-learning-rates": StudyEntry(
        f"{_SLOWFAST}:LEARNING_RATES", "three rates of the second stage, and a backbone that learns"
    ),
    "ssltm-table1": StudyEntry(
        f"{_SSLTM}:TABLE_1", "SSLTM and its eight rivals, with and without a mean teacher"
    ),
    "ssltm-figure1": StudyEntry(
        f"{_SSLTM}:FIGURE_1", "1, 3 or 5 centres of a class, moved by MSE or EMA"
    ),
    "ssltm-figure2": StudyEntry(
        f"{_SSLTM}:FIGURE_2", "flicker with and without the spatial-temporal transformer"
    ),
    "ssltm-figure3": StudyEntry(
        f"{_SSLTM}:FIGURE_3", "mean teacher and iterative pseudo-labels: mIoU, hours, bytes"
    ),
    "ssltm-figure4": StudyEntry(
        f"{_SSLTM}:FIGURE_4", "how far away the reference is; clean and noisy frames"
    ),
    "ssltm-labels": StudyEntry(f"{_SSLTM}:LABELS", "one label in 4, 8, 16 or 30 frames, and all"),
}


def find_study(name: str) -> "Study":
    """The study of a name.

    Raises:
        SettingsError: There is none; the message names the nearest.
    """
    return look_up(STUDIES, "study", name).load()
