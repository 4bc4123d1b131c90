import numpy as np
import pytest

from fakes.overlaps import FrameTable, join_frames
from segue.metrics.hota import ALPHAS, HotaTally, tally_hota


def tally(*frames) -> HotaTally:
    return tally_hota(join_frames(frames))


def test_a_perfect_prediction_has_ones_only():
    assert set(tally(*[FrameTable([1, 2], [7, 8], np.eye(2))] * 3).scores().values()) == {1.0}


def test_detection_ends_where_alpha_exceeds_the_overlap():
    found = tally(FrameTable([1], [7], [0.5])).by_alpha()
    expected = (ALPHAS < 0.51).astype(float)
    for name in ("HOTA", "DetA", "DetRe", "DetPr", "AssA"):
        assert found[name] == pytest.approx(expected)
    assert found["LocA"] == pytest.approx(np.where(expected, 0.5, 1.0))


def test_association_by_hand():
    # One object of 4 frames, found with 3 masks of one prediction and 1 of another.
    found = tally(*[FrameTable([1], [7], [1.0])] * 3, FrameTable([1], [8], [1.0])).scores()
    assert found["DetA"] == 1
    assert found["AssA"] == pytest.approx((3 * 3 / 4 + 1 * 1 / 4) / 4)
    assert found["AssPr"] == 1
    assert found["AssRe"] == pytest.approx((3 * 3 / 4 + 1 * 1 / 4) / 4)
    assert found["HOTA"] == pytest.approx(np.sqrt(found["AssA"]))


def test_the_matching_prefers_tracks_that_fit_over_the_whole_sequence():
    # Prediction 8 overlaps more in the second frame, 7 fits better in all others.
    steady = FrameTable([1], [7], [0.8])
    contested = FrameTable([1], [7, 8], [0.5, 0.6])
    found = tally(steady, contested, steady, steady).by_alpha()
    assert found["AssA"][0] == 1


def test_sequences_are_weighted_by_their_matches():
    good = tally(*[FrameTable([1], [7], [1.0])] * 3)
    bad = tally(FrameTable([1, 2], [7], [[0.0], [1.0]]), FrameTable([2], [8], [1.0]))
    both = (good + bad).scores()
    assert both["AssA"] == pytest.approx((3 * 1 + 2 * 0.5) / 5)
    assert both["DetA"] == pytest.approx(5 / 6)
    assert (bad + good).scores() == pytest.approx(both)


def test_without_truth_none_without_predictions_zero():
    assert set(tally(FrameTable([], [1], [])).scores().values()) == {None}
    missed = tally(FrameTable([1], [], [])).scores()
    assert missed.pop("LocA") == 1
    assert set(missed.values()) == {0.0}
    assert set(tally().scores().values()) == {None}
