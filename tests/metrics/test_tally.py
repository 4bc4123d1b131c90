import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.metrics.tally import Curve, JFTally, statistics, tally_frame


def tally(values: dict[tuple[str, int], list[float]]) -> JFTally:
    return JFTally({k: Curve(tuple(v), tuple(1 - x for x in v)) for k, v in values.items()})


def square(left: int) -> np.ndarray:
    mask = np.zeros((50, 50), bool)
    mask[10:20, left : left + 10] = True
    return mask


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


def test_one_frame_holds_both_measures() -> None:
    found = tally_frame("cat", 3, square(10), square(15)).curves
    curve = found["cat", 3]
    assert list(found) == [("cat", 3)]
    assert curve.region == (pytest.approx(50 / 150),)
    assert 0 < curve.boundary[0] < 1


def test_tallies_add_without_changing() -> None:
    a = tally({("cat", 1): [0.1, 0.2], ("cat", 2): [0.3]})
    b = tally({("cat", 1): [0.4], ("dog", 1): [0.5]})
    both = a + b
    assert both.curves["cat", 1].region == (0.1, 0.2, 0.4)
    assert both.curves["cat", 1].boundary == (0.9, 0.8, 0.6)
    assert list(both.curves) == [("cat", 1), ("cat", 2), ("dog", 1)]
    assert a.curves["cat", 1].region == (0.1, 0.2)
    assert JFTally() + a == a == a + JFTally()


def test_grouping_does_not_matter() -> None:
    a, b, c = (tally({("cat", 1): [x], ("dog", i): [x]}) for i, x in enumerate((0.1, 0.2, 0.3)))
    assert (a + b) + c == a + (b + c)
