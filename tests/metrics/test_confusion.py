import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segue.errors import InputError, MaskError
from segue.metrics.confusion import ConfusionTally, class_table, confusion, stored_confusion

CLASSES = 4
maps = hnp.arrays(
    np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 5)
)


def one_by_one(predicted, truth, num_classes, void):
    counts = np.zeros((num_classes + 1, num_classes + 1), np.int64)
    for ours, theirs in zip(predicted.ravel().tolist(), truth.ravel().tolist(), strict=True):
        row = num_classes if theirs == void else theirs
        column = ours if 0 <= ours < num_classes and ours != void else num_classes
        counts[row, column] += 1
    return counts


def tally(rows):
    """Counts without void and foreign pixels."""
    return ConfusionTally(np.pad(np.array(rows, np.int64), (0, 1)))


@given(data=st.data())
def test_equals_counting_pixels_one_by_one(data):
    truth = data.draw(maps)
    predicted = data.draw(
        hnp.arrays(np.uint8, truth.shape, elements=st.sampled_from([0, 1, 3, 9, 255]))
    )
    truth[truth >= CLASSES] = 255
    found = confusion(predicted, truth, CLASSES)
    assert (found.counts == one_by_one(predicted, truth, CLASSES, 255)).all()


@pytest.mark.parametrize("size", [1, 3, 40])
def test_long_runs_and_noise_are_counted_alike(size):
    """Blocks of 40 pixels are counted in runs, single pixels in a histogram."""
    rng = np.random.default_rng(size)
    truth, predicted = (
        rng.integers(0, 6, (240 // size, 240 // size), np.uint8).repeat(size, 0).repeat(size, 1)
        for _ in range(2)
    )
    found = confusion(predicted, truth, 5, void=5)
    assert (found.counts == one_by_one(predicted, truth, 5, 5)).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64, np.int32])
def test_any_integer_type(dtype):
    truth = np.array([[0, 1, 2, 200]]).astype(dtype)
    predicted = np.array([[0, 2, 2, 1]]).astype(dtype)
    expected = [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 1, 0, 0]]
    assert confusion(predicted, truth, 3, void=200).counts.tolist() == expected


def test_void_may_be_negative_or_large_in_wide_types():
    truth, predicted = np.array([[0, -100, 1]]), np.array([[0, 0, -100]])
    assert confusion(predicted, truth, 2, void=-100).counts.tolist() == [
        [1, 0, 0],
        [0, 0, 1],
        [1, 0, 0],
    ]
    wide = np.array([[0, 65535]], np.uint16)
    assert confusion(wide, wide, 2, void=65535).counts.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]


def test_a_value_far_outside_is_no_class_even_if_its_low_byte_is_one():
    truth, predicted = np.zeros((1, 2), np.int64), np.array([[256, 257]])
    assert confusion(predicted, truth, 2).counts[:-1, -1].sum() == 2


@pytest.mark.parametrize("value", [3, 254, 300, -1])
def test_an_unknown_value_in_the_truth_is_refused_by_its_name(value):
    truth = np.array([[0, value]])
    with pytest.raises(InputError, match=rf"value {value}, expected 0 to 2, or 255"):
        confusion(np.zeros_like(truth), truth, 3)


def test_sizes_must_agree():
    with pytest.raises(MaskError, match="5x4 pixels, the truth 6x4"):
        confusion(np.zeros((4, 5), np.uint8), np.zeros((4, 6), np.uint8), 2)


def test_stored_values_go_through_the_table_of_their_side():
    truth = np.array([[0, 1, 2, 255]], np.uint8)
    predicted = np.array([[0, 0, 1, 1]], np.uint8)
    shifted = class_table({1: 0, 2: 1})
    found = stored_confusion(predicted, truth, 2, shifted, class_table({0: 0, 1: 1}))
    assert found.counts.tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
    same = stored_confusion(predicted, truth, 2, shifted)
    assert same.counts.tolist() == [[0, 0, 1], [1, 0, 0], [1, 0, 1]]


