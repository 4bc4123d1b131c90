from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from segue.errors import MaskError
from segue.media.mask_fit import fit_given
from segue.media.mask_given import GivenMasks

FRAME = (480, 854)
OBLONG = Fraction(4, 3)


def given(*size_hw: int) -> GivenMasks:
    labels = np.zeros(size_hw, np.uint8)
    labels[size_hw[0] // 4 : size_hw[0] // 2, size_hw[1] // 4 : size_hw[1] // 2] = 3
    return GivenMasks({0: labels}, {3: "id 3"}, {0: Path("m.png")}, ("before",))


@pytest.mark.parametrize("size", [(480, 853), (480, 855), (479, 854), (482, 856), (478, 850)])
def test_a_mask_that_is_off_by_rounding_is_fitted_and_said(size: tuple[int, int]) -> None:
    came = fit_given(given(*size), FRAME)
    assert came.by_frame[0].shape == FRAME
    share = (came.by_frame[0] == 3).mean()
    assert abs(share - 1 / 16) < 0.002
    words = f"m.png: {size[1]}x{size[0]} fitted to 854x480 (off by rounding)"
    assert came.doubts == ("before", words)


def test_a_mask_of_the_frames_size_is_left_alone() -> None:
    masks = given(*FRAME)
    came = fit_given(masks, FRAME)
    assert came.by_frame[0] is masks.by_frame[0]
    assert came.doubts == ("before",)


@pytest.mark.parametrize("size", [(480, 848), (240, 427), (854, 480), (960, 1708)])
def test_other_sizes_are_refused_or_fitted_as_asked(size: tuple[int, int]) -> None:
    with pytest.raises(MaskError, match=rf"{size[1]}x{size[0]}, the frame 854x480") as caught:
        fit_given(given(*size), FRAME)
    assert "--" not in str(caught.value)
    assert "--fit-mask" in caught.value.option
    came = fit_given(given(*size), FRAME, fit=True)
    assert came.by_frame[0].shape == FRAME
    assert came.doubts[-1].endswith("fitted to 854x480 (as asked)")


def test_small_frames_are_not_off_by_rounding() -> None:
    with pytest.raises(MaskError, match="12x12, the frame 14x14"):
        fit_given(given(12, 12), (14, 14))


@pytest.mark.parametrize("size", [(240, 427), (240, 426), (180, 320)])
def test_a_mask_of_the_size_that_is_shown_is_fitted(size: tuple[int, int]) -> None:
    came = fit_given(given(*size), (240, 320), pixel_aspect=OBLONG)
    assert came.by_frame[0].shape == (240, 320)
    assert "the size at which the video is shown: its pixels are 4:3" in came.doubts[-1]


def test_another_size_of_an_oblong_video_is_refused_with_the_pixel_aspect() -> None:
    words = "100x100, the frame 320x240 .*pixels of the video are 4:3.* shown at 427x240"
    with pytest.raises(MaskError, match=words):
        fit_given(given(100, 100), (240, 320), pixel_aspect=OBLONG)
