"""Which object a mask of a later frame is about, where several masks are given one by one."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as coco

from segue.errors import MaskError
from segue.media.mask_args import GivenMasks, read_masks
from segue.media.mask_effects import mask_effects
from segue.media.mask_inputs import given_masks
from segue.media.masks import object_ids, write_mask

SIZE = (60, 90)


def square(left: int, top: int = 10, side: int = 20) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[top : top + side, left : left + side] = True
    return mask


HERE, NEAR, FAR = square(5), square(9), square(60)


def white(path: Path, mask: np.ndarray) -> str:
    Image.fromarray((mask * 255).astype(np.uint8)).save(path)
    return str(path)


def effects(given: GivenMasks) -> dict[int, list[str]]:
    found = mask_effects(given.by_frame)
    return {index: [text.partition(" (")[0] for text in texts] for index, texts in found.items()}


FORMS = {
    "white": lambda mask: Image.fromarray((mask * 255).astype(np.uint8)),
    "one": lambda mask: Image.fromarray(mask.astype(np.uint8)),
    "bit": lambda mask: Image.fromarray(mask),
    "sixteen": lambda mask: Image.fromarray((mask * 65_535).astype(np.uint16)),
    "opaque": lambda mask: Image.fromarray(
        np.dstack([*[mask * 90] * 3, mask * 255]).astype(np.uint8)
    ),
    "rgb": lambda mask: Image.fromarray(np.dstack([mask * 255] * 3).astype(np.uint8)),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_mask_without_identity_corrects_what_it_overlaps(form: str, tmp_path: Path) -> None:
    a = white(tmp_path / "a.png", HERE)
    FORMS[form](NEAR).save(tmp_path / "b.png")
    given = read_masks([f"0={a}", f"3={tmp_path / 'b.png'}"])
    assert effects(given) == {0: ["object 1"], 3: ["corrects object 1"]}
    assert given.partial


@pytest.mark.parametrize("form", FORMS)
def test_elsewhere_it_cannot_be_decided_and_both_spellings_are_shown(
    form: str, tmp_path: Path
) -> None:
    a, b = white(tmp_path / "a.png", HERE), tmp_path / "b.png"
    FORMS[form](FAR).save(b)
    with pytest.raises(MaskError, match=r"b\.png is for frame 3 .*object 1 by 0 % only") as caught:
        read_masks([f"0={a}", f"3={b}"])
    assert "3:1 corrects object 1; 3:2 adds object 2" in str(caught.value)
    assert f"--mask 3:1={b} to correct object 1, or --mask 3:2={b} to add object 2" in (
        caught.value.option
    )


def test_both_spellings_work(tmp_path: Path) -> None:
    a, b = white(tmp_path / "a.png", HERE), white(tmp_path / "b.png", FAR)
    moved = read_masks([a, f"3:1={b}"])
    assert effects(moved) == {0: ["object 1"], 3: ["corrects object 1"]}
    added = read_masks([a, f"3:2={b}"])
    assert effects(added) == {0: ["object 1"], 3: ["adds object 2"]}
    assert added.partial
    assert (added.by_frame[3] == 2 * FAR).all()
    named = read_masks([a, f"six:7={b}"], ["one", "two", "six"])
    assert effects(named) == {0: ["object 1"], 2: ["adds object 7"]}


def test_the_object_that_is_overlapped_is_the_one_that_is_corrected(tmp_path: Path) -> None:
    write_mask(tmp_path / "two.png", (FAR * 1 + HERE * 2).astype(np.uint8))
    given = read_masks([f"0={tmp_path / 'two.png'}", f"4={white(tmp_path / 'b.png', NEAR)}"])
    assert effects(given) == {0: ["object 1", "object 2"], 4: ["corrects object 2"]}
    assert (given.by_frame[4] == 2 * NEAR).all()


def test_the_last_mask_of_an_object_counts(tmp_path: Path) -> None:
    a, b = white(tmp_path / "a.png", HERE), white(tmp_path / "b.png", FAR)
    c = white(tmp_path / "c.png", square(62))
    given = read_masks([a, f"3:1={b}", f"9={c}"])
    assert effects(given)[9] == ["corrects object 1"]


def test_ids_palettes_and_colours_say_themselves(tmp_path: Path) -> None:
    write_mask(tmp_path / "1.png", HERE.astype(np.uint8))
    write_mask(tmp_path / "far1.png", FAR.astype(np.uint8))
    write_mask(tmp_path / "far2.png", FAR.astype(np.uint8) * 2)
    moved = read_masks([f"0={tmp_path / '1.png'}", f"3={tmp_path / 'far1.png'}"])
    assert effects(moved)[3] == ["corrects object 1"]
    assert not moved.partial
    added = read_masks([f"0={tmp_path / '1.png'}", f"3={tmp_path / 'far2.png'}"])
    assert effects(added)[3] == ["adds object 2"]
    red = np.zeros((*SIZE, 3), np.uint8)
    for name, mask, colour in [("r0", HERE, 0), ("r3", FAR, 0), ("b3", FAR, 2)]:
        picture = red.copy()
        picture[mask, colour] = 250
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
    same = read_masks([f"0={tmp_path / 'r0.png'}", f"3={tmp_path / 'r3.png'}"])
    assert effects(same)[3] == ["corrects object 1"]
    other = read_masks([f"0={tmp_path / 'r0.png'}", f"3={tmp_path / 'b3.png'}"])
    assert effects(other)[3] == ["adds object 2"]


def test_the_files_of_one_folder_are_one_set(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    white(tmp_path / "m/00000.png", HERE)
    white(tmp_path / "m/00003.png", FAR)
    given = read_masks(str(tmp_path / "m"))
    assert effects(given) == {0: ["object 1"], 3: ["corrects object 1"]}
    assert not given.partial


def test_several_masks_of_one_frame_hold_an_object_each(tmp_path: Path) -> None:
    a, b = white(tmp_path / "a.png", HERE), white(tmp_path / "b.png", FAR)
    assert (read_masks([a, b]).by_frame[0] == HERE + 2 * FAR).all()
    assert (read_masks([f"0:4={a}", f"0:2={b}"]).by_frame[0] == 4 * HERE + 2 * FAR).all()
    with pytest.raises(MaskError, match=r"Two masks for frame 0: .*a\.png and .*c\.png"):
        read_masks([a, white(tmp_path / "c.png", NEAR)])
    with pytest.raises(MaskError, match=r"Two masks for frame 2.*Both hold object 3"):
        read_masks([f"2:3={a}", f"2:3={b}"])
    Image.fromarray(np.ones((9, 9), np.uint8)).save(tmp_path / "small.png")
    with pytest.raises(MaskError, match=r"one size: .*90x60.*9x9"):
        read_masks([f"0:1={a}", f"0:2={tmp_path / 'small.png'}"])


def test_an_id_is_for_one_object(tmp_path: Path) -> None:
    write_mask(tmp_path / "two.png", (FAR * 1 + HERE * 2).astype(np.uint8))
    with pytest.raises(MaskError, match="for object 5, but holds 2 objects"):
        read_masks(f"3:5={tmp_path / 'two.png'}")
    for number in ("0", "255", "x", "-1"):
        with pytest.raises(MaskError, match=r"from 1 to 254|expected a frame"):
            read_masks(f"3:{number}={tmp_path / 'two.png'}")


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_the_overlap_decides(first: int, second: int, arrays: bool) -> None:
    a, b = square(first), square(second)
    share = (a & b).sum() / (a | b).sum()
    masks = {0: a, 5: b * np.uint8(255) if arrays else b}
    if share >= 0.5:
        assert (given_masks(masks).by_frame[5] == b).all()
    else:
        with pytest.raises(MaskError, match=r"5:1 corrects object 1; 5:2 adds object 2"):
            given_masks(masks)


def test_the_one_of_a_set_of_ids_is_an_id() -> None:
    ids = (HERE * 1 + FAR * 2).astype(np.uint8)
    given = given_masks({0: ids, 6: square(30).astype(np.uint8)})
    assert effects(given)[6] == ["corrects object 1"]
    assert [object_ids(labels) for labels in given.by_frame.values()] == [[1, 2], [1]]


def test_the_only_run_length_mask_of_a_file_says_no_more_than_white(tmp_path: Path) -> None:
    runs = coco.encode(np.asfortranarray(FAR, np.uint8))
    document = {"size": list(SIZE), "counts": runs["counts"].decode()}
    (tmp_path / "b.json").write_text(json.dumps(document))
    a = white(tmp_path / "a.png", HERE)
    with pytest.raises(MaskError, match=r"b\.json is for frame 3 .*3:2 adds object 2"):
        read_masks([a, f"3={tmp_path / 'b.json'}"])


def test_places_that_speak_against_the_ids_are_doubted(tmp_path: Path) -> None:
    for name, mask, number in [("1", HERE, 1), ("far1", FAR, 1), ("near2", NEAR, 2)]:
        write_mask(tmp_path / f"{name}.png", mask.astype(np.uint8) * np.uint8(number))
    (moved,) = read_masks([tmp_path / "1.png", f"3={tmp_path / 'far1.png'}"]).doubts
    assert "far1.png corrects object 1, but lies elsewhere" in moved
    assert "Then give 3:2" in moved
    (same,) = read_masks([tmp_path / "1.png", f"3={tmp_path / 'near2.png'}"]).doubts
    assert "near2.png adds object 2, which overlaps object 1 by 67 %" in same
    assert "Then give 3:1" in same
    stack = np.stack([HERE, FAR])
    doubts = given_masks({0: stack, 3: stack}).doubts
    assert any("told apart by their order only" in doubt for doubt in doubts)


@pytest.mark.parametrize("value", [1, 255])
def test_white_files_of_a_set_in_two_places_are_doubted(value: int, tmp_path: Path) -> None:
    for index, mask in ((0, HERE), (3, FAR)):
        Image.fromarray((mask * value).astype(np.uint8)).save(tmp_path / f"{index:05}.png")
    (doubt,) = read_masks(tmp_path).doubts
    assert "00003.png corrects object 1, but lies elsewhere" in doubt
    assert doubt.endswith("Then give 3:2")
