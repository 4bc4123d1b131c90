import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.media.reuse_timeline import COMPUTED, REUSED, ReuseOverTime
from segue.media.time_chart import INK, LEFT, TOP, WIDTH

HEIGHT = 84


def band(chart: ReuseOverTime, place: int = 0, height: int = HEIGHT) -> np.ndarray:
    top = TOP + place * (height + 8)
    return chart.draw()[top : top + height, LEFT : LEFT + WIDTH]


def share(pixels: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((pixels == colour).all(-1).mean())


def test_each_frame_has_its_colour() -> None:
    chart = ReuseOverTime({"1": "object 1"}, 0.5, 0.0, 3.0)
    for time, reused in ((0.0, False), (1.0, True), (2.0, False)):
        chart.add("1", time, None, reused)
    thirds = np.split(band(chart), 3, axis=1)
    # All but the dashes of the threshold.
    assert [share(third, COMPUTED) > 0.98 for third in thirds] == [True, False, True]
    assert share(thirds[1], REUSED) > 0.98


def test_an_object_begins_where_it_appears() -> None:
    chart = ReuseOverTime({"1": "object 1", "2": "object 2"}, 0.5, 0.0, 2.0)
    chart.add("1", 0.0, None, False)
    chart.add("1", 1.0, 0.9, True)
    chart.add("2", 1.0, None, False)
    late = band(chart, 1)
    assert share(late[:, :450], (255, 255, 255)) == 1
    assert share(late[:, 450:], COMPUTED) > 0.98


def line_rows(pixels: np.ndarray, column: int) -> list[int]:
    return np.flatnonzero((pixels[:, column] == INK).all(-1)).tolist()


def test_the_lines_of_gate_and_threshold_stand_at_their_values() -> None:
    chart = ReuseOverTime({"1": "object 1"}, 0.25, 0.0, 2.0)
    chart.add("1", 0.0, None, False)
    chart.add("1", 1.0, 0.75, True)
    found = band(chart)
    threshold, gate = round(0.75 * (HEIGHT - 1)), round(0.25 * (HEIGHT - 1))
    assert line_rows(found, 0) == [threshold], "no gate where it was not asked"
    assert line_rows(found, 6) == [], "the threshold is dashed"
    assert line_rows(found, 600) == [gate, gate + 1, threshold]


@pytest.mark.parametrize("gate", [0.0, 1.0])
def test_extreme_values_are_seen(gate: float) -> None:
    chart = ReuseOverTime({"1": "object 1"}, 0.5, 0.0, 1.0)
    chart.add("1", 0.0, gate, True)
    assert line_rows(band(chart), 8) == ([0, 1] if gate else [HEIGHT - 2, HEIGHT - 1])


def test_long_videos_are_summed_up_by_column() -> None:
    chart = ReuseOverTime({"1": "object 1"}, 1.0, 0.0, 900.0)
    for number in range(9_000):
        chart.add("1", number / 10, 0.2 if number % 10 == 3 else 0.9, number % 4 != 0)
    found = band(chart)
    assert share(found, REUSED) == pytest.approx(0.75, abs=0.04)
    lowest = round(0.8 * (HEIGHT - 1))
    assert {tuple(line_rows(found, x)[-2:]) for x in (10, 500, 899)} == {(lowest, lowest + 1)}


@given(count=st.integers(0, 60), threshold=st.floats(0, 1), seconds=st.floats(0.01, 1e5))
@settings(max_examples=15, deadline=None)
def test_any_number_of_objects_fits(count: int, threshold: float, seconds: float) -> None:
    names = {str(number): f"object {number}" for number in range(count)}
    chart = ReuseOverTime(names, threshold, 5.0, 5.0 + seconds)
    for name in names:
        chart.add(name, 5.0, threshold, False)
    height, width, _ = chart.draw().shape
    assert width == 1280
    assert height <= max(510, 90 + 22 * count)
