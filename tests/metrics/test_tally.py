import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.metrics.tally import Curve, curves_by_object, statistics


def test_mean_and_recall() -> None:
    found = statistics([0.5, 0.6, 0.9, 0.2])
    assert found.mean == pytest.approx(0.55)
    assert found.recall == 0.5  # 0.5 itself is not above 0.5


def test_decay_by_hand() -> None:
    # Borders for 8 values: round(1, 2.75, 4.5, 6.25, 8) - 1 = 0, 2, 4, 5, 7, both ends included.
    values = [1.0, 0.9, 0.8, 0.0, 0.0, 0.3, 0.2, 0.1]
    assert statistics(values).decay == pytest.approx(0.9 - 0.2)


def test_decay_beyond_256_frames() -> None:
    values = [0.75] * 250 + [0.25] * 250
    assert statistics(values).decay == pytest.approx(0.5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=256))
def test_equal_to_the_official_statistics(values: list[float]) -> None:
    ids = np.round(np.linspace(1, len(values), 5) + 1e-10) - 1
    ids = ids.astype(np.uint8)
    bins = [values[ids[i] : ids[i + 1] + 1] for i in range(4)]
    assert statistics(values).decay == pytest.approx(np.mean(bins[0]) - np.mean(bins[3]), abs=1e-9)


def test_no_values() -> None:
    with pytest.raises(ValueError, match="at least one"):
        statistics([])


def test_curves_of_objects_that_come_later() -> None:
    frames = [{2: (0.1, 0.2)}, {2: (0.3, 0.4)}, {1: (1.0, 0.9), 2: (0.5, 0.6)}]
    assert curves_by_object(frames) == {
        1: Curve((1.0,), (0.9,), start=2),
        2: Curve((0.1, 0.3, 0.5), (0.2, 0.4, 0.6)),
    }
    assert curves_by_object([]) == {}
