from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.trees import remove, truncate, write_tree
from segue.data.camvid import CAMVID
from segue.data.semantic_classes import CAMVID_CLASSES
from segue.errors import InputError, NotFoundError
from segue.media.label_file import read_label_values

IMAGE = "val/street_02_000001.jpg"
MASK = "valannot/street_02_000001.png"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree("camvid", tmp_path)


def check(root: Path, split: str = "val") -> list[tuple[str, str, str]]:
    return [(p.kind, p.sequence, p.frame) for p in CAMVID.check(root, split)]


def test_a_complete_set(root: Path) -> None:
    one, two = CAMVID.sequences(root, "val")
    assert (one.name, two.name) == ("street_02", "street_03")
    assert [path.stem for path in one.frame_paths] == [f"street_02_00000{i}" for i in range(4)]
    assert one.mask_paths[1] == root / MASK
    assert [s.name for s in CAMVID.sequences(root, "train")] == ["street_00", "street_01"]
    assert check(root) == check(root, "train") == []
    assert CAMVID.recognise(root)
    assert not CAMVID.recognise(root / "val")


def test_values_are_those_of_the_classes(root: Path) -> None:
    assert CAMVID_CLASSES.names[8:] == ("car", "pedestrian", "bicyclist")
    values = set(np.unique(read_label_values(root / "valannot/street_02_000003.png")))
    assert values == {0, 3, 8, 9}


def test_official_names_are_grouped_by_drive_and_sorted_by_number(root: Path) -> None:
    names = ["0006R0_f00930", "0016E5_08610", "0006R0_f01020", "0016E5_959", "0001TP_006690"]
    for folder, suffix in (("test", "png"), ("testannot", "png")):
        (root / folder).mkdir()
        for name in names:
            Image.new("L", (4, 3)).save(root / folder / f"{name}.{suffix}")
    sequences = CAMVID.sequences(root, "test")
    assert {s.name: [path.stem for path in s.frame_paths] for s in sequences} == {
        "0001TP": ["0001TP_006690"],
        "0006R0": ["0006R0_f00930", "0006R0_f01020"],
        "0016E5": ["0016E5_959", "0016E5_08610"],
    }
    assert [s.name for s in sequences] == ["0001TP", "0006R0", "0016E5"]
    assert check(root, "test") == []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (MASK, [("missing-frame", "street_02", "street_02_000001")]),
        (IMAGE, [("extra-frame", "", "street_02_000001")]),
    ],
)
def test_missing_files(root: Path, path: str, found: list[tuple[str, str, str]]) -> None:
    remove(root / path)
    assert check(root) == found


@pytest.mark.parametrize("path", [MASK, IMAGE])
def test_broken_files(root: Path, path: str) -> None:
    truncate(root / path)
    assert check(root) == [("unreadable", "street_02", "street_02_000001")]


@pytest.mark.parametrize(("value", "kind"), [(12, "unknown-id"), (255, "void")])
def test_foreign_values(root: Path, value: int, kind: str) -> None:
    Image.fromarray(np.resize([11, value], (32, 48)).astype(np.uint8)).save(root / MASK)
    assert check(root) == [(kind, "street_02", "street_02_000001")]


def test_another_size(root: Path) -> None:
    Image.new("L", (20, 10)).save(root / MASK)
    assert check(root) == [("size", "street_02", "street_02_000001")]


def test_other_names(root: Path) -> None:
    (root / IMAGE).rename(root / "val/cover.jpg")
    (root / MASK).rename(root / "valannot/cover.png")
    assert check(root) == [("name", "", "cover"), ("extra-frame", "", "cover")]
    assert len(CAMVID.sequences(root, "val")[0].frame_paths) == 3


def test_no_frame_has_an_official_name(root: Path) -> None:
    for path in (root / "val").iterdir():
        path.rename(path.with_stem(path.stem.replace("_", "-")))
    with pytest.raises(InputError, match=r"No frame in .*val is named like 0001TP_006690"):
        CAMVID.sequences(root, "val")


def test_no_such_split(root: Path) -> None:
    with pytest.raises(NotFoundError, match=r"No frames in .*test, .*Splits of .*: train, val\."):
        CAMVID.sequences(root, "test")


@pytest.mark.real
def test_real_drives(shared: Path) -> None:
    root = shared / "data/camvid"
    assert CAMVID.recognise(root)
    train = {s.name: len(s.frame_paths) for s in CAMVID.sequences(root, "train")}
    assert train == {"0001TP": 62, "0006R0": 101, "0016E5": 204}
    (drive,) = CAMVID.sequences(root, "val")
    assert (drive.name, len(drive.frame_paths)) == ("0016E5", 101)
    assert [*CAMVID.check(root, "train"), *CAMVID.check(root, "val")] == []
