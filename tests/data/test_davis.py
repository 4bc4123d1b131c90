from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.davis import moving_square, write_davis
from fakes.trees import remove, truncate, write_tree
from segue.data.davis import DAVIS2016, DAVIS2017, DAVIS2017_UNSUPERVISED, davis_sequences
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
    with pytest.raises(NotFoundError, match=r"No split 'test' in .*ImageSets .* Found: val\."):
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


def kinds(problems) -> list[tuple[str, str, str]]:
    return [(p.kind, p.sequence, p.frame) for p in problems]


@pytest.mark.parametrize("layout", [DAVIS2016, DAVIS2017, DAVIS2017_UNSUPERVISED])
def test_a_whole_tree_has_no_problems(layout, tmp_path: Path) -> None:
    root = write_tree(layout.name, tmp_path)
    assert layout.recognise(root)
    for split, names in (
        ("train", ["objects_00", "objects_01"]),
        ("val", ["objects_02", "objects_03"]),
    ):
        assert [s.name for s in layout.sequences(root, split)] == names
        assert list(layout.check(root, split)) == []


def mask_values(root: Path, layout) -> list[list[int]]:
    sequence = layout.sequences(root, "val")[0]
    return [np.unique(np.asarray(Image.open(path))).tolist() for path in sequence.mask_paths]


def test_what_the_editions_draw(tmp_path: Path) -> None:
    """Object 2 starts in the middle: only the unsupervised masks have it."""
    values = {
        layout.name: mask_values(write_tree(layout.name, tmp_path / layout.name), layout)
        for layout in (DAVIS2016, DAVIS2017, DAVIS2017_UNSUPERVISED)
    }
    assert values == {
        "davis2016": [[0, 255]] * 4,
        "davis2017": [[0, 1]] * 4,
        "davis2017-unsupervised": [[0, 1]] * 2 + [[0, 1, 2]] * 2,
    }


def test_every_kind_of_damage_to_2016_is_found_at_once(tmp_path: Path) -> None:
    root = write_tree("davis2016", tmp_path, frames=6)
    images, masks = root / "JPEGImages/480p", root / "Annotations/480p"
    truncate(images / "objects_02/00001.jpg")
    remove(masks / "objects_02/00002.png")
    remove(images / "objects_02/00004.jpg")
    labels = np.zeros((32, 48), np.uint8)
    labels[4:9, 5:9] = 3
    Image.fromarray(labels).save(masks / "objects_03/00000.png")
    (images / "stray").mkdir()
    (images / ".DS_Store").touch()
    assert kinds(DAVIS2016.check(root, "val")) == [
        ("unreadable", "objects_02", "00001"),
        ("missing-frame", "objects_02", "00002"),
        ("extra-frame", "objects_02", "00004"),
        ("missing-frame", "objects_02", "00003"),
        ("foreground-value", "objects_03", "00000"),
        ("listing", "objects_02", "00004"),
        ("extra-sequence", "stray", ""),
    ]


def test_a_sequence_that_is_not_there_does_not_hide_the_damage_of_the_next(tmp_path: Path) -> None:
    root = write_tree("davis2017", tmp_path)
    for path in (root / "JPEGImages/480p/objects_02").iterdir():
        remove(path)
    truncate(root / "Annotations/480p/objects_03/00001.png")
    assert kinds(DAVIS2017.check(root, "val")) == [
        ("missing-sequence", "objects_02", ""),
        ("unreadable", "objects_03", "00001"),
    ]


def test_an_object_that_the_first_frame_has_not(tmp_path: Path) -> None:
    root = write_tree("davis2017", tmp_path)
    labels = np.zeros((32, 48), np.uint8)
    labels[:3, :3] = 1, 5, 255
    Image.fromarray(labels).save(root / "Annotations/480p/objects_02/00003.png")
    (problem,) = DAVIS2017.check(root, "val")
    assert (problem.kind, problem.frame, problem.fatal) == ("unknown-id", "00003", False)
    assert "holds 5, expected 0 to 1, 255" in problem.message


def test_sequences_of_any_list_belong_there(tmp_path: Path) -> None:
    root = write_tree("davis2017", tmp_path)
    (root / "ImageSets/2016").mkdir()
    (root / "ImageSets/2016/val.txt").write_text("objects_02\n")
    (root / "ImageSets/2016/empty.txt").touch()
    assert [s.name for s in DAVIS2016.sequences(root, "val")] == ["objects_02"]
    problems = kinds(DAVIS2016.check(root, "val"))
    assert problems == [("foreground-value", "objects_02", f"{t:05}") for t in range(4)]


def test_splits_to_test_need_only_first_masks(tmp_path: Path) -> None:
    root = write_tree("davis2017", tmp_path)
    lists = root / "ImageSets/2017"
    (lists / "val.txt").rename(lists / "test-dev.txt")
    for path in (root / "Annotations/480p").glob("objects_0[23]/0000[123].png"):
        remove(path)
    assert list(DAVIS2017.check(root, "test-dev")) == []
    remove(root / "Annotations/480p/objects_02/00000.png")
    assert kinds(DAVIS2017.check(root, "test-dev")) == [("missing-frame", "objects_02", "00000")]


def test_lists_of_the_other_edition(tmp_path: Path) -> None:
    root = write_tree("davis2016", tmp_path)
    assert not DAVIS2017.recognise(root)
    with pytest.raises(NotFoundError, match=r"ImageSets \(2017\)\. Found: no list at all"):
        DAVIS2017.sequences(root, "val")


def test_masks_of_the_unsupervised_challenge_are_asked_for_by_name(tmp_path: Path) -> None:
    root = write_tree("davis2017", tmp_path)
    assert not DAVIS2017_UNSUPERVISED.recognise(root)
    with pytest.raises(NotFoundError, match="expected a folder Annotations_unsupervised/480p"):
        DAVIS2017_UNSUPERVISED.sequences(root, "val")


def test_full_resolution(tmp_path: Path) -> None:
    root = write_tree("davis2017", tmp_path)
    for kind in ("JPEGImages", "Annotations"):
        (root / kind / "480p").rename(root / kind / "Full-Resolution")
    (first, _) = DAVIS2017.sequences(root, "val")
    assert first.frame_paths[0].parent.parent.name == "Full-Resolution"
    assert list(DAVIS2017.check(root, "val")) == []


@pytest.mark.real
def test_real_validation_sequences(shared: Path) -> None:
    sequences = davis_sequences(shared / "data/davis2016_val_dev", "val")
    assert len(sequences) == 10
    assert sum(len(s.frame_paths) for s in sequences) == 769
    assert all(mask and mask.is_file() for s in sequences for mask in s.mask_paths)


@pytest.mark.real
def test_real_validation_files_are_whole(shared: Path) -> None:
    assert list(DAVIS2016.check(shared / "data/davis2016_val_dev", "val")) == []
