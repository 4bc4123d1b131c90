"""YOLO labels: supervision reads what is written, and what others write is read."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from PIL import Image

from fakes.results import (
    SIZE_HW,
    assert_same_labels,
    object_labels,
    results_of,
    text_file,
)
from segue.errors import FormatError
from segue.results.formats.yolo import YOLO

SQUARE = "0.2 0.25 0.8 0.25 0.8 0.75 0.2 0.75"


def test_supervision_reads_the_same_pixels(tmp_path: Path) -> None:
    supervision = pytest.importorskip("supervision", reason="supervision is not installed")
    YOLO.write(results_of(object_labels()), tmp_path)
    folder = tmp_path / "yolo"
    (folder / "images").mkdir()
    for n in range(5):
        Image.new("RGB", SIZE_HW[::-1]).save(folder / f"images/{n:05d}.png")
    data = supervision.DetectionDataset.from_yolo(
        str(folder / "images"), str(folder / "labels"), str(folder / "data.yaml"), force_masks=True
    )
    assert data.classes == ["object 1", "object 2", "object 7"]
    ids = np.array([1, 2, 7])
    for path, _, found in data:
        labels = np.zeros(SIZE_HW, np.uint8)
        for mask, number in zip(found.mask, found.class_id, strict=True):
            labels[mask] = ids[number]
        np.testing.assert_array_equal(labels, object_labels()[int(Path(path).stem)])


@pytest.mark.parametrize("width", [64, 1919, 4093])
def test_programs_that_cut_and_draw_get_the_same_pixels(tmp_path: Path, width: int) -> None:
    labels = np.zeros((60, width), np.uint8)
    labels[5:40, width // 7 : width - 3] = 1
    labels[10:12, width // 2 : width // 2 + 5] = 0
    YOLO.write(results_of([labels]), tmp_path)
    drawn = np.zeros_like(labels)
    for line in (tmp_path / "yolo/labels/00000.txt").read_text().splitlines():
        shares = np.array(line.split()[1:], np.float32).reshape(-1, 2)
        cv2.fillPoly(drawn, [(shares * (width, 60)).astype(np.int32)], 1)
    np.testing.assert_array_equal(drawn, labels)


def test_it_comes_back(tmp_path: Path) -> None:
    results = results_of(object_labels(), first=9, categories={1: "dog", 2: "cat", 7: "flea"})
    files = YOLO.write(results, tmp_path).files
    assert all(path.is_file() for path in files)
    assert len(files) == 6
    assert YOLO.recognises(tmp_path / "yolo")
    found = YOLO.read(tmp_path / "yolo")
    assert_same_labels(found, results)
    assert (found.name, found.frame_rate, found.size_hw) == ("clip", 25, SIZE_HW)
    assert found.sources == {1: "dog", 2: "cat", 7: "flea"}


def test_parts_are_lines_of_one_class(tmp_path: Path) -> None:
    YOLO.write(results_of(object_labels()), tmp_path)
    lines = (tmp_path / "yolo/labels/00000.txt").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["0", "1", "1"]
    data = yaml.safe_load((tmp_path / "yolo/data.yaml").read_text())
    assert data["names"] == {0: "object 1", 1: "object 2", 2: "object 7"}


def test_labels_of_others(tmp_path: Path) -> None:
    text_file(tmp_path / "labels/train/img_3.txt", f"1 {SQUARE}\n")
    text_file(tmp_path / "labels/train/img_12.txt", "")
    text_file(tmp_path / "data.yaml", "names:\n- boat\n- buoy\n")
    assert YOLO.recognises(tmp_path)
    with pytest.raises(FormatError, match="does not say how large"):
        YOLO.read(tmp_path)
    (tmp_path / "images").mkdir()
    Image.new("RGB", (100, 60)).save(tmp_path / "images/img_3.jpg")
    found = YOLO.read(tmp_path)
    assert found.size_hw == (60, 100)
    assert [(r.index, r.name) for r in found.records] == [(3, "img_3"), (12, "img_12")]
    assert found.sources == {2: "buoy"}
    assert found.records[0].objects[2].area == pytest.approx(60 * 30, rel=0.06)
    assert found.records[1].objects[2].absent


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 0.5 0.5 0.2 0.2", "line 1 is a box"),
        ("0 0.5 0.5 0.2 0.2 0.9", "line 1 is a box"),
        ("0 0.1 0.2 0.3 0.4 0.5 0.6 0.7", "holds 8 numbers"),
        ("x 0.1 0.2 0.3 0.4 0.5 0.6", "holds 7 numbers"),
        ("0 10 20 30 40 50 60", "from 0 to 1"),
        ("0 0.1 nan 0.3 0.4 0.5 0.6", "from 0 to 1"),
        (f"4 {SQUARE}", "names no class 4"),
    ],
)
def test_bad_lines_are_told(tmp_path: Path, line: str, said: str) -> None:
    text_file(tmp_path / "labels/a.txt", f"{line}\n")
    text_file(tmp_path / "data.yaml", "names: {0: boat}\n")
    with pytest.raises(FormatError, match=said):
        YOLO.read(tmp_path, SIZE_HW)


@pytest.mark.parametrize("text", ["names: [", "[1, 2]", "names: {a: b}", "segue: 3"])
def test_a_damaged_data_yaml(tmp_path: Path, text: str) -> None:
    text_file(tmp_path / "labels/a.txt", f"0 {SQUARE}\n")
    text_file(tmp_path / "data.yaml", text)
    with pytest.raises(FormatError, match=r"not a whole data\.yaml"):
        YOLO.read(tmp_path, SIZE_HW)


def test_too_many_classes(tmp_path: Path) -> None:
    lines = "".join(f"{n} {SQUARE}\n" for n in range(300))
    text_file(tmp_path / "a.txt", lines)
    with pytest.raises(FormatError, match="300 objects"):
        YOLO.read(tmp_path, SIZE_HW)


def test_an_empty_folder(tmp_path: Path) -> None:
    assert not YOLO.recognises(tmp_path)
    assert not YOLO.recognises(tmp_path / "none")
    with pytest.raises(FormatError, match="holds no labels"):
        YOLO.read(tmp_path)


def test_nothing_half_written(tmp_path: Path) -> None:
    YOLO.write(results_of(object_labels()), tmp_path)
    before = sorted(tmp_path.rglob("*"))
    results = results_of(object_labels()[:2])

    def broken(record: object) -> np.ndarray:
        raise FormatError("gone")

    object.__setattr__(results, "labels", broken)
    with pytest.raises(FormatError, match="gone"):
        YOLO.write(results, tmp_path)
    assert sorted(tmp_path.rglob("*")) == before
    YOLO.write(results_of(object_labels()[:2]), tmp_path)
    assert len(list(tmp_path.rglob("*.txt"))) == 2
