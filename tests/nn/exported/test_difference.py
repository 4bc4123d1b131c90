"""How far an output is from what is expected."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.nn.exported.probe import difference


@settings(deadline=None)
@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=20), st.floats(0, 0.5))
def test_numbers_with_a_point_by_length(values: list[float], share: float) -> None:
    expected = np.array(values, np.float32)
    expected[0] += 1 if expected[0] >= 0 else -1
    assert difference(expected, expected) == 0
    found = expected.astype(np.float64) * (1 + share)
    assert difference(found, expected) == pytest.approx(share, abs=1e-6)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_whole_numbers_by_share(same: list[bool]) -> None:
    expected = np.zeros(len(same), np.uint8)
    found = np.where(same, 0, 7).astype(np.uint8)
    assert difference(found, expected) == pytest.approx(same.count(False) / len(same))


def test_what_cannot_be_compared_is_infinitely_far() -> None:
    one = np.ones((2, 2), np.float32)
    assert difference(one[:1], one) == np.inf
    assert difference(np.full_like(one, np.nan), one) == np.inf
    assert difference(one, np.zeros_like(one)) > 1e3