@given(data=st.data())
def test_tallies_of_parts_add_up_to_that_of_the_whole(data):
    truth, cut = data.draw(maps), data.draw(st.integers(0, 12))
    predicted = np.roll(truth, 1)
    truth[truth >= CLASSES] = 255
    parts = [s for s in (slice(None, cut), slice(cut, None)) if truth[s].size]
    total = sum(
        (confusion(predicted[s], truth[s], CLASSES) for s in parts), ConfusionTally.empty(CLASSES)
    )
    assert (total.counts == confusion(predicted, truth, CLASSES).counts).all()


def test_numbers_of_a_matrix_by_hand():
    found = tally([[6, 2], [1, 3]])
    assert found.class_iou.tolist() == [6 / 9, 3 / 6]
    assert found.mean_iou == found.mean_iou_in_truth == pytest.approx(7 / 12)
    assert found.pixel_accuracy == 9 / 12
    assert found.class_accuracy == pytest.approx((6 / 8 + 3 / 4) / 2)
    assert found.frequency_weighted_iou == pytest.approx(8 / 12 * 6 / 9 + 4 / 12 * 3 / 6)
    # Equation 13: both classes have 9 of 12 pixels right, as true positives or true negatives.
    assert found.binary_accuracy.tolist() == [9 / 12, 9 / 12]
    assert found.mean_binary_accuracy == 9 / 12


def test_equation_13_counts_true_negatives():
    found = tally([[5, 0, 0], [0, 0, 5], [0, 0, 90]])
    assert found.binary_accuracy.tolist() == [1.0, 0.95, 0.95]
    assert found.class_recall.tolist() == [1.0, 0.0, 1.0]


def test_which_classes_a_mean_is_over():
    # Class 2 is predicted but never true, class 3 is on neither side.
    found = tally([[4, 0, 2, 0], [0, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    assert found.class_iou[:3].tolist() == [4 / 6, 1.0, 0.0]
    assert math.isnan(found.class_iou[3])
    assert found.mean_iou == pytest.approx((4 / 6 + 1) / 3)
    assert found.mean_iou_in_truth == pytest.approx((4 / 6 + 1) / 2)
    assert found.smoothed_mean_iou == pytest.approx((4 / 6 + 1) / 4, abs=1e-6)
    assert found.smoothed_mean_iou < (4 / 6 + 1) / 4
    assert found.class_accuracy == pytest.approx((4 / 6 + 1) / 2)


def test_void_as_a_class_counts_what_is_void_on_both_sides():
    truth, predicted = np.array([[0, 0, 255, 255]]), np.array([[0, 255, 255, 0]])
    found = confusion(predicted, truth, 1)
    assert found.class_iou.tolist() == [1 / 2]
    with_void = found.void_as_class()
    assert with_void.num_classes == 2
    assert with_void.class_iou.tolist() == [1 / 3, 1 / 3]
    assert with_void.num_pixels == 4


def test_foreign_predictions_are_wrong_but_no_false_positives():
    found = confusion(np.array([[7, 0]]), np.array([[0, 0]]), 2)
    assert (found.counts[:-1, -1].sum(), found.num_pixels, found.pixel_accuracy) == (1, 2, 0.5)
    assert found.class_iou[0] == 0.5


def test_nothing_to_score_gives_nan_not_an_error():
    empty = ConfusionTally.empty(3)
    names = ("mean_iou", "mean_iou_in_truth", "pixel_accuracy", "class_accuracy")
    values = [getattr(empty, n) for n in (*names, "frequency_weighted_iou", "mean_binary_accuracy")]
    assert all(math.isnan(value) for value in values)


def test_a_tally_travels_between_processes():
    found = tally([[6, 2], [1, 3]])
    assert pickle.loads(pickle.dumps(found)).mean_iou == found.mean_iou
