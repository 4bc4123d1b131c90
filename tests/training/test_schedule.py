from itertools import pairwise

import pytest

from segue.training.schedule import Plateau, rate_factor
from segue.training.settings import ScheduleSettings


def factors(steps: int = 100, **values: object) -> list[float]:
    settings = ScheduleSettings.parse(values)
    return [rate_factor(step, steps, 10.0, settings) for step in range(steps)]


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
    settings = ScheduleSettings(name="plateau", patience=1, factor=0.1)
    state, seen = Plateau(), []
    for value in (0.5, 0.4, 0.4, 0.4, 0.4, 0.6, 0.5):
        state = state.after(value, settings)
        seen.append(round(state.factor, 6))
    assert seen == [1.0, 1.0, 0.1, 0.1, 0.01, 0.01, 0.01]
    assert state.best == 0.6
