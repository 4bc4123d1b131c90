import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.metrics.consistency import ConsistencyMeter, ConsistencyTally, WindowScores


def brute_force(truths, predictions, n):
    """VSPW's definition with all frames in memory, window by window."""
    scores = []
    for start in range(len(truths) - n):
        window = slice(start, start + n)
        constant = (np.stack(truths[window]) == truths[start]).all(axis=0)
        same = (np.stack(predictions[window]) == predictions[start]).all(axis=0)
        if constant.any():
            scores.append((constant & same).sum() / constant.sum())
    return scores


def brute_force_checked(truths, predictions, n, void):
    scores = []
    for start in range(len(truths) - n):
        window = slice(start, start + n)
        constant = (np.stack(truths[window]) == truths[start]).all(axis=0) & (truths[start] != void)
        right = (np.stack(predictions[window]) == np.stack(truths[window])).all(axis=0)
        if constant.any():
            scores.append((constant & right).sum() / constant.sum())
    return scores


def measure(truths, predictions, lengths=(8, 16), **kwargs):
    meter = ConsistencyMeter(lengths, **kwargs)
    for truth, predicted in zip(truths, predictions, strict=True):
        meter.add(predicted, truth)
    return meter.tally


def video(seed, num_frames, stay):
    """Labels that change from frame to frame in a share of the pixels."""
    rng = np.random.default_rng(seed)
    labels, frames = rng.integers(0, 3, (5, 7), np.uint8), []
    for _ in range(num_frames):
        fresh = rng.integers(0, 3, labels.shape, np.uint8)
        labels = np.where(rng.random(labels.shape) < stay, labels, fresh)
        frames.append(labels)
    return frames


@given(
    seed=st.integers(0, 10**6),
    num_frames=st.integers(1, 40),
    stay=st.sampled_from([0.0, 0.5, 0.8, 0.95, 1.0]),
    lengths=st.sampled_from([(8, 16), (2,), (3, 5)]),
)
def test_equal_to_brute_force_to_the_last_bit(seed, num_frames, stay, lengths):
    truths, predictions = video(seed, num_frames, stay), video(seed + 1, num_frames, stay)
    found = measure(truths, predictions, lengths, void=2)
    for n in lengths:
        expected = brute_force(truths, predictions, n)
        assert found.windows[n].plain == tuple(expected)
        assert found.windows[n].checked == tuple(brute_force_checked(truths, predictions, n, 2))
        assert found.windows[n].skipped == max(num_frames - n, 0) - len(expected)
        assert found.plain(n) == (
            np.mean(expected) if expected else pytest.approx(math.nan, nan_ok=True)
        )


@pytest.mark.parametrize(("num_frames", "windows"), [(7, 0), (8, 0), (9, 1), (20, 12)])
def test_a_video_of_t_frames_has_t_minus_n_windows(num_frames, windows):
    still = [np.ones((2, 2), np.uint8)] * num_frames
    found = measure(still, still)
    assert len(found.windows[8].plain) == windows


def test_the_last_frame_does_not_count():
    still = np.zeros((2, 2), np.uint8)
    assert measure([still] * 9, [still] * 8 + [still + 1]).plain(8) == 1.0
    assert measure([still] * 9, [still] * 7 + [still + 1] * 2).plain(8) == 0.0


def test_a_constant_wrong_prediction_is_consistent_but_not_right():
    truth, wrong = [np.zeros((2, 2), np.uint8)] * 10, [np.ones((2, 2), np.uint8)] * 10
    found = measure(truth, wrong)
    assert (found.plain(8), found.checked(8)) == (1.0, 0.0)


def test_constant_void_counts_plain_but_is_not_asked_for_checked():
    truth = np.array([[0, 255]], np.uint8)
    predicted = [np.array([[0, i % 3]], np.uint8) for i in range(10)]
    found = measure([truth] * 10, predicted)
    assert (found.plain(8), found.checked(8)) == (0.5, 1.0)


def test_stored_labels_and_classes_may_differ():
    """Two stored values that are both void are two labels for VC."""
    stored = [np.array([[5, i % 2 * 255]], np.uint8) for i in range(10)]
    meter = ConsistencyMeter((8,))
    for values in stored:
        meter.add(np.array([[4, 0]], np.uint8), values, np.array([[4, 255]], np.uint8))
    assert meter.tally.windows[8].plain == (1.0, 1.0)
    assert meter.tally.windows[8].checked == (1.0, 1.0)


def test_windows_without_a_constant_pixel_are_left_out():
    frames = [np.full((2, 2), i, np.uint8) for i in range(12)]
    found = measure(frames, frames)
    assert math.isnan(found.plain(8))
    assert found.windows[8].skipped == 4


def test_the_mean_is_over_windows_not_videos():
    total = ConsistencyTally({8: WindowScores((1.0,))}) + ConsistencyTally(
        {8: WindowScores((0.0, 0.0, 0.0))}
    )
    assert total.plain(8) == 0.25


def test_runs_longer_than_a_byte_do_not_wrap_around():
    still = [np.zeros((1, 1), np.uint8)] * 600
    assert measure(still, still).plain(16) == 1.0
