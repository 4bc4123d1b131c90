"""How far the frame before explains this one."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segue.nn.motion import find_motion, trust_in, unexplained

SIZE = (64, 96)


def picture(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 20)).astype(np.uint8)
    return cv2.resize(coarse, (2 * SIZE[1], SIZE[0]), interpolation=cv2.INTER_CUBIC)


def test_what_moved_is_explained_and_another_scene_is_not() -> None:
    wide = picture(0)
    before, now = (np.ascontiguousarray(wide[:, x : x + SIZE[1]]) for x in (44, 40))
    moved = unexplained(now, before, find_motion(now, before))
    still = unexplained(now, before, torch.zeros(2, *SIZE))
    cut = np.ascontiguousarray(picture(1)[:, : SIZE[1]])
    other = unexplained(cut, before, find_motion(cut, before))
    assert moved < still / 2
    assert trust_in(moved) == 1
    assert trust_in(other) == 0


def test_it_is_the_mean_difference_of_brightness() -> None:
    dark, bright = np.full(SIZE, 10, np.uint8), np.full(SIZE, 61, np.uint8)
    assert unexplained(bright, dark, torch.zeros(2, *SIZE)) == pytest.approx(51 / 255)
    assert unexplained(dark, dark, torch.zeros(2, *SIZE)) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (7, 1)])
def test_the_smallest_frames(size: tuple[int, int]) -> None:
    frame = np.zeros(size, np.uint8)
    assert unexplained(frame, frame, torch.zeros(2, *size)) == 0


@given(st.floats(0, 1), st.floats(0, 1))
def test_trust_falls_as_less_is_explained(one: float, other: float) -> None:
    assert 0 <= trust_in(max(one, other)) <= trust_in(min(one, other)) <= 1
