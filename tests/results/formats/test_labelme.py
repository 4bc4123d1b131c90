"""labelme files: drawn as labelme draws them they are the same pixels, and what labelme writes is read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fakes.results import (
    SIZE_HW,
    assert_same_labels,
    object_labels,
    results_of,
    text_file,
)
from segue.errors import FormatError
from segue.media.video import open_video
from segue.results.formats.labelme import LABELME

POINTS = [[10, 10], [20, 10], [20, 20], [10, 20]]


def shape(label: str = "dog", **about: Any) -> dict[str, Any]:
    return {"label": label, "points": POINTS, "shape_type": "polygon", "group_id": None, **about}


def page(*shapes: dict[str, Any], **about: Any) -> str:
    document = {
        "version": "5.5.0",
        "shapes": list(shapes),
        "imagePath": "a.jpg",
        "imageData": None,
        "imageHeight": 48,
        "imageWidth": 64,
    }
    return json.dumps({**document, **about})


def test_drawn_as_labelme_draws(tmp_path: Path) -> None:
    """Pillow's polygons with their outline, as ``labelme.utils.shape_to_mask`` draws them."""
    LABELME.write(results_of(object_labels(), categories={1: "dog"}), tmp_path)
    for number, expected in enumerate(object_labels()):
        document = json.loads((tmp_path / f"labelme/{number:05d}.json").read_text())
        assert document["imageData"] is None
        assert document["imagePath"] == f"{number:05d}.png"
        canvas = Image.new("L", (document["imageWidth"], document["imageHeight"]))
        for item in document["shapes"]:
            assert item["label"] == ("dog" if item["group_id"] == 1 else "object")
            corners = [tuple(point) for point in item["points"]]
            ImageDraw.Draw(canvas).polygon(corners, outline=item["group_id"], fill=item["group_id"])
        np.testing.assert_array_equal(np.asarray(canvas), expected)


def test_it_comes_back(tmp_path: Path) -> None:
    results = results_of(object_labels(), first=7, categories={1: "dog", 2: "dog"})
    files = LABELME.write(results, tmp_path).files
    assert all(path.is_file() for path in files)
    assert LABELME.recognises(tmp_path / "labelme")
    assert LABELME.recognises(files[0])
    found = LABELME.read(tmp_path / "labelme")
    assert_same_labels(found, results)
    assert (found.name, found.frame_rate, found.size_hw) == ("clip", 25, SIZE_HW)
    assert found.sources == {
        n: f"{k} (group {n})" for n, k in ((1, "dog"), (2, "dog"), (7, "object"))
    }
    assert found.records[1].objects[2].category == "dog"


def test_pictures_have_the_names_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    Image.new("RGB", SIZE_HW[::-1]).save(tmp_path / "frames/00000.bmp")
    results = results_of(object_labels()[:1])
    object.__setattr__(results, "video", open_video(tmp_path / "frames"))
    LABELME.write(results, tmp_path)
    document = json.loads((tmp_path / "labelme/00000.json").read_text())
    assert document["imagePath"] == "00000.bmp"


def test_files_of_labelme(tmp_path: Path) -> None:
    moved = [[x + 30, y + 20] for x, y in POINTS]
    text_file(tmp_path / "f_9.json", page(shape("cat", points=moved), shape()))
    text_file(tmp_path / "f_10.json", page(shape(), shape(points=moved)))
    found = LABELME.read(tmp_path)
    assert [(r.index, r.name) for r in found.records] == [(9, "f_9"), (10, "f_10")]
    assert found.sources == {1: "cat", 2: "dog", 3: "dog 2"}
    assert [r.objects[2].area for r in found.records] == [121, 121]
    assert found.records[1].objects[3].category == "dog"


def test_groups_that_are_not_unique_are_numbered(tmp_path: Path) -> None:
    moved = [[x + 30, y + 20] for x, y in POINTS]
    text = page(shape("cat", group_id=5), shape("dog", group_id=5, points=moved))
    found = LABELME.read(text_file(tmp_path / "a.json", text))
    assert found.sources == {1: "cat (group 5)", 2: "dog (group 5)"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not a whole JSON"),
        ("[]", "has no 'shapes'"),
        (page(imageWidth=None), "the image size None x 48"),
        (page(imageWidth=65), "frames of 2 sizes"),
        (page(shape(points=[[1, 2]])), "with 1 points"),
        (page(shape(points="x")), "cannot be drawn"),
        (page(shape(), segue={"classes": ["a"]}), None),
        (page(segue={"index": 0}), None),
    ],
)
def test_bad_files_are_told_in_a_sentence(tmp_path: Path, text: str, said: str | None) -> None:
    text_file(tmp_path / "a.json", page(shape()))
    text_file(tmp_path / "b.json", text)
    if said is None:
        assert len(LABELME.read(tmp_path).records) == 2
        return
    with pytest.raises(FormatError, match=said):
        LABELME.read(tmp_path)


def test_classes_that_are_not_there(tmp_path: Path) -> None:
    text = page(shape(group_id=3), segue={"classes": ["a"]})
    with pytest.raises(FormatError, match="none of the 1 classes"):
        LABELME.read(text_file(tmp_path / "a.json", text))


def test_the_size_must_be_that_of_the_video(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.json", page(shape()))
    with pytest.raises(FormatError, match="64x48, but the video has 80x60"):
        LABELME.read(path, (60, 80))


def test_an_empty_folder(tmp_path: Path) -> None:
    assert not LABELME.recognises(tmp_path)
    with pytest.raises(FormatError, match="no JSON files"):
        LABELME.read(tmp_path)
