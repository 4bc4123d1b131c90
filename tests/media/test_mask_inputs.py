"""What a Python program gives as masks means the same as in files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segue.errors import MaskError, NotFoundError
from segue.media.mask_inputs import given_masks
from segue.media.masks import write_mask

CAT, DOG = np.zeros((40, 60), bool), np.zeros((40, 60), bool)
CAT[4:14, 5:25] = True
DOG[20:36, 30:50] = True
BOTH = (CAT * 1 + DOG * 2).astype(np.uint8)


class Tensor:
    """Whatever turns into an array."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return CAT


@pytest.mark.parametrize(
    "mask",
    [
        CAT,
        CAT * np.uint8(1),
        CAT * np.uint8(255),
        CAT.astype(np.int64),
        CAT.astype(np.float32),
        CAT * np.uint16(65_535),
        CAT * 0.9 + 0.03,
        Image.fromarray(CAT),
        Image.fromarray(CAT * np.uint8(255)),
        Image.fromarray(CAT.astype(np.float32)),
        Tensor(),
        CAT[None],
        CAT[..., None],
        [CAT],
        iter([CAT]),
        {0: CAT},
        {0: [CAT]},
        {"00000": CAT},
        {(0, 1): CAT},
    ],
)
def test_one_object_of_the_first_frame(mask: Any) -> None:
    given = given_masks(mask, ["00000", "00001"])
    assert list(given.by_frame) == [0]
    assert (given.by_frame[0] == CAT).all()


def test_several_masks_hold_an_object_each() -> None:
    for masks in ([CAT, DOG], (m for m in (CAT, DOG)), np.stack([CAT, DOG]), {0: [CAT, DOG]}):
        assert (given_masks(masks).by_frame[0] == BOTH).all()
    with pytest.raises(MaskError, match=r"Two masks for frame 0.*need the frame each"):
        given_masks([CAT, CAT])
    with pytest.raises(MaskError, match=r"Two masks for frame 0.*need the frame each"):
        given_masks([BOTH, BOTH])


def test_paths_stand_among_arrays(tmp_path: Path) -> None:
    write_mask(str(tmp_path / "a.png"), BOTH)
    for masks in (tmp_path / "a.png", str(tmp_path / "a.png"), [tmp_path / "a.png"]):
        given = given_masks(masks)
        assert (given.by_frame[0] == BOTH).all()
        assert given.paths == {0: tmp_path / "a.png"}
    mixed = given_masks({0: tmp_path / "a.png", 7: DOG})
    assert (mixed.by_frame[7] == 2 * DOG).all()
    assert (given_masks([f"3={tmp_path / 'a.png'}"]).by_frame[3] == BOTH).all()
    assert given_masks(mixed) is mixed


def test_a_later_mask_needs_an_id_unless_it_overlaps() -> None:
    assert (given_masks({0: CAT, 5: CAT}).by_frame[5] == CAT).all()
    assert (given_masks({0: CAT, (5, 2): DOG}).by_frame[5] == 2 * DOG).all()
    assert (given_masks({0: CAT, (5, 1): DOG}).by_frame[5] == DOG).all()
    with pytest.raises(MaskError, match=r"The mask of frame 5 .*5:1 corrects .*5:2 adds") as caught:
        given_masks({0: CAT, 5: DOG})
    assert "--" not in str(caught.value)


def test_masks_without_a_frame_are_for_the_first_one() -> None:
    assert list(given_masks(CAT, first_frame=30).by_frame) == [30]


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        ({}, "at least one mask"),
        ([], "at least one mask"),
        (None, "got NoneType"),
        (3, "got int"),
        ({-1: CAT}, "mask for -1"),
        ({True: CAT}, "mask for True"),
        ({1.5: CAT}, "mask for 1.5"),
        ({(0, 0): CAT}, "from 1 to 254"),
        ({"cat": CAT}, "expected a frame by its"),
        ([3], "is a int"),
        ([[1, 2]], "is a list"),
        ({0: np.zeros((4, 4))}, "holds no object"),
        ([[[1, 2], [3]]], "no array"),
    ],
)
def test_what_is_no_mask_is_named(masks: Any, words: str) -> None:
    with pytest.raises(MaskError, match=words):
        given_masks(masks)


def test_absent_files_are_named(tmp_path: Path) -> None:
    for masks in (tmp_path / "no.png", {3: tmp_path / "no.png"}, [str(tmp_path / "no.png")]):
        with pytest.raises(NotFoundError, match=r"no\.png"):
            given_masks(masks)


def test_a_number_that_is_another_frames_name_is_doubted() -> None:
    names = ["00001", "00002", "00003"]
    (doubt,) = given_masks({1: CAT}, names).doubts
    assert doubt == "1 is frame number 1 (named 00002), not the frame named 00001"
    assert given_masks({"00001": CAT}, names).by_frame.keys() == {0}
    assert given_masks({0: CAT}, names).doubts == ()


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_whole_numbers_in_floats_of_any_size(kind: type) -> None:
    assert (given_masks(BOTH.astype(kind)).by_frame[0] == BOTH).all()


@pytest.mark.parametrize("mask", [np.dstack([CAT, DOG]), np.dstack([CAT, DOG, CAT]) * 1.0])
def test_objects_on_the_last_axis_are_refused_with_the_cure(mask: np.ndarray) -> None:
    with pytest.raises(
        MaskError, match=r"move that axis to the front: numpy.moveaxis\(mask, -1, 0\)"
    ):
        given_masks(mask)
    assert 1 in given_masks(np.moveaxis(mask, -1, 0)[:2]).by_frame[0]
