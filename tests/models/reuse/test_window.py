"""The window around objects."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.models.reuse.window import SIZE_HW, Window, around


@given(
    size=st.tuples(st.integers(40, 600), st.integers(40, 900)),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    extent=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_it_holds_the_object_with_room_and_lies_in_the_frame(
    size: tuple[int, int], place: tuple[float, float], extent: tuple[float, float]
) -> None:
    shown = np.zeros(size, bool)
    corner = [int(p * (s - 1)) for p, s in zip(place, size, strict=True)]
    end = [c + 1 + int(e * (s - 1 - c)) for c, e, s in zip(corner, extent, size, strict=True)]
    shown[corner[0] : end[0], corner[1] : end[1]] = True
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
    assert window.height >= min(SIZE_HW[0], size[0])
    assert window.width >= min(SIZE_HW[1], size[1])


def test_nothing_has_no_window() -> None:
    assert around(np.zeros((50, 80), bool)) is None


def test_a_small_object_is_seen_as_it_is() -> None:
    shown = np.zeros((480, 854), bool)
    shown[200:240, 400:450] = True
    window = around(shown)
    assert window == Window(124, 249, *SIZE_HW)
    frame = np.random.default_rng(0).integers(0, 256, (480, 854, 3), np.uint8)
    assert np.array_equal(window.see(frame), frame[124 : 124 + 192, 249 : 249 + 352])
    masks = window.see_masks(shown[None])
    assert (masks[0] == 255).sum() == shown.sum()


def test_a_large_object_is_seen_smaller_with_a_soft_rim() -> None:
    shown = np.zeros((480, 854), bool)
    shown[50:431, 101:750] = True
    window = around(shown)
    assert window == Window(0, 0, 480, 854)
    masks = window.see_masks(shown[None])
    assert masks.shape == (1, *SIZE_HW)
    assert masks[0].mean() / 255 == pytest.approx(shown.mean(), abs=0.002)
    assert ((masks > 0) & (masks < 255)).any()
