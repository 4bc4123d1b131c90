import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segue.data.simulated_clicks import depth, inner_point, next_click

AREAS = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def brute_depth(area: np.ndarray) -> np.ndarray:
    """Distance to the nearest pixel outside, the rim of one pixel around the picture included."""
    padded = np.pad(area, 1)
    outside = np.argwhere(~padded)
    found = np.zeros(area.shape)
    for row, column in np.argwhere(area):
        found[row, column] = np.hypot(*(outside - (row + 1, column + 1)).T).min()
    return found


@settings(max_examples=60, deadline=None)
@given(AREAS)
def test_depth_is_the_exact_distance_to_the_outside(area: np.ndarray) -> None:
    np.testing.assert_allclose(depth(area), brute_depth(area), atol=1e-4)


def test_the_click_is_the_first_deepest_pixel_of_the_deeper_error() -> None:
    truth, predicted = np.zeros((12, 20), bool), np.zeros((12, 20), bool)
    truth[2:9, 1:8] = True
    predicted[1:4, 14:17] = True
    place = next_click(predicted, truth)
    assert place is not None
    assert (place.row, place.column, place.include) == (5, 4, True)
    predicted[2:9, 1:8] = True
    place = next_click(predicted, truth)
    assert place is not None
    assert (place.row, place.column, place.include) == (2, 15, False)


def test_of_errors_of_equal_depth_too_much_is_clicked() -> None:
    truth, predicted = np.zeros((5, 11), bool), np.zeros((5, 11), bool)
    truth[1:4, 1:4] = predicted[1:4, 7:10] = True
    place = next_click(predicted, truth)
    assert place is not None
    assert not place.include


def test_pixels_that_do_not_count_or_were_clicked_are_passed_over() -> None:
    truth, valid = np.ones((5, 5), bool), np.ones((5, 5), bool)
    nothing, clicked = np.zeros((5, 5), bool), np.zeros((5, 5), bool)
    clicked[2, 2] = True
    place = next_click(nothing, truth, valid, clicked)
    assert place is not None
    assert (place.row, place.column) == (1, 1)
    assert next_click(nothing, truth, np.zeros((5, 5), bool)) is None
    assert next_click(truth, truth) is None


@settings(max_examples=40, deadline=None)
@given(AREAS, st.integers(0, 99))
def test_random_clicks_are_deeper_than_half_the_deepest(area: np.ndarray, seed: int) -> None:
    depths = brute_depth(area)
    place = next_click(np.zeros_like(area), area, rng=np.random.default_rng(seed))
    if not area.any():
        assert place is None
        return
    assert place is not None
    assert place.include
    assert depths[place.row, place.column] > depths.max() / 2 - 1e-4
    row, column = inner_point(area, np.random.default_rng(seed))
    assert depths[row, column] > depths.max() / 2 - 1e-4


def test_other_seeds_click_elsewhere() -> None:
    area = np.ones((40, 40), bool)
    places = {
        (p.row, p.column)
        for seed in range(8)
        if (p := next_click(~area, area, rng=np.random.default_rng(seed)))
    }
    assert len(places) > 4


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (5, 3)])
def test_a_picture_that_is_all_object_has_a_middle(shape: tuple[int, int]) -> None:
    place = next_click(np.zeros(shape, bool), np.ones(shape, bool))
    assert place is not None
    assert place.row == min(shape) // 2
