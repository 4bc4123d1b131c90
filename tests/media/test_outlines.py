"""Masks as polygons: drawn again they are the same pixels."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segue.media.polygons import drawn_polygon, outlines

MASKS = st.tuples(st.integers(1, 14), st.integers(1, 14)).flatmap(lambda hw: arrays(np.bool_, hw))


def drawn(mask: np.ndarray) -> np.ndarray:
    again = np.zeros(mask.shape, np.bool_)
    for ring in outlines(mask):
        again |= drawn_polygon(ring.astype(np.float64), mask.shape)
    return again


@given(MASKS)
def test_any_mask_comes_back_to_the_pixel(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(drawn(mask), mask)


@given(MASKS)
def test_one_polygon_of_three_points_or_more_per_part(mask: np.ndarray) -> None:
    rings = outlines(mask)
    assert len(rings) == cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] - 1
    assert all(len(ring) >= 3 for ring in rings)


def test_many_holes_in_a_large_part() -> None:
    rng = np.random.default_rng(0)
    mask = np.zeros((240, 320), np.bool_)
    mask[20:220, 30:300] = rng.random((200, 270)) > 0.05
    np.testing.assert_array_equal(drawn(mask), mask)


def test_a_square_has_four_corners() -> None:
    mask = np.zeros((30, 40), np.bool_)
    mask[10:20, 5:25] = True
    assert sorted(map(tuple, outlines(mask)[0].tolist())) == [(5, 10), (5, 19), (24, 10), (24, 19)]


def test_the_largest_part_comes_first() -> None:
    mask = np.zeros((30, 40), np.bool_)
    mask[2:4, 2:4] = mask[10:20, 5:25] = True
    assert [ring[:, 1].min() for ring in outlines(mask)] == [10, 2]
