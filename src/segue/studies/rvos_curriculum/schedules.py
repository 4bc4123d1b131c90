"""The curricula of the paper as stages, whatever their length: steps, or epochs."""

from typing import Any, Literal

Unit = Literal["steps", "epochs"]
Stages = list[dict[str, Any]]

_EVERY: dict[Unit, str] = {"steps": "step", "epochs": "epoch"}
_TRUTH, _PREDICTION = {"feed_prediction": 0.0}, {"feed_prediction": 1.0}

FIRST_TO_TENTH = {"start": 1, "end": 10}
"""``0 to 9`` frames skipped, as distances between frames."""
SECOND_TO_SIXTH = {"start": 2, "end": 6}
"""``1 to 5``."""


def teacher_forcing(length: int, unit: Unit) -> Stages:
    """The truth is fed throughout."""
    return [{unit: length, **_TRUTH}]


def forward_step(
    length: int,
    unit: Unit,
    *,
    skip_at_truth: Any = None,
    skip_at_prediction: Any = None,
    reset: bool = False,
) -> Stages:
    """The truth in the first half, the prediction in the second; frames may be skipped in each.

    Args:
        length: Of both halves together.
        unit: Of the length.
        skip_at_truth: ``frame_stride`` of the half in which the truth is fed; ``None`` takes every frame.
        skip_at_prediction: The same for the other half.
        reset: Forget the moments of the optimiser in between, as the paper, whose steps were two runs.
    """
    halves = [
        {**_TRUTH, "frame_stride": skip_at_truth or 1},
        {**_PREDICTION, "frame_stride": skip_at_prediction or 1},
    ]
    return _in_two(length, unit, halves, reset)


def inverse_step(
    length: int, unit: Unit, *, skip_at_truth: Any = None, reset: bool = False
) -> Stages:
    """The prediction in the first half, the truth in the second; arguments as of ``forward_step``."""
    halves = [
        {**_PREDICTION, "frame_stride": 1},
        {**_TRUTH, "frame_stride": skip_at_truth or 1},
    ]
    return _in_two(length, unit, halves, reset)


def forward_linear(length: int, unit: Unit) -> Stages:
    """More and more predictions."""
    return _linear(length, unit, 0, 1)


def inverse_linear(length: int, unit: Unit) -> Stages:
    """Fewer and fewer."""
    return _linear(length, unit, 1, 0)


def _in_two(length: int, unit: Unit, halves: Stages, reset: bool) -> Stages:
    first, second = length - length // 2, length // 2
    begun = {"reset_optimiser": True} if reset else {}
    return [{unit: first, **halves[0]}, {unit: second, **halves[1], **begun}]


def _linear(length: int, unit: Unit, start: int, end: int) -> Stages:
    ramp = {"start": start, "end": end, "shape": "linear", "every": _EVERY[unit]}
    return [{unit: length, "feed_prediction": ramp}]
