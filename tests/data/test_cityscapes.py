import shutil
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import labels as official_labels
from PIL import Image

from fakes.scenes_flat import flat_scenes
from fakes.trees import remove, truncate, write_tree
from segue.data.cityscapes import CITYSCAPES
from segue.data.semantic_classes import CITYSCAPES_CLASSES
from segue.errors import InputError, NotFoundError
from segue.media.label_file import read_label_values
from segue.synthetic.write_cityscapes import write

CLIPS = "leftImg8bit_sequence/val/frankfurt"
CLIP = "frankfurt_000000_000294"
TRUTH = f"gtFine/val/frankfurt/{CLIP}_gtFine"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree("cityscapes", tmp_path, frames=30)


def frame(number: int) -> str:
    return f"{CLIPS}/frankfurt_000000_{number:06}_leftImg8bit.png"


def check(root: Path, split: str = "val") -> list[tuple[str, str, str]]:
    return [(p.kind, p.sequence, p.frame) for p in CITYSCAPES.check(root, split)]


def test_a_complete_set(root: Path) -> None:
    one, two = CITYSCAPES.sequences(root, "val")
    assert (one.name, two.name) == (CLIP, "lindau_000000_000019")
    assert list(one.frame_paths) == [root / frame(number) for number in range(275, 305)]
    masks = [path for path in one.mask_paths if path]
    assert masks == [one.mask_paths[19]] == [root / f"{TRUTH}_labelIds.png"]
    assert two.frame_paths[0].name == "lindau_000000_000000_leftImg8bit.png"
    assert check(root) == check(root, "train") == []
    assert CITYSCAPES.recognise(root)
    assert not CITYSCAPES.recognise(root / "gtFine")


def test_clips_of_one_drive_whose_numbers_run_on(tmp_path: Path) -> None:
    write(tmp_path, flat_scenes("street", 4, 31), "val")
    sequences = CITYSCAPES.sequences(tmp_path, "val")
    assert [(s.name, len(s.frame_paths)) for s in sequences] == [
        (CLIP, 30),
        ("frankfurt_000000_000569", 30),
        ("lindau_000000_000019", 30),
        ("lindau_000001_000019", 30),
    ]
    assert len({path for s in sequences for path in s.frame_paths}) == 120
    assert check(tmp_path) == []


def test_other_clips_do_not_shift_the_frames(root: Path) -> None:
    """Frames before the clip, as many as are not there: neither order nor count of files says where a clip is."""
    for number in range(245, 275):
        shutil.copy(root / frame(294), root / frame(number))
    remove(root / frame(280))
    one, _ = CITYSCAPES.sequences(root, "val")
    expected = [number for number in range(275, 305) if number != 280]
    assert list(one.frame_paths) == [root / frame(number) for number in expected]
    assert [path is not None for path in one.mask_paths].index(True) == expected.index(294)
    kinds = [kind for kind, _, _ in check(root)]
    assert kinds.count("extra-frame") == 30
    assert kinds.count("missing-frame") == 1


