import numpy as np
import pytest

from segue.media.stacked_areas import AreasOverTime

COLOURS = np.zeros((256, 3), np.uint8)
COLOURS[:3] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
NAMES = ("one", "two", "three")
PLOT = slice(40, 460), slice(60, 960)


def plot(chart: AreasOverTime) -> np.ndarray:
    return chart.draw()[PLOT]


def heights(columns: np.ndarray) -> list[float]:
    """Share of the plot that each colour has."""
    return [float((columns == colour).all(axis=2).mean()) for colour in COLOURS[:3]]


def test_bands_are_as_high_as_the_shares() -> None:
    chart = AreasOverTime(NAMES, COLOURS, 0.0, 2.0)
    chart.add(0.0, np.array([0.6, 0.3, 0.1]))
    chart.add(1.0, np.array([0.0, 0.5, 0.5]))
    picture = plot(chart)
    # Three grid lines of 420 rows are of mixed colour.
    assert heights(picture[:, :449]) == pytest.approx([0.6, 0.3, 0.1], abs=0.008)
    assert heights(picture[:, 451:]) == pytest.approx([0.0, 0.5, 0.5], abs=0.008)
    assert (picture[0, 0] == COLOURS[0]).all(), "the first part lies on top"


def test_frames_that_share_a_column_are_averaged() -> None:
    chart = AreasOverTime(NAMES, COLOURS, 0.0, 900.0)
    for number in range(9_000):
        chart.add(number / 10, np.array([0.0, number % 2, 1 - number % 2], np.float64))
    assert heights(plot(chart)) == pytest.approx([0.0, 0.5, 0.5], abs=0.008)


def test_only_what_occurs_is_in_the_legend() -> None:
    chart = AreasOverTime(NAMES, COLOURS, 0.0, 1.0)
    chart.add(0.0, np.array([0.75, 0.0, 0.25]))
    legend = chart.draw()[:, 970:]
    found = [bool((legend == colour).all(axis=2).any()) for colour in COLOURS[:3]]
    assert found == [True, False, True]


@pytest.mark.parametrize("seconds", [0.001, 0.04, 3.0, 59.0, 3600.0, 1e6])
def test_any_duration_has_a_few_ticks(seconds: float) -> None:
    chart = AreasOverTime(NAMES, COLOURS, 5.0, 5.0 + seconds)
    chart.add(5.0, np.array([1.0, 0.0, 0.0]))
    ticks = (chart.draw()[461, 60:961] < 100).all(axis=1).sum()
    assert 1 <= ticks <= 12


def test_many_parts_fit(tmp_path) -> None:
    names = [f"part {number}" for number in range(124)]
    chart = AreasOverTime(names, COLOURS, 0.0, 1.0)
    chart.add(0.0, np.full(124, 1 / 124))
    assert chart.draw().shape == (510, 1280, 3)
