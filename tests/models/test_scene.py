"""Thumbnails: of any frame, means of its cells."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segue.models.scene import SIDE, thumbnail

SIDES = st.integers(1, 700)


@given(height=SIDES, width=SIDES)
def test_any_size_keeps_its_aspect_and_colour(height: int, width: int) -> None:
    small = thumbnail(np.full((height, width, 3), (10, 77, 200), np.uint8))
    scale = min(1.0, SIDE / max(height, width))
    assert small.shape == (max(1, round(height * scale)), max(1, round(width * scale)), 3)
    assert (small == (10, 77, 200)).all()


def test_what_is_in_a_corner_stays_there() -> None:
    frame = np.zeros((480, 854, 3), np.uint8)
    frame[-120:, -214:] = 255
    small = thumbnail(frame)
    assert small.shape[:2] == (36, 64)
    assert (small[-8:, -14:] > 200).all()
    assert not small[:26, :46].any()