def test_truth_files(root: Path) -> None:
    ids, train_ids, instances = (
        read_label_values(root / f"{TRUTH}_{kind}.png")
        for kind in ("labelIds", "labelTrainIds", "instanceIds")
    )
    assert set(np.unique(ids)) == {7, 23, 24, 26}
    of = CITYSCAPES_CLASSES.class_of
    np.testing.assert_array_equal(np.vectorize(of.get)(ids), train_ids)
    np.testing.assert_array_equal(np.where(instances >= 1000, instances // 1000, instances), ids)
    assert set(np.unique(instances)) == {7, 23, 24000, 26000}


def test_classes_are_the_official_ones() -> None:
    ours = [
        (
            label.name,
            label.value,
            -1 if label.value < 0 else 255 if label.index is None else label.index,
            label.category,
            label.has_instances,
            label.colour,
        )
        for label in CITYSCAPES_CLASSES.labels
    ]
    theirs = [
        (
            label.name,
            label.id,
            label.trainId,
            label.category,
            label.hasInstances,
            label.color,
        )
        for label in official_labels
    ]
    assert ours == theirs
    assert CITYSCAPES_CLASSES.names[:2] == ("road", "sidewalk")
    assert len(CITYSCAPES_CLASSES.names) == len(CITYSCAPES_CLASSES.colours) == 19


def test_without_clips_the_annotated_frames_alone(root: Path) -> None:
    shutil.rmtree(root / "leftImg8bit_sequence")
    one, _ = CITYSCAPES.sequences(root, "val")
    assert one.frame_paths == (root / f"leftImg8bit/val/frankfurt/{CLIP}_leftImg8bit.png",)
    assert one.mask_paths == (root / f"{TRUTH}_labelIds.png",)
    assert check(root) == []


def test_truth_alone(root: Path) -> None:
    shutil.rmtree(root / "leftImg8bit_sequence")
    shutil.rmtree(root / "leftImg8bit")
    one, _ = CITYSCAPES.sequences(root, "val")
    assert (one.frame_paths, len(one.mask_paths), one.num_frames) == ((), 1, 1)
    assert check(root) == []


def test_clips_and_truth_without_still_frames(root: Path) -> None:
    shutil.rmtree(root / "leftImg8bit")
    assert [len(s.frame_paths) for s in CITYSCAPES.sequences(root, "val")] == [30, 30]
    assert check(root) == []


def test_an_incomplete_clip_is_named_with_its_frames(root: Path) -> None:
    for number in (275, 276, 300):
        remove(root / frame(number))
    (problem,) = CITYSCAPES.check(root, "val")
    assert (problem.kind, problem.sequence) == ("missing-frame", CLIP)
    assert "lacks 3 of 30 frames: 275 to 276, 300" in problem.message


def test_an_annotated_frame_that_its_clip_lacks(root: Path) -> None:
    remove(root / frame(294))
    one, _ = CITYSCAPES.sequences(root, "val")
    assert one.frame_paths[19] == root / f"leftImg8bit/val/frankfurt/{CLIP}_leftImg8bit.png"
    assert one.mask_paths[19] is not None
    assert [kind for kind, _, _ in check(root)] == ["missing-frame"]


@pytest.mark.parametrize(
    "path", [f"{TRUTH}_labelIds.png", f"leftImg8bit/val/frankfurt/{CLIP}_leftImg8bit.png"]
)
def test_missing_files(root: Path, path: str) -> None:
    remove(root / path)
    assert [(kind, name) for kind, name, _ in check(root)] == [("missing-frame", CLIP)]


@pytest.mark.parametrize(
    "path",
    [
        frame(280),
        f"leftImg8bit/val/frankfurt/{CLIP}_leftImg8bit.png",
        f"{TRUTH}_labelIds.png",
        f"{TRUTH}_labelTrainIds.png",
        f"{TRUTH}_instanceIds.png",
    ],
)
def test_broken_files(root: Path, path: str) -> None:
    truncate(root / path)
    assert [(kind, name) for kind, name, _ in check(root)] == [("unreadable", CLIP)]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("labelIds", [7, 34]),
        ("labelIds", [7, 255]),
        ("labelTrainIds", [18, 19]),
        ("instanceIds", [26, 7001]),
        ("instanceIds", [24001, 40]),
    ],
)
def test_foreign_ids(root: Path, path: str, values: list[int]) -> None:
    dtype = np.uint16 if path == "instanceIds" else np.uint8
    Image.fromarray(np.resize(values, (32, 48)).astype(dtype)).save(root / f"{TRUTH}_{path}.png")
    ((kind, name, _),) = check(root)
    assert name == CLIP
    assert kind in ("unknown-id", "void")


def test_another_size(root: Path) -> None:
    Image.new("RGB", (20, 10)).save(root / frame(280))
    ((kind, name, number),) = check(root)
    assert (kind, name, number[:23]) == ("size", CLIP, "frankfurt_000000_000280")


def test_a_name_without_numbers(root: Path) -> None:
    for path in root.rglob("lindau_000000_000019_*"):
        path.rename(path.with_name(path.name.replace("lindau_000000_000019", "lindau_19")))
    shutil.rmtree(root / "leftImg8bit_sequence")
    assert check(root) == [("name", "lindau_19", "")]


def test_too_short_a_scene(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"street_00 has 29 frames, a clip of Cityscapes needs 30"):
        write(tmp_path, flat_scenes("street", 1, 29), "val")


@pytest.mark.parametrize("split", ["dev", "val/lindau"])
def test_no_such_split(root: Path, split: str) -> None:
    with pytest.raises(NotFoundError, match=r"no annotated frames of .* Splits there: train, val"):
        CITYSCAPES.sequences(root, split)
