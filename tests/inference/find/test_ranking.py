import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.inference.find.found import Sighting, sighting
from segue.inference.find.ranking import ranked, score_of, size_weight


def seen(frame: int, score: float = 0.9, share: float = 0.25, motion: float = 0.0) -> Sighting:
    mask = np.zeros((20, 20), bool)
    mask.ravel()[: round(400 * share)] = True
    return sighting(frame, f"{frame:05d}", mask, score, motion)


def typical(number: int, place: int) -> float:
    return 1.0


def test_score_is_the_mean_over_all_looks() -> None:
    assert score_of([seen(0, 0.8), seen(3, 0.6)], 4) == pytest.approx(1.4 / 4 / 2)
    assert score_of([seen(0, 0.8, motion=1.0), seen(3, 0.6, motion=1.0)], 4) == pytest.approx(0.35)


def test_sizes() -> None:
    assert [size_weight(share) for share in (0.01, 0.2, 0.5)] == [1, 1, 1]
    assert size_weight(0.0025) == pytest.approx(0.5)
    assert size_weight(0.75) == pytest.approx(0.5)
    assert size_weight(1.0) == 0


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_more_often_and_more_surely_is_never_worse(low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert score_of([seen(0, low)], 3) <= score_of([seen(0, high)], 3)
    assert score_of([seen(0, low)], 3) <= score_of([seen(0, low), seen(1, high)], 3)
    assert score_of([seen(0, motion=low)], 3) <= score_of([seen(0, motion=high)], 3)


def test_the_order_and_the_surest_frame() -> None:
    still = [seen(t) for t in range(8)]
    moving = [seen(t, 0.7 + 0.02 * t, motion=0.9) for t in range(8)]
    first, second = ranked([still, moving], 8, typical)
    assert (first.object_id, first.sightings[0].motion, first.best.frame) == (1, 0.9, 7)
    assert (second.object_id, second.best.frame) == (2, 0), "of equals the earliest"
    assert [item.best.frame for item in ranked([moving], 8, lambda n, p: float(p == 2))] == [2]
    assert len(ranked([still, moving], 8, typical, most=1)) == 1


@pytest.mark.parametrize(
    ("chain", "num_looks", "kept"),
    [
        ([seen(0)], 3, True),
        ([seen(0)], 4, False),
        ([seen(0), seen(1)], 4, True),
        ([seen(0, 0.2), seen(1, 0.2)], 4, False),
        ([seen(0, 0.2), seen(1, 0.4)], 4, True),
    ],
)
def test_chance_finds_are_no_objects(chain: list[Sighting], num_looks: int, kept: bool) -> None:
    assert bool(ranked([chain], num_looks, typical)) == kept
