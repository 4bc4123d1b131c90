"""The window around objects."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.models.painting import paint
from segue.models.reuse.window import LARGE_HW, SIZES_HW, Window, around


@given(
    size=st.tuples(st.integers(40, 600), st.integers(40, 900)),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    extent=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_it_holds_the_object_with_room_and_lies_in_the_frame(
    size: tuple[int, int], place: tuple[float, float], extent: tuple[float, float]
) -> None:
    shown = np.zeros(size, np.uint8)
    corner = [int(p * (s - 1)) for p, s in zip(place, size, strict=True)]
    end = [c + 1 + int(e * (s - 1 - c)) for c, e, s in zip(corner, extent, size, strict=True)]
    shown[corner[0] : end[0], corner[1] : end[1]] = 3
    window = around(shown)
    assert window is not None
    assert window.top >= 0
    assert window.top + window.height <= size[0]
    assert window.left >= 0
    assert window.left + window.width <= size[1]
    inside = shown[
        window.top : window.top + window.height, window.left : window.left + window.width
    ]
    assert inside.sum() == shown.sum()
    assert (window.rows, window.columns) in SIZES_HW + LARGE_HW
    assert window.height >= min(window.rows, size[0])
    assert window.width >= min(window.columns, size[1])


def test_nothing_has_no_window() -> None:
    assert around(np.zeros((50, 80), np.uint8)) is None


@pytest.mark.parametrize(
    ("extent", "seen"), [((60, 280), (192, 352)), ((280, 60), (352, 192)), ((250, 260), (256, 256))]
)
def test_it_has_the_form_of_the_objects(extent: tuple[int, int], seen: tuple[int, int]) -> None:
    shown = np.zeros((480, 854), np.uint8)
    shown[60 : 60 + extent[0], 200 : 200 + extent[1]] = 1
    window = around(shown)
    assert window is not None
    assert (window.rows, window.columns) == seen


def test_a_small_object_is_seen_as_it_is() -> None:
    shown = np.zeros((480, 854), np.uint8)
    shown[200:240, 400:470] = 5
    window = around(shown)
    assert window == Window(124, 259, 192, 352, 192, 352)
    assert window.scale == 1
    frame = np.random.default_rng(0).integers(0, 256, (480, 854, 3), np.uint8)
    assert np.array_equal(window.see(frame), frame[124:316, 259:611])
    part = (window.part(shown) == 5).astype(np.float32)
    cells = part.reshape(24, 8, 44, 8).mean((1, 3))
    assert np.allclose(window.shares(shown, 5), cells, atol=1e-6)
    painted = paint({5: window.patch(part - 0.5)}, (480, 854))
    assert np.array_equal(painted, shown)


def test_a_large_object_is_seen_smaller_with_a_soft_rim() -> None:
    shown = np.zeros((480, 854), np.uint8)
    shown[20:461, 41:810] = 1
    window = around(shown)
    assert window == Window(0, 0, 480, 854, 256, 448)
    assert window.scale == pytest.approx(854 / 448)
    shares = window.shares(shown, 1)
    assert shares.shape == (32, 56)
    assert shares.mean() == pytest.approx(shown.mean(), abs=0.002)
    assert ((shares > 0) & (shares < 1)).any()


def test_a_large_frame_is_seen_at_the_scale_that_the_host_works_on() -> None:
    shown = np.zeros((1920, 3416), np.uint8)
    shown[800:960, 1600:1880] = 1
    window = around(shown, 4.0)
    assert window == Window(496, 1036, 768, 1408, 192, 352)
    assert window.scale == 4
