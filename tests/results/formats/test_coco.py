"""COCO files: pycocotools reads what is written, and what others write is read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import coco as pycoco

from fakes.results import (
    SIZE_HW,
    assert_same_labels,
    class_labels,
    object_labels,
    results_of,
    text_file,
)
from segue.errors import FormatError
from segue.results.formats.coco import COCO


def written(tmp_path: Path, **about: Any) -> tuple[Path, dict[str, Any]]:
    results = results_of(object_labels(), **about)
    (path,) = COCO.write(results, tmp_path).files
    return path, json.loads(path.read_text())


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_reads_the_same_pixels(tmp_path: Path) -> None:
    path, _ = written(tmp_path, categories={1: "dog", 2: "cat"})
    official = pycoco.COCO(str(path))
    for image_id, labels in zip(official.getImgIds(), object_labels(), strict=True):
        found = official.loadAnns(official.getAnnIds(image_id))
        assert sorted(item["track_id"] for item in found) == sorted(set(np.unique(labels)) - {0})
        for item in found:
            np.testing.assert_array_equal(official.annToMask(item), labels == item["track_id"])
            ys, xs = np.nonzero(labels == item["track_id"])
            size = [np.ptp(xs) + 1, np.ptp(ys) + 1]
            assert item["bbox"] == [xs.min(), ys.min(), *size]
            assert item["area"] == len(xs)
    assert [c["name"] for c in official.loadCats(official.getCatIds())] == ["cat", "dog", "object"]


def test_it_comes_back(tmp_path: Path) -> None:
    results = results_of(object_labels(), first=3, categories={1: "dog"})
    (path,) = COCO.write(results, tmp_path).files
    assert COCO.recognises(path)
    found = COCO.read(path)
    assert_same_labels(found, results)
    assert (found.name, found.frame_rate, found.size_hw) == ("clip", 25, SIZE_HW)
    assert [r.objects for r in found.records] == [r.objects for r in results.records]
    assert found.sources[1] == "dog (track 1)"


def test_numbers_of_classes_begin_at_1(tmp_path: Path) -> None:
    results = results_of(class_labels(), classes=("road", "car", "sky"))
    (path,) = COCO.write(results, tmp_path).files
    assert pycoco.COCO(str(path)).getCatIds() == [1, 2, 3]


def test_youtube_vis(tmp_path: Path) -> None:
    _, document = written(tmp_path)
    masks = {(i["track_id"], i["image_id"] - 1): i["segmentation"] for i in document["annotations"]}
    vis = {
        "videos": [
            {"id": 1, "height": 48, "width": 64, "file_names": [f"x/{t:05d}.jpg" for t in range(5)]}
        ],
        "categories": [{"id": 1, "name": "dog"}],
        "annotations": [
            {
                "id": n,
                "video_id": 1,
                "category_id": 1,
                "segmentations": [masks.get((n, t)) for t in range(5)],
            }
            for n in (1, 2, 7)
        ],
    }
    path = text_file(tmp_path / "vis.json", json.dumps(vis))
    assert COCO.recognises(path)
    found = COCO.read(path)
    for record, labels in zip(found.records, object_labels(), strict=True):
        np.testing.assert_array_equal(found.labels(record), labels)
    assert [r.name for r in found.records] == [f"{t:05d}" for t in range(5)]
    assert found.name == "x"


def test_polygons_and_one_object_per_category(tmp_path: Path) -> None:
    square = [[10, 10, 20, 10, 20, 20, 10, 20]]
    document = {
        "images": [{"id": n, "file_name": f"f{n}.jpg", "height": 48, "width": 64} for n in (4, 5)],
        "categories": [{"id": 30, "name": "boat"}],
        "annotations": [
            {"id": 1, "image_id": 4, "category_id": 30, "segmentation": square},
            {"id": 2, "image_id": 5, "category_id": 30, "segmentation": square},
        ],
    }
    found = COCO.read(text_file(tmp_path / "a.json", json.dumps(document)))
    assert [(r.index, r.name) for r in found.records] == [(4, "f4"), (5, "f5")]
    assert found.sources == {30: "boat"}
    assert found.records[0].objects[30].area == pytest.approx(100, abs=21)


def test_large_track_ids_are_renumbered(tmp_path: Path) -> None:
    _, document = written(tmp_path)
    for item in document["annotations"]:
        item["track_id"] += 1000
    found = COCO.read(text_file(tmp_path / "a.json", json.dumps(document)))
    assert found.sources == {n: f"object (track {t})" for n, t in ((1, 1001), (2, 1002), (3, 1007))}


def change(document: dict[str, Any], kind: str) -> dict[str, Any]:
    annotations = document["annotations"]
    if kind == "no track":
        for item in annotations:
            del item["track_id"]
    elif kind == "twice":
        annotations[1]["track_id"] = annotations[0]["track_id"]
    elif kind == "lost image":
        annotations[0]["image_id"] = 99
    elif kind == "damaged":
        annotations[0]["segmentation"]["counts"] = annotations[0]["segmentation"]["counts"][:-3]
    elif kind == "mask size":
        annotations[0]["segmentation"] = {"size": [4, 4], "counts": [16]}
    elif kind == "image sizes":
        document["images"][0]["width"] = 65
    elif kind == "videos":
        document["videos"] *= 2
    elif kind == "word":
        annotations[0]["track_id"] = "a"
    elif kind == "list":
        document["images"] = 3
    elif kind == "crowded":
        document["annotations"] = [{**annotations[0], "track_id": n} for n in range(300)]
    elif kind == "huge":
        for image in document["images"]:
            image["width"] = 10**9
    elif kind == "odd id":
        document["images"][0]["id"] = []
    elif kind == "odd category":
        annotations[0]["category_id"] = [3]
    elif kind == "index twice":
        document["images"][1]["frame_index"] = 0
    return document


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("no track", "Give each object a 'track_id'"),
        ("twice", "has 2 annotations of track_id 1"),
        ("lost image", "there is no image 99"),
        ("damaged", "expected runs that fill|cut short|impossible"),
        ("mask size", "has a mask of 4x4, expected 64x48"),
        ("image sizes", "images of 2 sizes"),
        ("videos", "2 videos, expected one"),
        ("word", "expected a whole number as id, got 'a'"),
        ("list", "a list of 'images'"),
        ("crowded", "holds 300 objects"),
        ("huge", "which is no size"),
        ("odd id", "lacks a value, or holds one of another kind"),
        ("odd category", "lacks a value, or holds one of another kind"),
        ("index twice", "two frames have the number 0"),
    ],
)
def test_bad_files_are_told_in_a_sentence(tmp_path: Path, kind: str, said: str) -> None:
    _, document = written(tmp_path)
    path = text_file(tmp_path / "bad.json", json.dumps(change(document, kind)))
    with pytest.raises(FormatError, match=said):
        COCO.read(path)


def test_half_a_file(tmp_path: Path) -> None:
    path, document = written(tmp_path)
    path.write_text(path.read_text()[:-40])
    with pytest.raises(FormatError, match="not a whole JSON file"):
        COCO.read(path)
    for image in document["images"]:
        del image["width"]
    path.write_text(json.dumps(document))
    with pytest.raises(FormatError, match="does not say how large"):
        COCO.read(path)
    assert COCO.read(path, SIZE_HW).size_hw == SIZE_HW
    path.write_text(json.dumps({**document, "images": [{**document["images"][0], "width": 64}]}))
    with pytest.raises(FormatError, match=r"64x48, but the video has 80x60|no image"):
        COCO.read(path, (60, 80))


def test_nothing_half_written(tmp_path: Path) -> None:
    results = results_of(object_labels())
    (path,) = COCO.write(results, tmp_path).files
    before = path.read_bytes()

    def broken(record: object) -> np.ndarray:
        raise FormatError("gone")

    object.__setattr__(results, "labels", broken)
    with pytest.raises(FormatError, match="gone"):
        COCO.write(results, tmp_path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["coco.json"]
