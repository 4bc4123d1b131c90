"""A curriculum is data: stages one after another, each with constants and ramps for what the training does.

    [[stages]]
    epochs = 20
    frame_stride = { start = 1, end = 10 }          # an integer: each value gets an equal share of the stage
    feed_prediction = { start = 0, end = 1, shape = "inverse-sigmoid", every = "epoch" }
    feed_draw = "frame"
    frozen = ["backbone"]

What a stage does not set stays as the stage before left it.

The schedule sampling of a model with a previous-mask input is such a ramp of ``feed_prediction``: 0 is teacher forcing,
a ramp from 0 to 1 is a forward schedule, one from 1 to 0 an inverse one, and ``shape`` says how it gets there.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from segue.errors import SettingsError
from segue.settings import Settings

Shape = Literal["linear", "cosine", "exponential", "inverse-sigmoid", "step"]
_STEEPNESS = 10.0
_DECAY = 5.0


class Ramp(Settings):
    """A number that moves from ``start`` to ``end`` over its stage."""

    start: float
    end: float
    shape: Shape = "linear"
    """``step`` stays at ``start`` for the first half and at ``end`` for the second. ``exponential`` and
    ``inverse-sigmoid`` are the decays of Bengio et al. (2015), stretched a little so that they meet both ends: k^i with
    k = e^(-5/n), and k / (k + e^(i/k)) with k = e^5 and n = 10 k, n being the length."""
    every: Literal["step", "epoch"] = "step"
    """How often it moves; ``epoch`` holds the value of the epoch's first step, so in the last of E epochs a linear ramp
    is 1/E away from its end."""

    def at(self, progress: float) -> float:
        """The value at a share of the stage in [0, 1]."""
        return self.start + (self.end - self.start) * _SHAPES[self.shape](progress)


def _exponential(progress: float) -> float:
    return (1 - math.exp(-_DECAY * progress)) / (1 - math.exp(-_DECAY))


def _inverse_sigmoid(progress: float) -> float:
    """A sigmoid that is exactly 0 at 0 and 1 at 1."""
    low, high = (1 / (1 + math.exp(_STEEPNESS * (0.5 - x))) for x in (0.0, 1.0))
    return (1 / (1 + math.exp(_STEEPNESS * (0.5 - progress))) - low) / (high - low)


_SHAPES: dict[Shape, Callable[[float], float]] = {
    "linear": lambda progress: progress,
    "cosine": lambda progress: (1 - math.cos(math.pi * progress)) / 2,
    "exponential": _exponential,
    "inverse-sigmoid": _inverse_sigmoid,
    "step": lambda progress: float(progress >= 0.5),
}

FeedDraw = Literal["frame", "batch"]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Stage(Settings):
    """A part of the training; its length is ``steps`` or ``epochs``."""

    steps: Count | None = None
    epochs: Annotated[float, Field(gt=0)] | None = None
    clip_length: Count | Ramp | None = None
    """Frames of a clip."""
    frame_stride: Count | Ramp | None = None
    """Distance between two frames of a clip; 1 takes every frame, k + 1 skips k."""
    feed_prediction: Share | Ramp | None = None
    """Probability that a model with a previous-mask input is fed its own prediction instead of the truth."""
    feed_draw: FeedDraw | None = None
    """Whether chance decides that for every frame of the clips of a batch, or once for the whole batch."""
    learning_rate: Annotated[float, Field(gt=0)] | Ramp | None = None
    """Factor on the rate of the optimiser, beside its schedule."""
    size_hw: tuple[Count, Count] | None = None
    """Height and width of the frames."""
    footage: Share | Ramp | None = None
    """Share of the clips that come from videos; the others are made of still images."""
    frozen: tuple[str, ...] | None = None
    """Names of modules that do not learn, such as ``backbone``."""
    reset_optimiser: bool = False
    """Forget the optimiser's moments when the stage begins."""

    @model_validator(mode="after")
    def _has_an_end(self) -> "Stage":
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("a stage never ends, or ends twice: give it either steps or epochs")
        for name in ("clip_length", "frame_stride", "feed_prediction", "footage", "learning_rate"):
            ramp = getattr(self, name)
            if isinstance(ramp, Ramp):
                _check_range(name, ramp)
        return self


