from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.training.schedule import Plateau, rate_factor
from segue.training.settings import ScheduleSettings


def factors(steps: int = 100, **values: object) -> list[float]:
    schedule = ScheduleSettings.parse(values)
    return [rate_factor(step, steps, 10.0, schedule) for step in range(steps)]


def test_warm_up_then_a_cosine_down_to_the_floor() -> None:
    found = factors(name="cosine", warmup=10)
    assert found[0] == pytest.approx(0.1)
    assert max(found) == pytest.approx(1.0)
    assert found.index(max(found)) in (9, 10)
    assert all(a >= b for a, b in pairwise(found[10:]))
    assert found[-1] == pytest.approx(0.01, abs=0.002)


def test_polynomial() -> None:
    found = factors(name="polynomial", power=2, floor=0.0)
    assert found[0] == 1
    assert found[50] == pytest.approx(0.25)


def test_steps_of_epochs() -> None:
    found = factors(name="step", every_epochs=3, factor=0.5)
    assert found[29:31] == [1.0, 0.5]
    assert found[60] == 0.25


def test_constant() -> None:
    assert set(factors(name="constant")) == {1.0}


def test_a_plateau_waits_then_falls_then_waits_again() -> None:
    plateau = ScheduleSettings(name="plateau", patience=1, factor=0.1)
    state, seen = Plateau(), []
    for value in (0.5, 0.4, 0.4, 0.4, 0.4, 0.6, 0.5):
        state = state.after({"score": value, "loss": 1.0}, plateau)
        seen.append(round(state.factor, 6))
    assert seen == [1.0, 1.0, 0.1, 0.1, 0.01, 0.01, 0.01]
    assert state.best == 0.6


@settings(deadline=None)
@given(st.lists(st.integers(1, 3000)), st.integers(0, 4), st.sampled_from(["loss", "miou"]))
def test_a_plateau_falls_when_that_of_pytorch_does(
    numbers: list[int], patience: int, watch: str
) -> None:
    plateau = ScheduleSettings(name="plateau", patience=patience, factor=0.5, watch=watch)
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, "min" if watch == "loss" else "max", factor=0.5, patience=patience, eps=0
    )
    state = Plateau()
    for number in numbers:
        value = number / 3000
        state = state.after({"first": 0.0, watch: value}, plateau)
        reference.step(value)
        assert state.factor == optimiser.param_groups[0]["lr"]


def test_a_hair_is_no_gain() -> None:
    plateau = ScheduleSettings(name="plateau", watch="loss")
    state = Plateau(best=0.5).after({"loss": 0.49996}, plateau)
    assert (state.best, state.bad) == (0.5, 1)
    assert state.after({"loss": 0.4999}, plateau) == Plateau(0.4999, 0)
