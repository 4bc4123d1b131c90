"""Schedule sampling and frame skipping, as tables of the paper on curricula and of Bengio et al. say."""

import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.training.curriculum import Conditions, Curriculum, Ramp, Stage, lay_out
from segue.training.drawing import draw_plan
from segue.training.feeding import draw_fed
from segue.training.plan import Plan
from segue.training.run import read_settings
from segue.training.settings import LoopSettings

CONFIGS = Path(__file__).parents[2] / "configs/rvos"
ALL = frozenset({"clip_length", "frame_stride", "feed_prediction", "feed_draw", "size_hw"})
EPOCHS = 40

POLICIES: dict[str, Callable[[int], float]] = {
    "teacher-forcing": lambda e: 0.0,
    "forward-step": lambda e: float(e >= 20),
    "forward-linear": lambda e: e / EPOCHS,
    "inverse-step": lambda e: float(e < 20),
    "inverse-linear": lambda e: 1 - e / EPOCHS,
}
SKIPS: dict[str, Callable[[int], int]] = {
    "skip-0-to-9-truth": lambda e: e // 2 if e < 20 else 0,
    "skip-0-to-9-both": lambda e: e % 20 // 2,
    "skip-1-to-5-truth": lambda e: 1 + e // 4 if e < 20 else 0,
    "skip-1-to-5-both": lambda e: 1 + e % 20 // 4,
    "combination": lambda e: 0 if e < 20 else 1 + (e - 20) // 4,
}


def of_config(name: str, steps_per_epoch: float = 10.0) -> Curriculum:
    values = tomllib.loads((CONFIGS / f"{name}.toml").read_text())
    stages = [Stage.parse(stage) for stage in values["stages"]]
    return lay_out(stages, steps_per_epoch, Conditions(), ALL)


def by_epoch(plan: Curriculum) -> list[Conditions]:
    """What holds at the first step that lies in each epoch."""
    firsts = [-int(-(epoch * plan.steps_per_epoch) // 1) for epoch in range(EPOCHS)]
    return [plan.at(step) for step in firsts]


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(list(POLICIES)), st.integers(1, 12))
def test_the_probability_of_feeding_the_prediction(name: str, steps_per_epoch: int) -> None:
    plan = of_config(name, float(steps_per_epoch))
    assert plan.num_steps == EPOCHS * steps_per_epoch
    for step in range(plan.num_steps):
        expected = POLICIES[name](step // steps_per_epoch)
        assert plan.at(step).feed_prediction == pytest.approx(expected, abs=1e-12)


@given(st.sampled_from(["forward-linear", "inverse-linear"]), st.floats(1.5, 60))
def test_epochs_need_not_be_whole_steps(name: str, steps_per_epoch: float) -> None:
    found = [held.feed_prediction for held in by_epoch(of_config(name, steps_per_epoch))]
    assert found == pytest.approx([POLICIES[name](epoch) for epoch in range(EPOCHS)], abs=1e-12)


@pytest.mark.parametrize("name", list(SKIPS))
def test_frames_skipped(name: str) -> None:
    held = by_epoch(of_config(name))
    assert [one.frame_stride - 1 for one in held] == [SKIPS[name](e) for e in range(EPOCHS)]
    policy = "inverse-step" if name == "combination" else "forward-step"
    assert [one.feed_prediction for one in held] == [POLICIES[policy](e) for e in range(EPOCHS)]


SHAPES = ["linear", "cosine", "exponential", "inverse-sigmoid", "step"]


@given(
    st.sampled_from(SHAPES), st.booleans(), st.sampled_from(["step", "epoch"]), st.integers(2, 60)
)
def test_a_policy_is_a_probability_without_turns(
    shape: str, inverse: bool, every: str, epochs: int
) -> None:
    ends = {"start": 1, "end": 0} if inverse else {"start": 0, "end": 1}
    ramp = Ramp.parse({**ends, "shape": shape, "every": every})
    plan = lay_out([Stage(epochs=epochs, feed_prediction=ramp)], 3.0, Conditions(), ALL)
    values = [plan.at(step).feed_prediction for step in range(plan.num_steps)]
    assert all(0 <= value <= 1 for value in values)
    sign = -1 if inverse else 1
    assert all(sign * (b - a) >= 0 for a, b in pairwise(values))
    assert values[0] == pytest.approx(ends["start"], abs=1e-9)
    if every == "step" or shape == "step":
        assert values[-1] == pytest.approx(ends["end"], abs=1e-9)
    if shape == "linear" and every == "epoch":
        assert abs(values[-1] - ends["end"]) == pytest.approx(1 / epochs)


@given(st.floats(0, 1))
def test_the_decays_of_bengio(progress: float) -> None:
    """Up to the stretch that makes them meet both ends."""

    def stretched(decay: Callable[[float], float]) -> float:
        return (decay(progress) - decay(1.0)) / (decay(0.0) - decay(1.0))

    steps = 1000.0
    k = 2.718281828459045 ** (-5 / steps)
    exponential = Ramp(start=1, end=0, shape="exponential")
    assert exponential.at(progress) == pytest.approx(
        stretched(lambda p: k ** (p * steps)), abs=1e-6
    )
    centre = 2.718281828459045**5
    sigmoid = Ramp(start=1, end=0, shape="inverse-sigmoid")
    assert sigmoid.at(progress) == pytest.approx(
        stretched(lambda p: centre / (centre + 2.718281828459045 ** (10 * p))), abs=1e-6
    )


def test_a_clip_length_and_a_resolution_for_each_stage() -> None:
    small = Stage(epochs=1, clip_length=5, size_hw=(256, 448))
    large = Stage(epochs=1, clip_length=3, size_hw=(287, 950))
    plan = lay_out([small, large], 4.0, Conditions(), ALL)
    assert [(plan.at(s).clip_length, plan.at(s).size_hw) for s in (3, 4)] == [
        (5, (256, 448)),
        (3, (287, 950)),
    ]


@given(st.floats(0, 1), st.integers(1, 8), st.integers(0, 99), st.sampled_from(["frame", "batch"]))
def test_draws(probability: float, frames: int, seed: int, draw: str) -> None:
    held = Conditions(feed_prediction=probability, feed_draw=draw)  # type: ignore[arg-type]
    torch.manual_seed(seed)
    fed = draw_fed(held, frames)
    torch.manual_seed(seed)
    assert draw_fed(held, frames) == fed
    assert len(fed) == frames
    if draw == "batch":
        assert len(set(fed)) == 1
    if probability in (0.0, 1.0):
        assert set(fed) == {bool(probability)}


def test_draws_are_as_often_as_they_should() -> None:
    torch.manual_seed(0)
    frames = draw_fed(Conditions(feed_prediction=0.3), 20_000)
    assert sum(frames) / len(frames) == pytest.approx(0.3, abs=0.02)
    held = Conditions(feed_prediction=0.3, feed_draw="batch")
    batches = [draw_fed(held, 2)[0] for _ in range(5_000)]
    assert sum(batches) / len(batches) == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_configs_are_read(path: Path) -> None:
    found: Any = read_settings(path)
    assert sum(stage.epochs for stage in found.stages) == EPOCHS
    assert found.clips.length * found.loop.batch == (6 if path.stem == "combination" else 20)


def test_the_plan_is_drawn(tmp_path: Path) -> None:
    plan = of_config("combination")
    draw_plan(Plan(LoopSettings()), plan, tmp_path / "plan.png")
    assert (tmp_path / "plan.png").stat().st_size > 10_000
