"""The table of what can be trained. To add a task: a file in this folder, a line here."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.settings import Settings, look_up
from segue.training.curriculum import Stage
from segue.training.settings import LoopSettings, OptimiserSettings, ScheduleSettings
from segue.training.task import Task


class RunSettings(Settings):
    """What every run depends on; each task adds its data, its model and its objective."""

    task: str
    """A name from ``TASKS``."""
    loop: LoopSettings = LoopSettings()
    optimiser: OptimiserSettings = OptimiserSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    stages: tuple[Stage, ...] = ()
    """The curriculum; empty for a run that does the same from the first step to the last."""


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """One line of the table: a module with ``TrainingSettings`` and ``build``; ``prepare``, too, if it ``prepares``."""

    module: str
    summary: str
    prepares: bool = False
    """Whether something is done in the folder of a run before its task is built."""

    def settings(self) -> type[RunSettings]:
        """The class of its settings."""
        found: type[RunSettings] = importlib.import_module(self.module).TrainingSettings
        return found

    def prepare(self, settings: RunSettings, folder: Path, watch: Any) -> RunSettings:
        """Do what comes before the task is built, or go on with it; the settings to build it with.

        Args:
            settings: Of the run.
            folder: Of the run; it is there.
            watch: Progress, see ``segue.training.loop.Watch``.
        """
        if not self.prepares:
            return settings
        changed: RunSettings = importlib.import_module(self.module).prepare(settings, folder, watch)
        return changed

    def build(self, settings: RunSettings) -> Task:
        """The task of validated settings."""
        task: Task = importlib.import_module(self.module).build(settings)
        return task


TASKS: dict[str, TaskEntry] = {
    "segue-lite": TaskEntry("segue.training.tasks.lite", "masks through clips of one object"),
    "frtm": TaskEntry(
        "segue.training.tasks.frtm", "masks through clips, and a reuse gate with them"
    ),
    "window-gate": TaskEntry(
        "segue.training.tasks.window_gate",
        "the reuse gate of a host that offers window inference, in time order",
    ),
    "ttvos": TaskEntry("segue.training.tasks.ttvos", "masks through clips of one object"),
    "ttvos-gate": TaskEntry(
        "segue.training.tasks.ttvos_gate", "the reuse gate of a trained TTVOS, in time order"
    ),
    "rvos": TaskEntry(
        "segue.training.tasks.rvos", "masks of several objects through clips, with curricula"
    ),
    "segue-click": TaskEntry(
        "segue.training.tasks.click", "masks of single frames from simulated clicks"
    ),
    "slowfast": TaskEntry(
        "segue.training.tasks.slowfast", "masks of the objects of a video that nobody points at"
    ),
    "temporal-unet": TaskEntry(
        "segue.training.tasks.temporal_unet", "semantic labels of clips, one frame labelled"
    ),
    "ssltm": TaskEntry(
        "segue.training.tasks.ssltm",
        "semantic labels from few labelled frames; a mean teacher, or pseudo-labels",
        prepares=True,
    ),
}


def find_task(name: str) -> TaskEntry:
    """The entry of a name.

    Raises:
        SettingsError: There is none; the message names the nearest.
    """
    return look_up(TASKS, "task", name)
