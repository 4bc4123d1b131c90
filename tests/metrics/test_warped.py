import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from segue.metrics.warped import (
    official_confusion,
    official_warp,
    warp_back,
    warped_confusion,
)


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


def sampled_by_torch(following, flow):
    """What the released script calls: grid_sample with its own scale of places."""
    height, width = following.shape
    columns = torch.from_numpy(flow[..., 0]) + torch.arange(width)
    rows = torch.from_numpy(flow[..., 1]) + torch.arange(height)[:, None]
    grid = torch.stack([2 * columns / (width - 1) - 1, 2 * rows / (height - 1) - 1], -1)
    labels = torch.from_numpy(following)[None, None].float()
    found = F.grid_sample(labels, grid[None], mode="nearest", align_corners=False)
    return found[0, 0].numpy().astype(np.uint8)


@given(seed=st.integers(0, 9999), spread=st.sampled_from([0.3, 2, 20]))
def test_the_official_warp_is_what_torch_samples(seed, spread):
    rng = np.random.default_rng(seed)
    following = rng.integers(1, 9, (13, 18), np.uint8)
    flow = rng.normal(0, spread, (13, 18, 2)).astype(np.float32)
    assert (official_warp(following, flow) == sampled_by_torch(following, flow)).all()


def test_the_official_warp_is_half_a_pixel_off_at_the_borders():
    row = np.array([[1, 2, 3, 4]] * 2, np.uint8)
    # Place x becomes 4 x / 3 - 1/2: -0.5, 0.83, 2.17, 3.5, where halves go to the even place; 4 is outside.
    still = constant_flow(row.shape, 0, 0)
    assert official_warp(row, still)[0].tolist() == [1, 2, 3, 0]
    assert warp_back(row, still)[0][0].tolist() == [1, 2, 3, 4]


def test_what_comes_from_outside_is_class_0_officially_and_left_out_otherwise():
    now, later = np.full((8, 8), 1, np.uint8), np.full((8, 8), 1, np.uint8)
    away = constant_flow(now.shape, 100, 0)
    official = official_confusion(now, later, away, 2)
    assert (official.num_pixels, official.mean_iou_in_truth) == (64, 0)
    assert official.counts[1, 0] == 64
    assert warped_confusion(now, later, away, 2).num_pixels == 0
