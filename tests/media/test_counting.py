import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segue.media import counting
from segue.media.counting import label_counts


@settings(deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_as_bincount_counts(labels: np.ndarray) -> None:
    expected = np.bincount(labels.ravel(), minlength=256)
    assert (label_counts(labels) == expected).all()
    assert (
        label_counts(labels[:, ::2]) == np.bincount(labels[:, ::2].ravel(), minlength=256)
    ).all()


def test_many_pixels_are_counted_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_EXACT", 100)
    labels = np.random.default_rng(0).integers(0, 256, (50, 30), np.uint8)
    assert (label_counts(labels) == np.bincount(labels.ravel(), minlength=256)).all()


def test_more_pixels_than_float32_counts() -> None:
    labels = np.zeros((4100, 4100), np.uint8)
    labels[0, 0] = 1
    assert label_counts(labels)[:2].tolist() == [4100 * 4100 - 1, 1]
