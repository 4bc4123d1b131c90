from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.inference.pace.governor import Governor

COSTS = (0.080, 0.055, 0.040, 0.028, 0.020)
"""Seconds per frame at each level."""


def drive(governor: Governor, frames: int, load: float = 1.0, costs=COSTS) -> list[int]:
    """The level of each frame on a machine that is slower by a factor."""
    path = []
    for _ in range(frames):
        path.append(governor.level)
        governor.add(costs[governor.level] * load)
    return path


def test_a_machine_with_time_stays_at_the_best_level() -> None:
    assert set(drive(Governor(10.0, 5), 300)) == {0}


@pytest.mark.parametrize(("fps", "level"), [(15.0, 1), (20.0, 2), (30.0, 3), (45.0, 4)])
def test_it_settles_at_the_best_level_that_holds_the_pace(fps: float, level: int) -> None:
    path = drive(Governor(fps, 5), 2000)
    tail = path[500:]
    assert tail.count(level) > 0.9 * len(tail)
    assert sum(COSTS[number] for number in tail) / len(tail) <= 1.01 / fps


def test_lost_time_is_made_up_for() -> None:
    """The one level that is just fast enough would never catch up what the first frames lost."""
    path = drive(Governor(18.0, 5), 1500)
    assert 1500 / sum(COSTS[number] for number in path) > 0.99 * 18
    assert 2 in path[:100]


def test_it_comes_back_when_there_is_time_again() -> None:
    governor = Governor(10.0, 5)
    assert drive(governor, 200, load=4)[-1] == 4
    assert drive(governor, 600, load=1)[-1] == 0


def test_a_better_level_that_is_too_slow_is_tried_less_and_less_often() -> None:
    """Level 1 leaves room, level 0 is far too slow."""
    costs = (0.200, 0.050)
    path = drive(Governor(10.0, 2), 6000, costs=costs)
    tries = [i for i in range(1, len(path)) if (path[i - 1], path[i]) == (1, 0)]
    pauses = [later - sooner for sooner, later in pairwise(tries)]
    assert pauses[-1] > 6 * pauses[0]
    assert path.count(0) < 0.1 * len(path)


def test_a_machine_that_is_too_slow_is_helpless_at_the_fastest_level() -> None:
    governor = Governor(100.0, 5)
    path = drive(governor, 100)
    assert not Governor(100.0, 5).helpless
    assert governor.helpless
    assert path[-1] == 4
    assert path == sorted(path)


def test_one_slow_frame_changes_nothing() -> None:
    governor = Governor(10.0, 5)
    drive(governor, 60)
    governor.add(0.25)
    assert set(drive(governor, 60)) == {0}


def test_a_long_stall_is_forgotten() -> None:
    """A computer that slept for a minute does not hurry for the next twenty."""
    costs = (0.095, 0.050)
    governor = Governor(10.0, 2)
    assert set(drive(governor, 60, costs=costs)) == {0}
    governor.add(100.0)
    path = drive(governor, 200, costs=costs)
    assert 1 in path
    assert set(path[100:]) == {0}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 3), max_size=200), st.floats(0.5, 120), st.integers(1, 6), st.data())
def test_the_level_is_always_one_of_them(laps, fps, num_levels, data) -> None:
    governor = Governor(fps, num_levels, data.draw(st.integers(0, num_levels - 1)))
    for lap in laps:
        before = governor.level
        assert 0 <= governor.add(lap) < num_levels
        assert abs(governor.level - before) <= 1
