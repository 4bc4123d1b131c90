import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.data.given_views import View, draw_view
from segue.errors import InputError

SIZE = (60, 90)


def box() -> np.ndarray:
    labels = np.zeros(SIZE, np.uint8)
    labels[20:44, 15:50] = 3
    return labels


def test_the_plain_view_is_the_picture() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    plain = View(False, 0.0, 1.0, 0)
    assert np.array_equal(plain.shown(frame, SIZE), frame)
    assert np.array_equal(plain.labelled(box(), SIZE), box())
    assert np.array_equal(View(True, 0.0, 1.0, 0).shown(frame, SIZE), frame[:, ::-1])


def test_a_smaller_view_is_what_the_network_would_make_of_the_frame() -> None:
    """Without an area filter, as the network resizes the frames of a video."""
    frame = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8), (0, 0), 2
    )
    seen = View(False, 0.0, 1.0, 0).shown(frame, (32, 48)).astype(int)
    resized = cv2.resize(frame, (48, 32), interpolation=cv2.INTER_LINEAR).astype(int)
    assert np.abs(seen - resized)[1:-1, 1:-1].max() <= 2


def test_what_is_larger_has_more_pixels_and_the_rest_is_black() -> None:
    def pixels(scale: float) -> int:
        return int((View(False, 0.0, scale, 0).labelled(box(), SIZE) == 3).sum())

    assert pixels(0.75) == pytest.approx(0.75**2 * pixels(1.0), rel=0.1)
    assert pixels(1.25) == pytest.approx(1.25**2 * pixels(1.0), rel=0.1)
    white = np.full((*SIZE, 3), 255, np.uint8)
    small = View(False, 0.0, 0.5, 0).shown(white, SIZE)
    assert small[30, 45].tolist() == [255, 255, 255]
    assert not small[2, 2].any()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_mask_stays_on_its_object(seed: int) -> None:
    frame = np.zeros((*SIZE, 3), np.uint8)
    frame[box() == 3] = 255
    drawn = draw_view(box(), SIZE, np.random.default_rng(seed), flip=0.5, rotation=30.0, scale=0.4)
    assert abs(drawn.degrees) <= 30
    assert 0.6 <= drawn.scale <= 1.4
    shown, labels = drawn.shown(frame, SIZE)[..., 0], drawn.labelled(box(), SIZE) == 3
    assert (shown[cv2.erode(labels.astype(np.uint8), np.ones((3, 3))) > 0] > 127).all()
    assert not (shown[cv2.dilate(labels.astype(np.uint8), np.ones((3, 3))) == 0] > 127).any()


def test_a_view_keeps_a_twentieth_of_the_objects() -> None:
    corner = np.zeros(SIZE, np.uint8)
    corner[:12, :8] = 1
    rng = np.random.default_rng(0)
    for _ in range(20):
        drawn = draw_view(corner, SIZE, rng, flip=0.5, rotation=30.0, scale=0.4)
        assert drawn.labelled(corner, SIZE).astype(bool).sum() >= 16


@pytest.mark.parametrize("value", [0, 255])
def test_nothing_to_see(value: int) -> None:
    labels = np.full(SIZE, value, np.uint8)
    labels[0, 0] = 1
    with pytest.raises(InputError, match=r"the masked objects have [01]\. Mask larger"):
        draw_view(labels, (30, 45), np.random.default_rng(0), flip=0.0, rotation=0.0, scale=0.0)
