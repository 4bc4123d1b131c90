from pathlib import Path

import pytest

from fakes.davis import moving_square, write_davis
from segue.data.davis import davis_sequences
from segue.errors import InputError, NotFoundError

LABELS = {"goat": moving_square(4), "bear": moving_square(3)}


@pytest.mark.parametrize("names_only", [False, True])
def test_sequences_in_the_order_of_the_list(tmp_path: Path, names_only: bool) -> None:
    root = write_davis(tmp_path, LABELS, names_only=names_only)
    goat, bear = davis_sequences(root, "val")
    assert (goat.name, bear.name) == ("goat", "bear")
    frames = [root / "JPEGImages/480p/goat" / f"{t:05}.jpg" for t in range(4)]
    assert list(goat.frame_paths) == frames
    assert bear.mask_paths[2] == root / "Annotations/480p/bear/00002.png"
    assert len(bear.mask_paths) == len(bear.frame_paths) == 3


def test_only_the_split_that_was_asked_for(tmp_path: Path) -> None:
    write_davis(tmp_path, {"bus": moving_square(3)}, split="train")
    write_davis(tmp_path, LABELS, split="val")
    assert [s.name for s in davis_sequences(tmp_path, "train")] == ["bus"]


def test_frames_without_a_mask(tmp_path: Path) -> None:
    root = write_davis(tmp_path, LABELS, names_only=True)
    for path in (root / "Annotations/480p/goat").glob("0000[12].png"):
        path.unlink()
    goat, _ = davis_sequences(root, "val")
    assert [mask is None for mask in goat.mask_paths] == [False, True, True, False]


def test_frames_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    root = write_davis(tmp_path, {"goat": moving_square(3)}, names_only=True)
    for old, new in (("00000", "frame2"), ("00001", "frame10"), ("00002", "frame9")):
        for path in root.rglob(f"{old}.*"):
            path.rename(path.with_stem(new))
    (goat,) = davis_sequences(root, "val")
    assert [path.stem for path in goat.frame_paths] == ["frame2", "frame9", "frame10"]
    assert [path.stem for path in goat.mask_paths if path] == ["frame2", "frame9", "frame10"]


def test_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"elsewhere: expected a folder JPEGImages/480p"):
        davis_sequences(tmp_path / "elsewhere", "val")


def test_no_such_split(tmp_path: Path) -> None:
    root = write_davis(tmp_path, LABELS)
    with pytest.raises(NotFoundError, match=r"No split 'test' in .*ImageSets\. Found: val\."):
        davis_sequences(root, "test")


@pytest.mark.parametrize("keep_folder", [False, True])
def test_a_listed_sequence_without_frames(tmp_path: Path, keep_folder: bool) -> None:
    root = write_davis(tmp_path, LABELS)
    folder = root / "JPEGImages/480p/bear"
    for path in folder.iterdir():
        path.unlink()
    if not keep_folder:
        folder.rmdir()
    with pytest.raises(NotFoundError, match=r"'bear' is listed, but .*480p/bear holds no frames"):
        davis_sequences(root, "val")


def test_an_empty_list(tmp_path: Path) -> None:
    root = write_davis(tmp_path, LABELS)
    (root / "ImageSets/480p/val.txt").write_text("\n")
    with pytest.raises(InputError, match=r"val\.txt is empty"):
        davis_sequences(root, "val")


@pytest.mark.real
def test_real_validation_sequences(shared: Path) -> None:
    sequences = davis_sequences(shared / "data/davis2016_val_dev", "val")
    assert len(sequences) == 10
    assert sum(len(s.frame_paths) for s in sequences) == 769
    assert all(mask and mask.is_file() for s in sequences for mask in s.mask_paths)
