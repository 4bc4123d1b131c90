"""CVAT files: datumaro reads what is written, and what CVAT writes is read."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from fakes.results import (
    SIZE_HW,
    assert_same_labels,
    object_labels,
    results_of,
    text_file,
)
from segue.errors import FormatError
from segue.results.formats.cvat import CVAT, CVAT_POLYGONS, Cvat, CvatPolygons

BOTH = pytest.mark.parametrize("document", [CVAT, CVAT_POLYGONS])


def official(path: Path) -> Any:
    """The frames of datumaro: number -> annotations."""
    datumaro = pytest.importorskip("datumaro", reason="datumaro is not installed")
    data = datumaro.Dataset.import_from(str(path), "cvat")
    labels = data.categories()[datumaro.AnnotationType.label]
    return {item.attributes["frame"]: item.annotations for item in data}, labels


def as_images(path: Path, target: Path) -> Path:
    """The same masks as CVAT for images has them: datumaro does not read masks of tracks."""
    root = ElementTree.parse(path).getroot()
    images = {}
    for track in root.findall("track"):
        for mask in track.findall("mask"):
            if mask.get("outside") == "1":
                continue
            frame = mask.get("frame")
            if frame not in images:
                about = {"id": frame, "name": f"{frame}.png", "height": "48", "width": "64"}
                images[frame] = ElementTree.SubElement(root, "image", about)
                (target / "images").mkdir(parents=True, exist_ok=True)
                (target / f"images/{frame}.png").touch()
            mask.attrib |= {"label": track.get("label"), "group_id": track.get("group_id")}
            images[frame].append(mask)
        root.remove(track)
    ElementTree.ElementTree(root).write(target / "annotations.xml")
    return target / "annotations.xml"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_datumaro_reads_the_same_masks(tmp_path: Path) -> None:
    pytest.importorskip("datumaro", reason="datumaro is not installed")
    (path,) = CVAT.write(results_of(object_labels(), categories={1: "dog"}), tmp_path).files
    frames, labels = official(as_images(path, tmp_path / "images_style"))
    assert [label.name for label in labels] == ["dog", "object"]
    for number, expected in enumerate(object_labels()):
        found = np.zeros(SIZE_HW, np.uint8)
        for item in frames[number]:
            found[np.asarray(item.image) > 0] = item.group
            assert labels[item.label].name == ("dog" if item.group == 1 else "object")
        np.testing.assert_array_equal(found, expected)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_datumaro_reads_the_polygons(tmp_path: Path) -> None:
    pytest.importorskip("datumaro", reason="datumaro is not installed")
    from pycocotools import mask as coco

    labels = [np.where(frame == 7, 0, frame).astype(np.uint8) for frame in object_labels()]
    CVAT_POLYGONS.write(results_of(labels), tmp_path)
    frames, _ = official(tmp_path / "cvat-polygons.xml")
    for number, expected in enumerate(labels):
        found = np.zeros(SIZE_HW, np.uint8)
        for item in frames[number]:
            if not item.attributes["outside"]:
                rle = coco.merge(coco.frPyObjects([item.points], *SIZE_HW))
                found[coco.decode(rle) > 0] = item.group
        for value in (1, 2):
            mask = (expected == value).astype(np.uint8)
            inner = cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=0)
            # The area between pixel centres: pixels along the edge may be missing, nothing else.
            assert not (inner.astype(bool) & (found != value)).any()
            assert not ((found == value) & (mask == 0)).any()


@BOTH
def test_it_comes_back(tmp_path: Path, document: Cvat | CvatPolygons) -> None:
    results = results_of(object_labels(), categories={1: "dog", 2: "a <&> b"})
    (path,) = document.write(results, tmp_path).files
    assert CVAT.recognises(path)
    found = CVAT.read(path)
    assert_same_labels(found, results)
    assert (found.name, found.frame_rate, found.size_hw) == ("clip", 25, SIZE_HW)
    assert found.records[2].objects[2].category == "a <&> b"
    assert found.sources == {1: "dog 1", 2: "a <&> b 2", 7: "object 7"}


def test_tracks_begin_and_end(tmp_path: Path) -> None:
    """CVAT keeps the first shape of a mask track only; polygons of an object are one track."""
    results = results_of(object_labels())
    masks = ElementTree.parse(CVAT.write(results, tmp_path).files[0])
    for track in masks.iterfind("track"):
        shapes = [(int(m.get("frame", "")), m.get("outside")) for m in track.iterfind("mask")]
        first = shapes[0][0]
        assert shapes == [(first, "0"), (first + 1, "1")][: 2 if first < 4 else 1]
    polygons = ElementTree.parse(CVAT_POLYGONS.write(results, tmp_path).files[0])
    seen = {
        (t.get("group_id"), tuple((p.get("frame"), p.get("outside")) for p in t))
        for t in polygons.iterfind("track")
    }
    of_two = tuple((str(n), "1" if n == 3 else "0") for n in range(5))
    assert ("1", tuple((str(n), "0") for n in range(5))) in seen
    assert ("2", of_two) in seen
    assert ("7", (("2", "0"), ("3", "1"))) in seen


def cvat(body: str, size: str = "<width>64</width><height>48</height>") -> str:
    task = f"<task><name>t</name><size>3</size><original_size>{size}</original_size></task>"
    return f"<annotations><version>1.1</version><meta>{task}</meta>{body}</annotations>"


def test_a_file_of_cvat(tmp_path: Path) -> None:
    text = cvat(
        '<track id="0" label="car"><polygon frame="1" outside="0" keyframe="1" occluded="0" '
        'points="10,10;20,10;20,20;10,20" z_order="0"/>'
        '<polygon frame="2" outside="1" keyframe="1" points="10,10;20,10;20,20;10,20"/></track>'
        '<track id="3" label="car"><box frame="0" outside="0" xtl="1" ytl="2" xbr="5" ybr="4"/>'
        '<points frame="0" points="1,2" outside="0"/></track>'
    )
    found = CVAT.read(text_file(tmp_path / "annotations.xml", text).parent)
    assert [r.index for r in found.records] == [0, 1, 2]
    assert found.sources == {1: "car 1", 4: "car 4"}
    assert found.records[0].objects[4].box_xyxy == (1, 2, 5, 4)
    assert found.records[1].objects[1].area == pytest.approx(100, abs=21)
    assert found.records[2].objects[1].absent


MASK = '<mask frame="0" outside="0" rle="{}" left="2" top="2" width="3" height="2"/>'
OUTSIDE = f'<track id="0">{MASK.format("0, 6")}</track>'.replace('left="2"', 'left="62"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<annotations>", "not a whole XML"),
        ('<?xml version="1.0" encoding="utf-9"?><annotations/>', "not a whole XML"),
        ("<other/>", "expected the <annotations>"),
        ("<!DOCTYPE x><annotations/>", "document type"),
        ("<annotations/>", "does not say how large"),
        (cvat("", "<width>a</width><height>4</height>"), "lacks a value"),
        (
            cvat(f'<track id="0" label="a">{MASK.format("1, 2")}</track>'),
            "runs of 3 pixels for 3x2",
        ),
        (cvat(f'<track id="0" label="a">{MASK.format("8, -2")}</track>'), "runs of 6 pixels"),
        (cvat(f'<track id="0">{MASK.format("1, x")}</track>'), "lacks a value"),
        (cvat('<track id="0"><polygon frame="0" points="1,2;3,4"/></track>'), "of 2 points"),
        (cvat('<track id="0"><polygon frame="0" points="1,2;3"/></track>'), "lacks a value"),
        (cvat('<track id="0"><box frame="0" rotation="3" xtl="1"/></track>'), "turned box"),
        (
            cvat(f'<track id="0">{MASK.format("0, 6").replace("frame", "x")}</track>'),
            "lacks a value",
        ),
        (
            cvat(OUTSIDE),
            "within 64x48",
        ),
        (
            cvat(
                f'<image id="0" name="a.png" width="64" height="48">{MASK.format("0, 6")}</image>'
            ),
            "in no group",
        ),
        (
            cvat("".join(f'<track id="{n}">{MASK.format("0, 6")}</track>' for n in range(300))),
            "300 objects",
        ),
    ],
)
def test_bad_files_are_told_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        CVAT.read(text_file(tmp_path / "a.xml", text))
