import numpy as np
import pytest

from segue.errors import MaskError
from segue.inference.session.changes import Absent, Check, Forget, Rename
from segue.inference.session.checks import check_changes, check_frames, checked_mask

SIZE = (2, 3)
FRAMES = range(3, 19, 3)


@pytest.mark.parametrize(
    "mask",
    [
        [[0, 1, 0], [0, 0, 1]],
        np.array([[0, 1, 0], [0, 0, 1]], np.int64),
        np.array([[0, 1, 0], [0, 0, 1]], bool),
    ],
)
def test_whole_numbers_of_any_type_are_labels(mask: object) -> None:
    found = checked_mask(6, mask, SIZE, FRAMES)
    assert found.dtype == np.uint8
    assert found.tolist() == [[0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        ([[0.0, 1.0, 0.0]] * 2, "2 dimensions of float64"),
        (np.ones((2, 3, 3), np.uint8), "3 dimensions of uint8"),
        ([[0, 256, 0]] * 2, "from 0 to 255 .* got 0 to 256"),
        ([[0, -1, 0]] * 2, "got -1 to 0"),
        (np.zeros(SIZE, np.uint8), "holds no object"),
        (np.ones((3, 3), np.uint8), "3x3"),
    ],
)
def test_what_is_no_mask_says_why(mask: object, sentence: str) -> None:
    with pytest.raises(MaskError, match=sentence):
        checked_mask(6, mask, SIZE, FRAMES)


def test_frames_that_are_not_there() -> None:
    with pytest.raises(MaskError, match="one of 3, but there is a mask for frame 7"):
        checked_mask(7, np.ones(SIZE, np.uint8), SIZE, FRAMES)
    check_frames(range(7, 10), FRAMES)
    with pytest.raises(MaskError, match="but not 7 to 8"):
        check_frames(range(7, 9), FRAMES)


def test_changes_are_checked_one_after_the_other() -> None:
    check_changes([Rename(1, 5), Absent(6, 5, hides=False), Forget(5), Check(3, 5)], {1}, FRAMES)
    with pytest.raises(MaskError, match="There is no object 1"):
        check_changes([Rename(1, 5), Forget(1)], {1}, FRAMES)
    with pytest.raises(MaskError, match="an object 2 already"):
        check_changes([Rename(1, 2)], {1, 2}, FRAMES)
