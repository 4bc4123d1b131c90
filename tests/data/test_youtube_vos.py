import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.trees import remove, truncate, write_tree
from segue.data.youtube_vos import SEEN_CATEGORIES, YOUTUBE_VOS_2018, YOUTUBE_VOS_2019
from segue.errors import InputError, NotFoundError

LAYOUT = YOUTUBE_VOS_2019


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two videos a split, four annotated frames each; object 2 starts in the third."""
    return write_tree(LAYOUT.name, tmp_path / "ytvos")


def kinds(problems) -> list[tuple[str, str, str]]:
    return [(p.kind, p.sequence, p.frame) for p in problems]


def edit_meta(path: Path, edit) -> None:
    meta = json.loads(path.read_text())
    edit(meta["videos"])
    path.write_text(json.dumps(meta))


@pytest.mark.parametrize("split", ["train", "valid", "train_all_frames", "valid_all_frames"])
def test_a_whole_tree_has_no_problems(root: Path, split: str) -> None:
    assert list(LAYOUT.check(root, split)) == []
    assert len(LAYOUT.sequences(root, split)) == 2
    assert LAYOUT.recognise(root)


def test_both_years_are_laid_out_alike(root: Path) -> None:
    assert YOUTUBE_VOS_2018.sequences(root, "valid") == LAYOUT.sequences(root, "valid")


def test_objects_start_where_the_metadata_says(root: Path) -> None:
    first, _ = LAYOUT.sequences(root, "valid")
    one, two = first.objects
    assert [path.stem for path in first.frame_paths] == ["00000", "00005", "00010", "00015"]
    assert (one.object_id, one.category, one.frames[0]) == (1, "animal", "00000")
    assert (two.object_id, two.category, two.frames) == (2, "ball", ("00010", "00015"))
    assert [mask is not None for mask in first.mask_paths] == [True, False, True, False]


def test_categories_are_seen_if_training_has_them(root: Path) -> None:
    seen = {o.category: o.seen for s in LAYOUT.sequences(root, "valid") for o in s.objects}
    assert seen == {"animal": True, "ball": False}
    trained = {o.category: o.seen for s in LAYOUT.sequences(root, "train") for o in s.objects}
    assert trained == {"animal": True}


def test_without_training_data_the_official_categories_count(root: Path) -> None:
    remove(root / "train/meta.json")

    def edit(videos) -> None:
        first, second = videos.values()
        first["objects"]["1"]["category"] = "giant_panda"
        del second["objects"]["1"]["category"]

    edit_meta(root / "valid/meta.json", edit)
    (panda, ball), (nameless, _) = (s.objects for s in LAYOUT.sequences(root, "valid"))
    assert (panda.seen, ball.seen, nameless.seen) == (True, False, None)
    assert len(SEEN_CATEGORIES) == 65


def test_all_frames_come_with_the_masks_and_metadata_of_their_split(root: Path) -> None:
    few, _ = LAYOUT.sequences(root, "valid")
    every, _ = LAYOUT.sequences(root, "valid_all_frames")
    assert len(every.frame_paths) == 16
    assert every.objects == few.objects
    assert set(filter(None, every.mask_paths)) == set(filter(None, few.mask_paths))


def test_frames_of_the_other_download_are_taken_if_those_of_the_split_are_missing(
    root: Path,
) -> None:
    (root / "valid/JPEGImages").rename(root / "elsewhere")
    first, _ = LAYOUT.sequences(root, "valid")
    assert len(first.frame_paths) == 16


def test_the_whole_truth_of_the_synthetic_validation(root: Path) -> None:
    assert list(LAYOUT.check(root, "valid_truth")) == []
    first, _ = LAYOUT.sequences(root, "valid_truth")
    values = [np.unique(np.asarray(Image.open(path))).tolist() for path in first.mask_paths]
    assert values == [[0, 1], [0, 1], [0, 1, 2], [0, 1, 2]]
    given, _ = LAYOUT.sequences(root, "valid")
    assert given.mask_paths[2].read_bytes() == first.mask_paths[2].read_bytes()


def test_the_folder_of_the_split_itself(root: Path) -> None:
    assert LAYOUT.recognise(root / "valid")
    assert LAYOUT.sequences(root / "valid", "valid") == LAYOUT.sequences(root, "valid")
    assert list(LAYOUT.check(root / "valid", "valid")) == []
    remove(root / "train/Annotations/objects_00/00005.png")
    (problem,) = LAYOUT.check(root / "train", "train")
    assert problem.kind == "missing-frame"


def test_every_kind_of_damage_is_found_at_once(root: Path) -> None:
    valid = root / "valid"
    truncate(valid / "JPEGImages/objects_02/00000.jpg")
    remove(valid / "Annotations/objects_02/00010.png")
    remove(valid / "JPEGImages/objects_02/00015.jpg")
    mask = np.zeros((32, 48), np.uint8)
    mask[:2, :2] = 7, 1
    Image.fromarray(mask).save(valid / "Annotations/objects_03/00010.png")
    (valid / "JPEGImages/stray").mkdir()
    assert kinds(LAYOUT.check(root, "valid")) == [
        ("missing-frame", "objects_02", "00015"),
        ("unreadable", "objects_02", "00000"),
        ("missing-frame", "objects_02", "00010"),
        ("unknown-id", "objects_03", "00010"),
        ("listing", "objects_03", "00010"),
        ("extra-sequence", "stray", ""),
    ]


def test_a_video_without_frames(root: Path) -> None:
    (root / "valid/JPEGImages/objects_02").rename(root / "elsewhere")
    assert kinds(LAYOUT.check(root, "valid")) == [("missing-sequence", "objects_02", "")]
    with pytest.raises(NotFoundError, match=r"'objects_02' is in .*meta\.json, but"):
        LAYOUT.sequences(root, "valid")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"videos": {"a": {}}}', '{"videos": {"a": {"objects": {"x": {}}}}}']
)
def test_damaged_metadata(root: Path, text: str) -> None:
    (root / "valid/meta.json").write_text(text)
    with pytest.raises(InputError, match=r"meta\.json is not the metadata of YouTube-VOS"):
        LAYOUT.sequences(root, "valid")
    (problem,) = LAYOUT.check(root, "valid")
    assert (problem.kind, problem.fatal) == ("unreadable", True)


def test_a_split_that_is_not_there(root: Path) -> None:
    with pytest.raises(NotFoundError, match=r"expected test/Annotations\. Found: train, valid, va"):
        LAYOUT.sequences(root, "test")
