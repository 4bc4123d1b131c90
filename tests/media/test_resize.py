import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segue.errors import SettingsError
from segue.media.resize import Resizer, resize_labels, shrink

sides = st.integers(1, 60)


def test_the_working_size_is_bounded_unless_all_pixels_are_asked_for() -> None:
    for size_hw, max_side, expected in (
        ((2160, 3840), None, (480, 854)),
        ((480, 854), None, (480, 854)),
        ((1920, 1080), None, (854, 480)),
        ((2160, 3840), 0, (2160, 3840)),
    ):
        assert Resizer.for_max_side(size_hw, max_side).working_hw == expected


def test_nothing_changes_where_nothing_must() -> None:
    frame, labels = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), np.uint8)
    for max_side in (None, 60, 1000):
        resizer = Resizer.for_max_side((40, 60), max_side)
        assert resizer.is_identity
        assert resizer.shrink(frame) is frame
        assert resizer.shrink_labels(labels) is labels
        assert resizer.restore(labels) is labels


@given(st.tuples(st.integers(1, 3000), st.integers(1, 3000)), st.integers(16, 1000))
def test_aspect_is_kept_and_no_side_is_longer(size_hw: tuple[int, int], max_side: int) -> None:
    resizer = Resizer.for_max_side(size_hw, max_side)
    assert max(resizer.working_hw) == min(max_side, max(size_hw))
    assert min(resizer.working_hw) >= 1
    scale = max(resizer.working_hw) / max(size_hw)
    assert abs(min(resizer.working_hw) - max(1, min(size_hw) * scale)) <= 1


@settings(deadline=None)
@given(arrays(np.uint8, st.tuples(sides, sides)), st.tuples(sides, sides))
def test_no_new_ids_and_the_size_asked_for(labels: np.ndarray, size_hw: tuple[int, int]) -> None:
    came = resize_labels(labels, size_hw)
    assert came.shape == size_hw
    assert set(np.unique(came)) <= set(np.unique(labels))


@settings(deadline=None)
@given(arrays(np.uint8, st.tuples(sides, sides)), st.integers(1, 5))
def test_enlarged_and_shrunk_again_is_the_same(labels: np.ndarray, factor: int) -> None:
    height, width = labels.shape
    large = resize_labels(labels, (height * factor, width * factor))
    assert (resize_labels(large, labels.shape) == labels).all()


def test_shapes_stay_where_they_were() -> None:
    labels = np.zeros((80, 120), np.uint8)
    labels[20:60, 30:90] = 9
    resizer = Resizer.for_max_side((80, 120), 60)
    assert resizer.working_hw == (40, 60)
    assert (resizer.restore(resizer.shrink_labels(labels)) == labels).all()
    frame = np.repeat(labels[:, :, None], 3, axis=2) * 20
    small = resizer.shrink(frame)
    assert small.shape == (40, 60, 3)
    assert (small[10:30, 15:45] == 180).all()


def test_too_small_a_side() -> None:
    with pytest.raises(SettingsError, match="at least 16, or 0 for all pixels; got 8"):
        Resizer.for_max_side((80, 120), 8)


@pytest.mark.parametrize("size_hw", [(48, 85), (60, 107), (100, 200), (240, 426)])
def test_shrinking_is_about_area_averaging(size_hw: tuple[int, int]) -> None:
    cells = np.random.default_rng(0).integers(0, 256, (24, 43, 3)).astype(np.uint8)
    image = cv2.resize(cells, (854, 480), interpolation=cv2.INTER_CUBIC)
    small = shrink(image, size_hw)
    once = cv2.resize(image, size_hw[::-1], interpolation=cv2.INTER_AREA)
    assert small.shape == once.shape
    assert np.abs(small.astype(int) - once).mean() < 3
    flat = np.full((300, 500), 77, np.uint8)
    assert (shrink(flat, (33, 47)) == 77).all()
