import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.errors import MaskError
from segue.media.rle import encode
from segue.metrics.assignment import assign_frames
from segue.metrics.overlap import FrameOverlap, join_frames, overlap_masks


def box(left: int, right: int, height: int = 4, width: int = 40):
    mask = np.zeros((height, width), bool)
    mask[:, left:right] = True
    return encode(mask)


def frame(truth, predicted, iou) -> FrameOverlap:
    shape = len(truth), len(predicted)
    return FrameOverlap(
        np.array(truth, np.int64), np.array(predicted, np.int64), np.reshape(iou, shape)
    )


def test_overlap_is_intersection_over_union_within_each_class():
    cars, pedestrians = overlap_masks(
        [{7: box(0, 10)}, {8: box(10, 20)}], [{1: box(0, 5), 2: box(10, 20)}, {3: box(12, 20)}]
    )
    assert cars.truth_ids.tolist() == [7]
    assert cars.predicted_ids.tolist() == [1, 2]
    assert cars.iou.tolist() == [[0.5, 0.0]]
    assert pedestrians.iou.tolist() == [[0.8]]


@pytest.mark.parametrize(("right", "judged"), [(15, [1]), (16, [1]), (17, [])])
def test_unmatched_predictions_are_left_out_beyond_half_on_an_ignore_region(right, judged):
    (found,) = overlap_masks([{}], [{1: box(10, 22)}], [box(0, 12), box(12, right)])
    assert found.predicted_ids.tolist() == judged


def test_a_match_counts_even_on_an_ignore_region():
    (found,) = overlap_masks([{5: box(0, 10)}], [{1: box(0, 18)}], [box(10, 40)])
    assert found.predicted_ids.tolist() == [1]


def test_another_class_is_no_ignore_region():
    _, pedestrians = overlap_masks([{5: box(0, 10)}, {}], [{}, {1: box(0, 10)}], [box(30, 40)])
    assert pedestrians.predicted_ids.tolist() == [1]


def test_masks_of_several_sizes_are_refused():
    with pytest.raises(MaskError, match="size"):
        overlap_masks([{1: box(0, 5)}], [{1: box(0, 5, width=41)}])


def test_joined_frames_keep_every_pair():
    joined = join_frames([
        frame([30, 10], [5], [[0.25], [0.5]]),
        frame([], [5, 6], []),
        frame([], [], []),
        frame([10, 20], [6, 9], [[0.0, 0.75], [1.0, 0.0]]),
    ])  # fmt: skip
    assert joined.num_frames == 4
    assert joined.truth.frames.tolist() == [0, 0, 3, 3]
    assert joined.truth.tracks.tolist() == [2, 0, 0, 1]
    assert joined.truth.lengths.tolist() == [2, 1, 1]
    assert joined.predicted.tracks.tolist() == [0, 0, 1, 1, 2]
    assert joined.pair_frames.tolist() == [0, 0, 3, 3]
    assert joined.truth_tracks.tolist() == [2, 0, 0, 1]
    assert joined.predicted_tracks.tolist() == [0, 0, 2, 1]
    assert joined.iou.tolist() == [0.25, 0.5, 0.75, 1.0]


def test_no_frames_join_to_nothing():
    joined = join_frames([])
    assert (joined.num_frames, len(joined.truth), len(joined.predicted)) == (0, 0, 0)
    assert assign_frames(joined, joined.iou).tolist() == []


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
    joined = join_frames([frame(range(len(t)), range(t.shape[1]), t) for t in iou])
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
