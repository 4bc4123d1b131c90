from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.overlaps import FrameTable, join_frames
from segue.errors import MaskError
from segue.media.rle import RunLengths, encode
from segue.metrics import overlap
from segue.metrics.assignment import assign_frames
from segue.metrics.overlap import SequenceOverlap, measure_overlaps, select_class

CAR, PEDESTRIAN, REGION = 1, 2, 10


@dataclass(frozen=True)
class Object:
    track_id: int
    class_id: int
    mask: RunLengths


def box(track_id: int, left: int, right: int, class_id: int = CAR, width: int = 40) -> Object:
    mask = np.zeros((4, width), bool)
    mask[:, left:right] = True
    return Object(track_id, class_id, encode(mask))


def one_class(truth: list[Object], predicted: list[Object], class_id: int = CAR) -> SequenceOverlap:
    return select_class(measure_overlaps([truth], [predicted]), class_id, REGION)


def test_overlap_is_intersection_over_union_within_each_class():
    truth = [box(7, 0, 10), box(8, 10, 20, PEDESTRIAN)]
    predicted = [box(1, 0, 5), box(2, 10, 12), box(3, 12, 20, PEDESTRIAN)]
    cars = one_class(truth, predicted)
    assert (len(cars.truth), len(cars.predicted)) == (1, 2)
    assert cars.iou.tolist() == [0.5]
    assert one_class(truth, predicted, PEDESTRIAN).iou.tolist() == [0.8]


@pytest.mark.parametrize(("right", "judged"), [(15, 1), (16, 1), (17, 0)])
def test_unmatched_predictions_are_left_out_beyond_half_on_regions(right, judged):
    regions = [box(90, 0, 12, REGION), box(91, 12, right, REGION)]
    found = one_class(regions, [box(1, 10, 22), box(2, 30, 40)])
    assert len(found.predicted) == 1 + judged


def test_a_match_counts_even_on_a_region():
    found = one_class([box(5, 0, 10), box(90, 10, 40, REGION)], [box(1, 0, 20), box(2, 20, 30)])
    assert found.predicted.tracks.tolist() == [0]
    assert found.iou.tolist() == [0.5]


def test_another_class_is_no_region():
    assert len(one_class([box(5, 0, 10)], [box(1, 0, 10, PEDESTRIAN)], PEDESTRIAN).predicted) == 1


def test_tracks_are_counted_over_the_sequence():
    frames = [[box(30, 0, 5), box(10, 5, 9)], [], [box(10, 1, 4)]]
    found = select_class(measure_overlaps(frames, frames), CAR, REGION)
    assert found.truth.frames.tolist() == [0, 0, 2]
    assert found.truth.tracks.tolist() == [1, 0, 0]
    assert found.truth.lengths.tolist() == [2, 1]
    assert found.pair_frames.tolist() == [0, 0, 2]
    assert found.truth_tracks.tolist() == found.predicted_tracks.tolist() == [1, 0, 0]
    assert found.iou.tolist() == [1, 1, 1]


def test_no_frames_hold_nothing():
    found = select_class(measure_overlaps([], []), CAR, REGION)
    assert (found.num_frames, len(found.truth), len(found.predicted)) == (0, 0, 0)
    assert assign_frames(found, found.iou).tolist() == []


def test_masks_that_share_pixels_are_refused_by_their_tracks():
    fine = [box(1, 0, 10), box(2, 10, 20)]
    with pytest.raises(MaskError, match=r"tracks 2 and 3 overlap"):
        measure_overlaps([fine, [*fine, box(3, 19, 30)]], [fine, fine])
    with pytest.raises(MaskError, match=r"overlap"):
        measure_overlaps([fine], [[box(1, 0, 10), box(3, 5, 8)]])


def test_masks_of_several_sizes_are_refused():
    with pytest.raises(MaskError, match="size"):
        measure_overlaps([[box(1, 0, 5)]], [[box(1, 0, 5), box(2, 5, 9, width=41)]])


maps = st.integers(0, 2**32).map(
    lambda seed: np.random.default_rng(seed).integers(0, 5, (2, 3, 4, 6)) * 1001
)
"""Both sides, three frames: labels 0, 1001, ..., 4004, scattered pixel by pixel."""


@settings(max_examples=40, deadline=None)
@given(maps, st.sampled_from([1, 2, 64]))
def test_shared_pixels_are_those_of_the_masks(labels, batch):
    sides = [
        [[Object(v, v // 1000, encode(f == v)) for v in np.unique(f).tolist() if v] for f in side]
        for side in labels
    ]
    sides[0][1].append(Object(9, 1, encode(np.zeros((4, 6), bool))))  # a mask without pixels
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlap, "_BATCH", batch)
        found = measure_overlaps(*sides)
    expected = {
        (frame, a, b): int(((labels[0, frame] == a) & (labels[1, frame] == b)).sum())
        for frame in range(3)
        for a in np.unique(labels)
        for b in np.unique(labels)
        if a and b
    }
    pairs = zip(
        found.truth.frames[found.rows],
        found.truth.track_ids[found.rows],
        found.predicted.track_ids[found.columns],
        strict=True,
    )
    assert dict(zip(pairs, found.pixels, strict=True)) == {k: v for k, v in expected.items() if v}
    assert (found.predicted.frames[found.columns] == found.truth.frames[found.rows]).all()
    assert (np.diff(found.rows) >= 0).all()
    assert found.truth.areas.sum() == (labels[0] > 0).sum()


tables = st.tuples(st.integers(0, 4), st.integers(0, 4)).flatmap(
    lambda size: st.lists(
        st.floats(0, 1, allow_subnormal=False),
        min_size=size[0] * size[1],
        max_size=size[0] * size[1],
    ).map(lambda cells: np.reshape(cells, size))
)


@settings(max_examples=60, deadline=None)
@given(st.lists(tables, max_size=5))
def test_assignment_is_the_best_of_each_frame(iou):
    joined = join_frames([FrameTable(range(len(t)), range(t.shape[1]), t) for t in iou])
    matches = assign_frames(joined, joined.iou)
    for index, table in enumerate(iou):
        here = matches[joined.pair_frames[matches] == index]
        assert len(set(joined.rows[here])) == len(set(joined.columns[here])) == len(here)
        assert joined.iou[here].sum() == pytest.approx(best_sum(table))
    assert matches.tolist() == sorted(matches.tolist())


def best_sum(table) -> float:
    """By trying all."""
    if not table.size:
        return 0.0
    without = best_sum(table[1:])
    return max(
        [without]
        + [table[0, c] + best_sum(np.delete(table[1:], c, axis=1)) for c in range(table.shape[1])]
    )
