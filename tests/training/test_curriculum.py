import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import SettingsError
from segue.training.curriculum import Conditions, Curriculum, Ramp, Stage, lay_out

ALL = frozenset({"clip_length", "frame_stride", "feed_prediction", "size_hw"})


def curriculum(*stages: Stage, steps_per_epoch: float = 10.0) -> Curriculum:
    return lay_out(stages, steps_per_epoch, Conditions(clip_length=5), ALL)


def test_stages_follow_one_another_and_keep_what_the_next_does_not_set() -> None:
    plan = curriculum(
        Stage(epochs=2, clip_length=3, frozen=("backbone",)),
        Stage(steps=5, feed_prediction=1.0),
        Stage(steps=5, frozen=(), size_hw=(32, 64)),
    )
    assert plan.num_steps == 30
    assert plan.starts == (0, 20, 25)
    assert plan.at(0) == Conditions(clip_length=3, frozen=("backbone",))
    assert plan.at(24) == Conditions(clip_length=3, frozen=("backbone",), feed_prediction=1.0)
    assert plan.at(29) == Conditions(clip_length=3, feed_prediction=1.0, size_hw=(32, 64))


def test_a_ramp_ends_where_it_says_and_its_end_is_kept() -> None:
    plan = curriculum(
        Stage(steps=11, feed_prediction=Ramp(start=0.2, end=0.7)),
        Stage(steps=4),
    )
    assert plan.at(0).feed_prediction == pytest.approx(0.2)
    assert plan.at(5).feed_prediction == pytest.approx(0.45)
    assert plan.at(10).feed_prediction == plan.at(14).feed_prediction == pytest.approx(0.7)


def test_whole_numbers_get_equal_shares() -> None:
    """Skipping 0 to 9 frames over 20 epochs: two epochs each."""
    plan = curriculum(Stage(epochs=20, frame_stride=Ramp(start=1, end=10)))
    strides = [plan.at(10 * epoch).frame_stride for epoch in range(20)]
    assert strides == [1 + epoch // 2 for epoch in range(20)]
    down = curriculum(Stage(steps=6, clip_length=Ramp(start=3, end=1)))
    assert [down.at(step).clip_length for step in range(6)] == [3, 3, 2, 2, 1, 1]


def test_an_epoch_holds_its_value() -> None:
    """The linear schedules of the paper: e / E in epoch e."""
    ramp = Ramp(start=0, end=1, every="epoch")
    plan = curriculum(Stage(epochs=4, feed_prediction=ramp))
    values = [plan.at(step).feed_prediction for step in range(40)]
    assert values == pytest.approx([step // 10 / 4 for step in range(40)])


@given(
    st.sampled_from(["linear", "cosine", "exponential", "inverse-sigmoid"]),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(2, 50),
)
def test_ramps_go_from_start_to_end_without_turning(
    shape: str, start: float, end: float, steps: int
) -> None:
    ramp = Ramp.parse({"start": start, "end": end, "shape": shape})
    plan = curriculum(Stage(steps=steps, feed_prediction=ramp))
    values = [plan.at(step).feed_prediction for step in range(steps)]
    assert values[0] == pytest.approx(start, abs=1e-9)
    assert values[-1] == pytest.approx(end, abs=1e-9)
    low, high = min(start, end), max(start, end)
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in values)
    sign = 1 if end >= start else -1
    assert all(sign * (b - a) >= -1e-9 for a, b in pairwise(values))


def test_shapes_differ_in_the_middle() -> None:
    middle = {
        shape: Ramp.parse({"start": 0, "end": 1, "shape": shape}).at(0.25)
        for shape in ("linear", "cosine", "exponential", "inverse-sigmoid")
    }
    assert middle["exponential"] > middle["linear"] > middle["cosine"] > middle["inverse-sigmoid"]
    assert middle["linear"] == 0.25
    assert middle["cosine"] == pytest.approx((1 - math.sqrt(0.5)) / 2)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "never ends"),
        ({"steps": 3, "epochs": 1}, "ends twice"),
        ({"steps": 0}, "greater than or equal to 1"),
        ({"steps": 3, "feed_prediction": 1.5}, "less than or equal to 1"),
        ({"steps": 3, "feed_prediction": {"start": 0, "end": 2}}, "feed_prediction reaches 2"),
        ({"steps": 3, "clip_length": {"start": 0, "end": 2}}, "clip_length reaches 0"),
        ({"steps": 3, "clip_length": {"start": 1.5, "end": 2}}, "whole numbers, got 1.5"),
        ({"steps": 3, "clip_lenght": 3}, "did you mean 'clip_length'"),
        ({"steps": 3, "feed_prediction": {"start": 0, "end": 1, "shape": "wave"}}, "shape"),
    ],
)
def test_stages_that_cannot_be(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        Stage.parse(values)


def test_what_the_task_does_not_use_is_refused() -> None:
    stages = (Stage(steps=1), Stage(steps=1, size_hw=(3, 3)))
    with pytest.raises(SettingsError, match=r"Stage 2 sets size_hw, .* it uses clip_length"):
        lay_out(stages, 1.0, Conditions(), frozenset({"clip_length"}))
    with pytest.raises(SettingsError, match="Nothing to train"):
        lay_out((), 1.0, Conditions(), ALL)
