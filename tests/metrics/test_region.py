import pytest

from segue.metrics.region import RegionCounts, region_counts


def test_counts_of_two_masks() -> None:
    counts = region_counts(0b1110, 0b0111)
    assert counts == RegionCounts(intersection=2, union=4)
    assert counts.value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("predicted", "truth", "value"),
    [(0, 0, 1.0), (0, 6, 0.0), (6, 0, 0.0), (6, 9, 0.0), (6, 6, 1.0)],
)
def test_border_cases(predicted: int, truth: int, value: float) -> None:
    assert region_counts(predicted, truth).value == value
