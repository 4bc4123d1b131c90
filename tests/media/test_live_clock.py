"""Times of live frames."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segue.media.live_clock import LiveClock
from segue.media.live_feed import Picture

TICK = Fraction(1, 1000)
RATE = Fraction(25)


def picture(time: Fraction | None = None, arrived: float = 0.0) -> Picture:
    return Picture((1, 1), lambda: np.zeros((1, 1, 3), np.uint8), time, arrived)


def test_own_times_stay() -> None:
    clock = LiveClock(TICK, RATE, by_arrival=True)
    times = [Fraction(n, 1000) for n in (5000, 5040, 5081, 9000)]
    assert [clock.time(picture(time, 77.0)) for time in times] == times


def test_a_clock_that_starts_again_goes_on_one_frame_later() -> None:
    clock = LiveClock(TICK, RATE, by_arrival=True)
    own = [Fraction(n, 1000) for n in (5000, 5040, 0, 40, 90)]
    told = [clock.time(picture(time)) * 1000 for time in own]
    assert told == [5000, 5040, 5080, 5120, 5170]


def test_a_small_step_back_changes_no_later_time() -> None:
    clock = LiveClock(TICK, RATE, by_arrival=True)
    told = [clock.time(picture(Fraction(n, 1000))) * 1000 for n in (100, 140, 139, 200)]
    assert told == [100, 140, 141, 200]


def test_arrival_counts_from_the_first_picture() -> None:
    clock = LiveClock(None, RATE, by_arrival=True)
    told = [float(clock.time(picture(arrived=t))) for t in (100.0, 100.5, 100.5, 102.0)]
    assert told[:2] == [0, 0.5]
    assert 0.5 < told[2] < 0.51
    assert told[3] == 2


def test_counted() -> None:
    clock = LiveClock(None, RATE, by_arrival=False)
    assert [clock.time(picture(arrived=9.0 * n)) for n in range(3)] == [
        0,
        Fraction(1, 25),
        Fraction(2, 25),
    ]


@given(
    st.lists(st.tuples(st.integers(-100_000, 100_000), st.floats(0, 1e6)), min_size=2),
    st.booleans(),
    st.booleans(),
    st.none() | st.integers(0, 10_000),
)
def test_times_are_ticks_and_always_later(
    came: list[tuple[int, float]], own: bool, by_arrival: bool, resumed: int | None
) -> None:
    clock = LiveClock(TICK if own else None, RATE, by_arrival=by_arrival)
    before = Fraction(-1000)
    if resumed is not None:
        before = Fraction(resumed, 7)
        clock.go_on(before)
    for ticks, arrived in came:
        time = clock.time(picture(ticks * TICK, arrived))
        assert time > before
        assert (time / clock.time_base).denominator == 1
        before = time
