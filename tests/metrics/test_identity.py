import numpy as np
import pytest

from fakes.overlaps import FrameTable, join_frames
from segue.metrics.identity import IdentityTally, tally_identity


def tally(*frames) -> IdentityTally:
    return tally_identity(join_frames([FrameTable(*frame) for frame in frames]))


def test_a_perfect_prediction_has_ones_only():
    assert set(tally(([3, 4], [1, 2], np.eye(2))).scores().values()) == {1.0}


def test_each_track_is_paired_once_for_the_whole_sequence():
    # 3 frames with prediction 7, then 2 with 8: the longer part counts.
    found = tally(*[([1], [7], [[0.9]])] * 3, *[([1], [8], [[0.9]])] * 2)
    assert found.counts() == {"IDTP": 3, "IDFP": 2, "IDFN": 2}
    assert found.scores() == {"IDF1": 0.6, "IDP": 0.6, "IDR": 0.6}


def test_the_pairing_is_the_best_as_a_whole():
    # Greedily 1-7 (3 frames) would leave 2 with nothing; 1-8 and 2-7 explain 2 + 2.
    ones = [([1], [7], [[1.0]])] * 3 + [([1], [8], [[1.0]])] * 2
    twos = [([2], [7], [[1.0]])] * 2
    assert tally(*ones, *twos).true_positives == 4


def test_a_match_begins_at_one_half():
    assert tally(([1], [7], [[0.5]])).true_positives == 1
    assert tally(([1], [7], [[0.4999]])).true_positives == 0


def test_tallies_add():
    one, two = IdentityTally(3, 1, 0), IdentityTally(1, 0, 4)
    assert one + two == two + one == IdentityTally(4, 1, 4)
    assert (one + two).scores()["IDF1"] == pytest.approx(8 / 13)


def test_without_truth_none_without_predictions_zero():
    assert set(IdentityTally(0, 0, 3).scores().values()) == {None}
    assert set(IdentityTally(0, 3, 0).scores().values()) == {0.0}
