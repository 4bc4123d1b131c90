"""Factors on the learning rate."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from segue.training.settings import ScheduleSettings


def rate_factor(
    step: int, num_steps: int, steps_per_epoch: float, settings: ScheduleSettings
) -> float:
    """Factor of a step, from the step alone; ``plateau`` adds its own, see ``Plateau``."""
    if step < settings.warmup:
        return (step + 1) / settings.warmup
    progress = (step - settings.warmup) / max(1, num_steps - settings.warmup)
    if settings.name == "cosine":
        return settings.floor + (1 - settings.floor) * 0.5 * (1 + math.cos(math.pi * progress))
    if settings.name == "polynomial":
        return float(settings.floor + (1 - settings.floor) * (1 - progress) ** settings.power)
    if settings.name == "step":
        return float(settings.factor ** int(step / (settings.every_epochs * steps_per_epoch)))
    return 1.0


LOWER_IS_BETTER = "loss"
"""Name of the one value of a validation that should fall."""
_LEAST_GAIN = 1e-4


@dataclass(frozen=True, slots=True)
class Plateau:
    """Lowers the rate when validations get no better; a value, so that checkpoints can hold it.

    It falls when ``ReduceLROnPlateau`` of PyTorch does: less than 1e-4 of the best value more is no gain.
    """

    best: float | None = None
    bad: int = 0
    """Validations since the best one."""
    factor: float = 1.0

    def after(self, scores: Mapping[str, float], settings: ScheduleSettings) -> "Plateau":
        """The state after one more validation, from the value that the settings watch."""
        watched = settings.watch or next(iter(scores))
        value = scores[watched]
        if self.best is None or _gain(watched, value, self.best) > _LEAST_GAIN * abs(self.best):
            return Plateau(value, 0, self.factor)
        if self.bad < settings.patience:
            return Plateau(self.best, self.bad + 1, self.factor)
        return Plateau(self.best, 0, self.factor * settings.factor)


def _gain(watched: str, value: float, best: float) -> float:
    return best - value if watched == LOWER_IS_BETTER else value - best
