"""How to train, whatever is trained."""

from dataclasses import dataclass, field

from segue.errors import SettingsError
from segue.training.curriculum import Curriculum, Stage, lay_out
from segue.training.settings import LoopSettings, OptimiserSettings, ScheduleSettings
from segue.training.task import Task


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train, whatever is trained."""

    loop: LoopSettings
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    stages: tuple[Stage, ...] = ()

    def curriculum(self, task: Task) -> Curriculum:
        """What holds at each step.

        Raises:
            SettingsError: No length, two lengths, a stage that the task cannot follow, or a schedule that watches
                what the task does not measure.
        """
        lengths = self.loop.stages()
        if self.stages and lengths:
            raise SettingsError("The run has two lengths: give [[stages]], or loop.steps/epochs.")
        self._check_watched(task)
        return lay_out(self.stages or lengths, self.steps_per_epoch(task), task.defaults, task.uses)

    def steps_per_epoch(self, task: Task) -> float:
        """Optimiser steps that see every sample once."""
        return len(task.samples) / (self.loop.batch * self.loop.accumulate)

    def _check_watched(self, task: Task) -> None:
        if self.schedule.name != "plateau":
            return
        if task.validate is None:
            raise SettingsError(
                f'schedule.name = "plateau" needs a validation, and {task.model_name} has none. '
                'Take another schedule, such as "cosine".'
            )
        watched = self.schedule.watch
        if watched is not None and watched not in task.scores:
            raise SettingsError(
                f"schedule.watch = {watched!r} is not among what the validation of {task.model_name} "
                f"measures: {', '.join(task.scores) or 'nothing that has a name'}."
            )
