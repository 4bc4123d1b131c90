import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.scenes_flat import flat_scenes
from fakes.trees import remove, truncate, write_tree
from segue.data.semantic_classes import VSPW_CLASSES
from segue.data.vspw import VSPW
from segue.errors import InputError, NotFoundError
from segue.media.label_file import read_label_values
from segue.synthetic.write_vspw import write

IMAGE = "data/street_02/origin/00000002.jpg"
MASK = "data/street_02/mask/00000002.png"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree("vspw", tmp_path)


def check(root: Path, split: str = "val") -> list[tuple[str, str, str]]:
    return [(p.kind, p.sequence, p.frame) for p in VSPW.check(root, split)]


def test_a_complete_set(root: Path) -> None:
    one, two = VSPW.sequences(root, "val")
    assert (one.name, two.name) == ("street_02", "street_03")
    assert [path.name for path in one.frame_paths] == [f"0000000{i}.jpg" for i in range(1, 5)]
    assert one.mask_paths[1] == root / MASK
    assert [s.name for s in VSPW.sequences(root, "train")] == ["street_00", "street_01"]
    assert check(root) == check(root, "train") == []
    assert VSPW.recognise(root)
    assert not VSPW.recognise(root / "data")


def test_values_are_those_of_the_classes(root: Path) -> None:
    of = VSPW_CLASSES.value_of
    values = set(np.unique(read_label_values(root / "data/street_02/mask/00000004.png")))
    assert values == {of("road"), of("sky"), of("car"), of("person")} == {19, 29, 49, 61}


def test_classes() -> None:
    assert len(VSPW_CLASSES.names) == len(set(VSPW_CLASSES.names)) == 124
    assert (VSPW_CLASSES.names[0], VSPW_CLASSES.names[-1]) == ("wall", "train")
    assert VSPW_CLASSES.class_of == {value: value - 1 for value in range(1, 125)}
    assert VSPW_CLASSES.values == {*range(125), 255}
    with pytest.raises(InputError, match="No class 'dragon'"):
        VSPW_CLASSES.value_of("dragon")


def test_the_order_of_the_list(root: Path) -> None:
    (root / "val.txt").write_text("street_03\n\nstreet_02\nstreet_03\n")
    assert [s.name for s in VSPW.sequences(root, "val")] == ["street_03", "street_02"]


def test_the_truth_of_test_is_not_public(root: Path) -> None:
    write(root, flat_scenes("street", 5)[4:], "test")
    (video,) = VSPW.sequences(root, "test")
    assert video.mask_paths == (None,) * 4
    assert check(root, "test") == []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (MASK, {("missing-frame", "street_02", "00000002")}),
        (IMAGE, {("extra-frame", "street_02", "00000002"), ("missing-frame", "street_02", "00000001")}),
    ],
)  # fmt: skip
def test_missing_files(root: Path, path: str, found: set[tuple[str, str, str]]) -> None:
    remove(root / path)
    assert set(check(root)) == found


@pytest.mark.parametrize("path", [MASK, IMAGE])
def test_broken_files(root: Path, path: str) -> None:
    truncate(root / path)
    assert check(root) == [("unreadable", "street_02", "00000002")]


def test_foreign_values(root: Path) -> None:
    Image.fromarray(np.resize([0, 1, 124, 125, 255], (32, 48)).astype(np.uint8)).save(root / MASK)
    (problem,) = VSPW.check(root, "val")
    assert (problem.kind, problem.frame) == ("unknown-id", "00000002")
    assert "holds 125, expected 0 to 124, 255" in problem.message


def test_another_size(root: Path) -> None:
    Image.new("L", (20, 10)).save(root / MASK)
    assert check(root) == [("size", "street_02", "00000002")]


def test_a_listed_video_that_is_not_there(root: Path) -> None:
    shutil.rmtree(root / "data/street_02")
    assert check(root) == [("missing-sequence", "street_02", "")]
    with pytest.raises(NotFoundError, match=r"val\.txt lists street_02, but .* of 1 videos"):
        VSPW.sequences(root, "val")


def test_a_video_that_no_list_names(root: Path) -> None:
    shutil.copytree(root / "data/street_02", root / "data/park")
    assert check(root) == [("extra-sequence", "park", "")]


def test_no_such_list(root: Path) -> None:
    with pytest.raises(NotFoundError, match=r"dev\.txt\. Found: train, val\."):
        VSPW.sequences(root, "dev")


def test_an_empty_list(root: Path) -> None:
    (root / "val.txt").write_text("\n")
    with pytest.raises(InputError, match=r"val\.txt is empty"):
        VSPW.sequences(root, "val")
