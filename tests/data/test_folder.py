from pathlib import Path

import pytest

from fakes.trees import remove, truncate, write_tree
from segue.data.folder import FOLDER
from segue.errors import NotFoundError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree("folder", tmp_path / "mine")


def kinds(problems) -> list[tuple[str, str, str]]:
    return [(p.kind, p.sequence, p.frame) for p in problems]


def test_frames_and_masks_side_by_side(root: Path) -> None:
    one, two = FOLDER.sequences(root, "all")
    assert (one.name, two.name) == ("objects_00", "objects_01")
    assert one.frame_paths[3] == root / "JPEGImages/objects_00/00003.jpg"
    assert one.mask_paths[3] == root / "Annotations/objects_00/00003.png"
    assert one.num_frames == 0
    assert list(FOLDER.check(root, "all")) == []
    assert FOLDER.recognise(root)


@pytest.mark.parametrize("below", ["", "Annotations"])
def test_masks_alone(root: Path, below: str) -> None:
    (root / "JPEGImages").rename(root.parent / "elsewhere")
    one, two = FOLDER.sequences(root / below, "all")
    assert (one.name, one.frame_paths, one.num_frames) == ("objects_00", (), 4)
    assert [path.stem for path in two.mask_paths] == ["00000", "00001", "00002", "00003"]
    assert list(FOLDER.check(root / below, "all")) == []
    assert FOLDER.recognise(root / below)


def test_masks_of_one_sequence(root: Path) -> None:
    (one,) = FOLDER.sequences(root / "Annotations/objects_01", "all")
    assert (one.name, len(one.mask_paths)) == ("objects_01", 4)
    assert FOLDER.recognise(root / "Annotations/objects_01")


def test_the_split_changes_nothing(root: Path) -> None:
    assert FOLDER.sequences(root, "train") == FOLDER.sequences(root, "val")


def test_sequences_and_masks_come_in_natural_order(root: Path) -> None:
    masks = root / "Annotations"
    (masks / "objects_00").rename(masks / "objects_10")
    (masks / "objects_01").rename(masks / "objects_9")
    for path in (masks / "objects_9").iterdir():
        path.rename(path.with_stem(str(8 + int(path.stem))))
    nine, ten = FOLDER.sequences(masks, "all")
    assert (nine.name, ten.name) == ("objects_9", "objects_10")
    assert [path.stem for path in nine.mask_paths] == ["8", "9", "10", "11"]


def test_every_kind_of_damage_is_found_at_once(root: Path) -> None:
    truncate(root / "Annotations/objects_00/00001.png")
    remove(root / "Annotations/objects_00/00002.png")
    remove(root / "JPEGImages/objects_01/00001.jpg")
    (root / "JPEGImages/objects_02").mkdir()
    (root / "Annotations/objects_00/.hidden.png").touch()
    assert kinds(FOLDER.check(root, "all")) == [
        ("unreadable", "objects_00", "00001"),
        ("missing-frame", "objects_00", "00002"),
        ("missing-frame", "objects_01", "00000"),
        ("extra-frame", "objects_01", "00001"),
        ("extra-sequence", "objects_02", ""),
    ]


def test_no_masks(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    assert not FOLDER.recognise(tmp_path)
    with pytest.raises(NotFoundError, match="expected PNG files, or folders of PNG files"):
        FOLDER.sequences(tmp_path, "all")


@pytest.mark.real
def test_real_masks_of_many_objects(shared: Path) -> None:
    (sequence,) = FOLDER.sequences(shared / "data/multi_object", "all")
    assert (sequence.name, len(sequence.mask_paths)) == ("schoolgirls", 80)
    assert list(FOLDER.check(shared / "data/multi_object", "all")) == []
