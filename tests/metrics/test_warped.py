import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.metrics.warped import warp_back, warped_confusion


def constant_flow(shape, dx, dy):
    return np.full((*shape, 2), (dx, dy), np.float32)


@given(
    dx=st.integers(-6, 6),
    dy=st.integers(-6, 6),
    seed=st.integers(0, 999),
    fraction=st.floats(-0.4375, 0.4375, width=32),
)
def test_a_picture_that_moves_as_a_whole_is_consistent(dx, dy, seed, fraction):
    rng = np.random.default_rng(seed)
    wide = rng.integers(0, 4, (40, 50), np.uint8)
    now, later = wide[10:30, 10:35], wide[10 - dy : 30 - dy, 10 - dx : 35 - dx]
    found = warped_confusion(now, later, constant_flow(now.shape, dx + fraction, dy + fraction), 4)
    assert found.pixel_accuracy == 1.0
    assert found.num_pixels == (20 - abs(dy)) * (25 - abs(dx))


def test_labels_come_from_where_the_flow_points():
    following = np.arange(12, dtype=np.uint8).reshape(3, 4)
    warped, inside = warp_back(following, constant_flow((3, 4), 1, 2))
    assert warped[0, :3].tolist() == [9, 10, 11]
    assert inside.tolist() == [[True, True, True, False], [False] * 4, [False] * 4]


def test_a_wrong_flow_shows():
    now = np.zeros((8, 8), np.uint8)
    now[:, 4:] = 1
    still = warped_confusion(now, now, constant_flow(now.shape, 0, 0), 2)
    moved = warped_confusion(now, now, constant_flow(now.shape, 2, 0), 2)
    assert still.mean_iou == 1.0
    assert moved.class_iou.tolist() == [pytest.approx(2 / 4), pytest.approx(2 / 4)]


def test_values_that_are_no_class_are_left_out_now_and_wrong_later():
    now, later = np.array([[0, 255, 1]], np.uint8), np.array([[0, 1, 255]], np.uint8)
    found = warped_confusion(now, later, constant_flow((1, 3), 0, 0), 2)
    assert (found.num_pixels, found.counts[:-1, -1].sum()) == (2, 1)


def test_flow_beyond_all_bounds_leaves_nothing():
    labels = np.zeros((4, 4), np.uint8)
    assert warped_confusion(labels, labels, constant_flow((4, 4), 1e9, -1e9), 2).num_pixels == 0
