from pathlib import Path

import numpy as np
import pytest

from segue.errors import MaskError, NotFoundError
from segue.media.mask_args import read_masks
from segue.media.masks import object_ids, write_mask


def put(path: Path, *ids: int) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    labels = np.zeros((8, 8), np.uint8)
    for number in ids:
        labels[number] = number
    write_mask(path, labels)
    return path


def found(given: object) -> dict[int, list[int]]:
    return {index: object_ids(labels) for index, labels in given.by_frame.items()}


def test_files_for_the_first_and_for_later_frames(tmp_path: Path) -> None:
    a, b = put(tmp_path / "a.png", 1), put(tmp_path / "b.png", 1, 2)
    given = read_masks([f"37={b}", str(a)])
    assert found(given) == {0: [1], 37: [1, 2]}
    assert list(given.by_frame) == [0, 37]
    assert given.sources == {1: "id 1", 2: "id 2"}
    assert given.paths == {0: a, 37: b}


def test_frames_may_be_named_if_the_source_has_names(tmp_path: Path) -> None:
    a = put(tmp_path / "a.png", 1)
    assert found(read_masks([f"two={a}"], ["one", "two"])) == {1: [1]}
    assert found(read_masks([f"1={a}"], ["one", "two"])) == {1: [1]}
    with pytest.raises(MaskError, match="frames 0 to 1 only"):
        read_masks([f"2={a}"], ["one", "two"])
    with pytest.raises(MaskError, match="got 'three'"):
        read_masks([f"three={a}"], ["one", "two"])


def test_folder_named_like_frames(tmp_path: Path) -> None:
    put(tmp_path / "m" / "00037.png", 2)
    put(tmp_path / "m" / "00004.png", 1)
    assert found(read_masks([str(tmp_path / "m")])) == {4: [1], 37: [2]}
    names = ["00000", "00004", "00037"]
    assert found(read_masks([str(tmp_path / "m")], names)) == {1: [1], 2: [2]}
    put(tmp_path / "m" / "odd.png", 1)
    with pytest.raises(MaskError, match=r"00004\.png is named like a frame, odd\.png is not"):
        read_masks([str(tmp_path / "m")])


def test_folder_of_objects(tmp_path: Path) -> None:
    put(tmp_path / "m" / "cat.png", 3)
    put(tmp_path / "m" / "dog.png", 5)
    given = read_masks([str(tmp_path / "m")])
    assert found(given) == {0: [1, 2]}
    assert given.sources == {1: "cat.png", 2: "dog.png"}
    assert found(read_masks([f"7={tmp_path / 'm'}"])) == {7: [1, 2]}


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    a = put(tmp_path / "a.png", 1)
    with pytest.raises(MaskError, match="Two masks for frame 0"):
        read_masks([str(a), f"0={a}"])
    with pytest.raises(NotFoundError, match=r"absent\.png"):
        read_masks(["absent.png"])
    with pytest.raises(NotFoundError, match=r"absent\.png .*3=absent"):
        read_masks(["3=absent.png"])
    with pytest.raises(MaskError, match="No mask given"):
        read_masks([])


def test_an_existing_name_with_an_equals_sign_is_a_file(tmp_path: Path) -> None:
    assert found(read_masks([str(put(tmp_path / "3=x.png", 1))])) == {0: [1]}


def test_a_folder_of_objects_with_padded_numbers_is_doubted(tmp_path: Path) -> None:
    put(tmp_path / "padded/frame_0007.png", 1)
    (doubt,) = read_masks(tmp_path / "padded", ["a", "b"]).doubts
    assert (
        "each file is read as an object of frame a. Is frame_0007.png the mask of another" in doubt
    )
    put(tmp_path / "plain/object2.png", 1)
    assert read_masks(tmp_path / "plain").doubts == ()
