"""Ours: what the curricula do to ``rvos-lite`` on DAVIS-2016, real videos of one object each."""

from typing import Any

from segue.studies.rvos_curriculum.method import SPREAD, Seeds
from segue.studies.rvos_curriculum.schedules import (
    SECOND_TO_SIXTH,
    Stages,
    forward_linear,
    forward_step,
    inverse_linear,
    inverse_step,
    teacher_forcing,
)
from segue.studies.study import Measure, Row, Study

_STEPS = 160
_QUICK_STEPS = 8

_TRAINING: dict[str, Any] = {
    "clips": {"size_hw": [144, 256]},
    "loop": {"batch": 2, "average": 0.98, "workers": 0, "checkpoint_every": 50},
    "schedule": {"name": "constant", "warmup": 20},
    "data": {"in_memory": False},
}
"""What a row of a few minutes changes in the training of the shipped weights. The rate is constant, or else the first
phase of a curriculum would count for more than the last."""


def _row(name: str, schedule: str, skipped: str, stages: Stages, quick: Stages) -> Row:
    return Row(
        name,
        (schedule, skipped),
        {**_TRAINING, "stages": _frozen(stages)},
        quick={"stages": _frozen(quick)},
    )


def _frozen(stages: Stages) -> Stages:
    return [
        {"frozen": ["encoder.backbone", "encoder.pyramid"], "clip_length": 5, **stage}
        for stage in stages
    ]


def _both(make: Any, **more: Any) -> tuple[Stages, Stages]:
    return make(_STEPS, "steps", **more), make(_QUICK_STEPS, "steps", **more)


DAVIS = Study(
    name="rvos-curriculum-davis",
    title="Curricula of rvos-lite on DAVIS-2016: five schedules, the best skipping, and the combination",
    headings=("Schedule", "Frames skipped"),
    rows=(
        _row("davis-teacher-forcing", "Teacher forcing", "-", *_both(teacher_forcing)),
        _row("davis-forward-step", "Forward step", "-", *_both(forward_step)),
        _row("davis-forward-linear", "Forward linear", "-", *_both(forward_linear)),
        _row("davis-inverse-step", "Inverse step", "-", *_both(inverse_step)),
        _row("davis-inverse-linear", "Inverse linear", "-", *_both(inverse_linear)),
        _row(
            "davis-skip-1-to-5",
            "Forward step",
            "1 to 5 with the truth",
            *_both(forward_step, skip_at_truth=SECOND_TO_SIXTH),
        ),
        _row(
            "davis-combination",
            "Inverse step",
            "1 to 5 with the truth",
            *_both(inverse_step, skip_at_truth=SECOND_TO_SIXTH),
        ),
    ),
    measures=(
        Measure("J&F", "J&F"),
        Measure("J&F" + SPREAD, "Spread of J&F"),
        Measure("J", "J"),
        Measure("F", "F"),
    ),
    method=Seeds(),
    config="rvos-lite.toml",
    layout="davis2016",
    quick={"davis2016": {"clips": {"size_hw": [64, 96]}, "seeds": [0]}},
    full_note=(
        f"Each row is trained with every seed for {_STEPS} steps of 2 clips of 5 frames at 144x256, backbone and "
        "pyramid frozen, at a constant rate, and scored on whole sequences that it carries by its own masks, at the "
        "same size. The rows differ in their curriculum alone."
    ),
    quick_note=(
        f"Quick: {_QUICK_STEPS} steps at 64x96 with one seed. It shows that every row trains and is scored; so few "
        "steps do not rank the rows."
    ),
    notes=(
        "Numbers are means over the seeds; the spread is the best seed less the worst. A difference between rows that "
        "is not larger than the spreads says nothing.",
        "Forward step is the schedule of the original RVOS.",
        "The optimiser goes on with its moments where a step comes; the paper began a second run there.",
    ),
)
