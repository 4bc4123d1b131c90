import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.overlaps import FrameTable, join_frames
from segue.metrics.mots import MotsTally, match_masks, tally_mots


def tally(*frames) -> MotsTally:
    """From ``{truth: (prediction, iou)}`` per frame; true objects without a prediction have ``None``."""
    sequence = join_frames([overlap(frame) for frame in frames])
    return tally_mots(sequence, match_masks(sequence))


def overlap(pairs, extra=()) -> FrameTable:
    truth = [t for t in pairs if t is not None]
    predicted = list({pair[0]: 0 for pair in pairs.values() if pair} | dict.fromkeys(extra, 0))
    iou = np.zeros((len(truth), len(predicted)))
    for row, t in enumerate(truth):
        if pairs[t]:
            iou[row, predicted.index(pairs[t][0])] = pairs[t][1]
    return FrameTable(truth, predicted, iou)


def test_formulas_by_hand():
    # 4 true masks, 3 matches of IoU 0.9, 0.8, 0.7, one false object (IoU 0.3), one switch.
    found = tally({1: (5, 0.9), 2: (6, 0.8)}, {1: (7, 0.7), 2: (8, 0.3)})
    assert found.counts() == {
        "TP": 3, "FP": 1, "FN": 1, "IDS": 1, "Frag": 0, "MT": 1, "PT": 1, "ML": 0,
    }  # fmt: skip
    scores = found.scores()
    assert scores["sMOTSA"] == pytest.approx((2.4 - 1 - 1) / 4)
    assert scores["MOTSA"] == pytest.approx((3 - 1 - 1) / 4)
    assert scores["MODSA"] == pytest.approx((3 - 1) / 4)
    assert scores["MOTSP"] == pytest.approx(0.8)
    assert scores["recall"] == scores["precision"] == scores["F1"] == pytest.approx(0.75)


def test_a_match_begins_at_one_half():
    assert tally({1: (5, 0.5)}).true_positives == 1
    assert tally({1: (5, np.nextafter(0.5, 0))}).true_positives == 0


def test_a_switch_counts_after_a_gap_and_once_per_change():
    assert tally({1: (5, 0.9)}, {1: None}, {1: (6, 0.9)}, {1: (6, 0.9)}).id_switches == 1
    assert tally({1: (5, 0.9)}, {1: None}, {1: (5, 0.9)}).id_switches == 0
    assert tally({1: (5, 0.9)}, {1: (6, 0.9)}, {1: (5, 0.9)}).id_switches == 2


def test_fragments_are_resumptions_where_both_sides_hold_an_object():
    gap = {1: None, 2: (9, 0.9)}
    assert tally({1: (5, 0.9), 2: (9, 0.9)}, gap, {1: (5, 0.9), 2: (9, 0.9)}).fragments == 1
    assert tally({1: (5, 0.9)}, {1: None}, {1: (5, 0.9)}).fragments == 0


def test_an_object_keeps_its_prediction_among_equals():
    halves = FrameTable([1], [5, 6], [[0.5, 0.5]])
    for kept in (5, 6):
        sequence = join_frames([overlap({1: (kept, 0.9)}), halves, halves])
        assert tally_mots(sequence, match_masks(sequence)).id_switches == 0


@pytest.mark.parametrize(
    ("matched", "expected"), [(5, "MT"), (4, "PT"), (1, "PT"), (0, "ML")]
)  # of five frames
def test_mostly_tracked_is_above_and_mostly_lost_below_the_bounds(matched, expected):
    frames = [{1: (5, 0.9), 2: (6, 0.9)}] * matched + [{1: None, 2: (6, 0.9)}] * (5 - matched)
    counts = tally(*frames).counts()
    counts["MT"] -= 1  # object 2
    assert {name: counts[name] for name in ("MT", "PT", "ML") if counts[name]} == {expected: 1}


def test_without_true_objects_there_are_no_values():
    found = tally_mots(sequence := join_frames([overlap({}, extra=(1, 2))]), match_masks(sequence))
    assert found.false_positives == 2
    assert set(found.scores().values()) == {None}


def test_without_predictions_all_is_missed():
    found = tally({1: None}, {1: None})
    assert (found.false_negatives, found.mostly_lost) == (2, 1)
    assert set(found.scores().values()) == {0.0}


count = st.integers(0, 99)
counts = st.builds(MotsTally, count, count.map(float), *[count] * 7)


@given(st.lists(counts, max_size=5), st.randoms(use_true_random=False))
def test_tallies_add_in_any_order(tallies, random):
    total = sum(tallies, start=MotsTally())
    random.shuffle(tallies)
    assert sum(tallies, start=MotsTally()) == total


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_new_names_of_tracks_change_nothing(seed):
    draw = np.random.default_rng(seed)
    frames = random_frames(draw)
    assert tally_of(rename(draw, frames)) == tally_of(frames)


def tally_of(frames) -> MotsTally:
    sequence = join_frames(frames)
    return tally_mots(sequence, match_masks(sequence))


def random_frames(draw: np.random.Generator) -> list[FrameTable]:
    """Up to four tracks a side; each row and column sums to at most 1, as with masks that share no pixels."""
    frames = []
    for _ in range(draw.integers(1, 8)):
        truth, predicted = (draw.permutation(4)[: draw.integers(5)] for _ in range(2))
        iou = draw.dirichlet(np.full(5, 0.3), len(truth))[:, : len(predicted)]
        iou /= np.maximum(1, iou.sum(axis=0)) + 1e-9
        frames.append(FrameTable(truth.tolist(), predicted.tolist(), iou))
    return frames


def rename(draw: np.random.Generator, frames: list[FrameTable]) -> list[FrameTable]:
    truth, predicted = draw.permutation(1000)[:4], draw.permutation(1000)[:4]
    return [
        FrameTable(truth[f.truth_ids].tolist(), predicted[f.predicted_ids].tolist(), f.iou)
        for f in frames
    ]