def _check_range(name: str, ramp: Ramp) -> None:
    share = (0.0, 1.0)
    ranges = {"feed_prediction": share, "footage": share, "learning_rate": (0.0, math.inf)}
    low, high = ranges.get(name, (1.0, math.inf))
    for value in (ramp.start, ramp.end):
        if not low <= value <= high:
            raise ValueError(f"the ramp of {name} reaches {value:g}, outside [{low:g}, {high:g}]")
        if name in _INTEGERS and value != int(value):
            raise ValueError(f"the ramp of {name} runs between whole numbers, got {value:g}")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds at one step; names and meanings are those of ``Stage``."""

    clip_length: int = 1
    frame_stride: int = 1
    feed_prediction: float = 0.0
    feed_draw: FeedDraw = "frame"
    learning_rate: float = 1.0
    size_hw: tuple[int, int] = (0, 0)
    footage: float = 1.0
    frozen: tuple[str, ...] = ()


_INTEGERS = frozenset({"clip_length", "frame_stride"})
_NAMES = tuple(field.name for field in fields(Conditions))


@dataclass(frozen=True)
class Curriculum:
    """Stages with their first steps; says what holds at any step."""

    stages: tuple[Stage, ...]
    starts: tuple[int, ...]
    """First step of each stage."""
    num_steps: int
    steps_per_epoch: float
    defaults: Conditions

    def stage_at(self, step: int) -> int:
        """Index of the stage of a step."""
        return max(index for index, start in enumerate(self.starts) if start <= step)

    def at(self, step: int) -> Conditions:
        """What holds at a step, 0 <= step < num_steps."""
        current = self.stage_at(step)
        held = self.defaults
        for index in range(current):
            held = self._apply(held, index, self._end(index) - 1)
        return self._apply(held, current, step)

    def _end(self, index: int) -> int:
        return self.starts[index + 1] if index + 1 < len(self.starts) else self.num_steps

    def _apply(self, held: Conditions, index: int, step: int) -> Conditions:
        stage = self.stages[index]
        given = {name: getattr(stage, name) for name in _NAMES}
        changes = {
            name: self._value(name, value, index, step)
            for name, value in given.items()
            if value is not None
        }
        return replace(held, **changes)

    def _value(self, name: str, value: Any, index: int, step: int) -> Any:
        if not isinstance(value, Ramp):
            return value
        begin, length = self.starts[index], self._end(index) - self.starts[index]
        done = step - begin
        if value.every == "epoch":
            epochs = self.stages[index].epochs or length / self.steps_per_epoch
            # The first step of an epoch may lie a rounding error before it.
            progress = min(1.0, int(done / self.steps_per_epoch + 1e-9) / epochs)
        else:
            # A whole number holds for its share of the steps; others reach their end with the last step.
            progress = done / length if name in _INTEGERS else done / max(1, length - 1)
        return _integer(value, progress) if name in _INTEGERS else value.at(progress)


def _integer(ramp: Ramp, progress: float) -> int:
    """Each integer from start to end for an equal share of the ramp."""
    direction = 1 if ramp.end >= ramp.start else -1
    levels = abs(int(ramp.end) - int(ramp.start)) + 1
    share = (ramp.at(progress) - ramp.start) / (ramp.end - ramp.start) if levels > 1 else 0.0
    return int(ramp.start) + direction * min(levels - 1, int(share * levels + 1e-9))


def lay_out(
    stages: Sequence[Stage],
    steps_per_epoch: float,
    defaults: Conditions,
    uses: frozenset[str],
) -> Curriculum:
    """The stages in steps.

    Args:
        stages: At least one.
        steps_per_epoch: Optimiser steps that see every training sample once.
        defaults: What holds where no stage says anything.
        uses: The conditions that the task acts on, besides ``learning_rate`` and ``frozen``.

    Raises:
        SettingsError: No stages, or one that sets what the task does not use.
    """
    if not stages:
        raise SettingsError("Nothing to train: give loop.steps, loop.epochs or [[stages]].")
    starts, total = [], 0
    for number, stage in enumerate(stages, start=1):
        for name in _NAMES:
            unused = name not in uses | {"learning_rate", "frozen"}
            if unused and getattr(stage, name) is not None:
                raise SettingsError(
                    f"Stage {number} sets {name}, which this task does not use; it uses "
                    f"{', '.join(sorted(uses)) or 'none of them'}."
                )
        starts.append(total)
        total += stage.steps or max(1, round((stage.epochs or 0) * steps_per_epoch))
    return Curriculum(tuple(stages), tuple(starts), total, steps_per_epoch, defaults)
