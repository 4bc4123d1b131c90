import numpy as np
import pytest

from segue.metrics.region import RegionCounts, region_counts


def box(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros((20, 30), bool)
    mask[top:bottom, left:right] = True
    return mask


EMPTY = box(0, 0, 0, 0)


def test_counts_of_two_boxes() -> None:
    counts = region_counts(box(2, 2, 8, 12), box(4, 6, 8, 18))
    assert counts == RegionCounts(intersection=24, union=60 + 48 - 24)
    assert counts.value == pytest.approx(24 / 84)


@pytest.mark.parametrize(
    ("predicted", "truth", "value"),
    [
        (EMPTY, EMPTY, 1.0),
        (EMPTY, box(1, 1, 3, 3), 0.0),
        (box(1, 1, 3, 3), EMPTY, 0.0),
        (box(1, 1, 3, 3), box(5, 5, 9, 9), 0.0),
        (box(1, 1, 3, 3), box(1, 1, 3, 3), 1.0),
    ],
)
def test_border_cases(predicted: np.ndarray, truth: np.ndarray, value: float) -> None:
    assert region_counts(predicted, truth).value == value
