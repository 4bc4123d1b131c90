"""Masks in files that are no pictures: labelme, COCO, NumPy."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from pycocotools import mask as coco

from segue.errors import MaskError
from segue.media.masks import MaskImage, read_mask

SIZE = (40, 60)


def box(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    mask[top:bottom, left:right] = 1
    return mask


CAT, DOG = box(4, 5, 14, 25), box(20, 30, 36, 50)


def read(folder: Path, document: Any) -> MaskImage:
    (folder / "m.json").write_text(json.dumps(document))
    return read_mask(folder / "m.json")


def labelme(*shapes: dict[str, Any], **more: Any) -> dict[str, Any]:
    size = {"imageHeight": SIZE[0], "imageWidth": SIZE[1]}
    return {"version": "5.0", "shapes": list(shapes), "imagePath": "x.jpg", **size, **more}


def rectangle(label: str, mask: np.ndarray, **more: Any) -> dict[str, Any]:
    rows, columns = np.nonzero(mask)
    points = [[int(columns.min()), int(rows.min())], [int(columns.max()), int(rows.max())]]
    return {"label": label, "points": points, "shape_type": "rectangle", **more}


def test_shapes_of_labelme_are_objects(tmp_path: Path) -> None:
    (left, top), (right, bottom) = rectangle("dog", DOG)["points"]
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    polygon = {"label": "dog", "points": corners, "shape_type": "polygon"}
    came = read(tmp_path, labelme(rectangle("cat", CAT), polygon))
    assert (came.labels == CAT + 2 * DOG).all()
    assert came.sources == {1: "cat", 2: "dog"}
    assert came.doubts == ()


def test_a_group_of_labelme_is_one_object_and_a_label_is_not(tmp_path: Path) -> None:
    parts = [rectangle("cat", CAT, group_id=4), rectangle("cat", DOG, group_id=4)]
    assert (read(tmp_path, labelme(*parts)).labels == CAT + DOG).all()
    alone = read(tmp_path, labelme(rectangle("cat", CAT), rectangle("cat", DOG)))
    assert (alone.labels == CAT + 2 * DOG).all()
    assert alone.sources == {1: "cat", 2: "cat 2"}


def test_circles_masks_and_points_of_labelme(tmp_path: Path) -> None:
    circle = {"label": "ball", "points": [[20, 20], [26, 20]], "shape_type": "circle"}
    came = read(
        tmp_path, labelme(circle, {"label": "x", "points": [[1, 1]], "shape_type": "point"})
    )
    assert abs(int(came.labels.sum()) - np.pi * 36) < 8
    assert "1 shapes without area are left out (point)" in came.doubts[0]
    buffer = io.BytesIO()
    Image.fromarray(CAT[4:14, 5:25] * 255).save(buffer, "PNG")
    pasted = {
        "label": "cat",
        "points": [[5, 4], [24, 13]],
        "shape_type": "mask",
        "mask": base64.b64encode(buffer.getvalue()).decode(),
    }
    assert (read(tmp_path, labelme(pasted)).labels == CAT).all()


def test_bad_labelme_is_named(tmp_path: Path) -> None:
    line = {"label": "a", "points": [[1, 1], [2, 2]], "shape_type": "polygon"}
    for document, words in [
        (labelme(rectangle("a", CAT), imageHeight=None), "image size 60 x None"),
        (labelme(rectangle("a", CAT), imageHeight=10**9), "image size 60 x 1000000000"),
        (labelme(line), "shape 0 is a polygon with 2 points"),
        (labelme({"label": "a", "points": "no", "shape_type": "polygon"}), "cannot be drawn"),
        (labelme({"label": "a", "points": [[0, 0]], "shape_type": "mask"}), "cannot be drawn"),
        (labelme(), "holds no object"),
        ({"shapes": 3}, "image size None x None"),
        (labelme() | {"shapes": [3]}, "expected a list of shapes"),
        ({"a": 1}, "expected the 'shapes' of labelme"),
        ([], "holds a list, expected"),
    ]:
        with pytest.raises(MaskError, match=rf"m\.json.*{words}"):
            read(tmp_path, document)
    (tmp_path / "m.json").write_text('{"shapes": [')
    with pytest.raises(MaskError, match=r"m\.json is not a whole JSON file"):
        read_mask(tmp_path / "m.json")


def packed(mask: np.ndarray) -> dict[str, Any]:
    runs = coco.encode(np.asfortranarray(mask))
    return {"size": list(SIZE), "counts": runs["counts"].decode()}


def plain(mask: np.ndarray) -> dict[str, Any]:
    flat = mask.T.ravel()
    changes = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff([0, *changes, flat.size]).tolist()
    return {"size": list(SIZE), "counts": [0, *runs] if flat[0] else runs}


@settings(deadline=None)
@given(arrays(np.uint8, SIZE, elements=st.integers(0, 1)).filter(lambda mask: mask.any()))
def test_run_lengths_give_the_pixels_back(mask: np.ndarray) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for runs in (packed(mask), plain(mask)):
            assert (read(Path(folder), runs).labels == mask).all()


def test_annotations_of_coco_are_objects(tmp_path: Path) -> None:
    annotations = [
        {"image_id": 3, "category_id": 1, "segmentation": packed(CAT)},
        {"image_id": 3, "category_id": 2, "segmentation": plain(DOG)},
    ]
    image = {"id": 3, "height": SIZE[0], "width": SIZE[1]}
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    whole = {"images": [image], "annotations": annotations, "categories": categories}
    came = read(tmp_path, whole)
    assert (came.labels == CAT + 2 * DOG).all()
    assert came.sources == {1: "cat 1", 2: "dog 1"}
    anything = {"image": image, "annotations": [{"segmentation": packed(CAT), "area": 200}]}
    for document in (anything, annotations[0], [annotations[0]], [packed(CAT)]):
        assert (read(tmp_path, document).labels == CAT).all()


def test_polygons_of_coco_need_a_size(tmp_path: Path) -> None:
    ring = [30, 20, 50, 20, 50, 36, 30, 36]
    annotation = {"image_id": 3, "segmentation": [ring]}
    image = {"id": 3, "height": SIZE[0], "width": SIZE[1]}
    came = read(tmp_path, {"images": [image], "annotations": [annotation]})
    drawn, wanted = came.labels == 1, DOG == 1
    assert (drawn & wanted).sum() / (drawn | wanted).sum() > 0.85
    with pytest.raises(MaskError, match="does not say the size of the image"):
        read(tmp_path, annotation)


def test_bad_coco_is_named(tmp_path: Path) -> None:
    two = [{"image_id": n, "segmentation": packed(CAT)} for n in (1, 2)]
    for document, words in [
        (two, "annotations of 2 images"),
        ({"size": [40, 60], "counts": "nonsense"}, "m.json, annotation 0"),
        ({"size": [40, 60], "counts": [5, 5]}, "fill 10 pixels, expected 60x40 = 2400"),
        ({"size": [10**6, 10**6], "counts": [5, 5]}, "cannot have 1000000x1000000 pixels"),
        ({"size": "ab", "counts": [5, 5]}, "cannot be drawn"),
        ({"segmentation": []}, "no 'segmentation'"),
        ({"annotations": [3]}, "expected a list of annotations"),
        (
            {"image": {"height": 9, "width": 9}, "annotations": [{"segmentation": [[1, 2]]}]},
            "1 points",
        ),
    ]:
        with pytest.raises(MaskError, match=words):
            read(tmp_path, document)


def test_arrays_in_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", CAT + 2 * DOG)
    assert (read_mask(tmp_path / "a.npy").labels == CAT + 2 * DOG).all()
    np.savez(tmp_path / "one.npz", masks=np.stack([CAT, DOG]).astype(bool))
    assert (read_mask(tmp_path / "one.npz").labels == CAT + 2 * DOG).all()
    np.savez_compressed(tmp_path / "two.npz", dog=DOG.astype(bool), cat=CAT * 255)
    came = read_mask(tmp_path / "two.npz")
    assert (came.labels == DOG + 2 * CAT).all()
    assert came.sources == {1: "dog", 2: "cat"}


def test_bad_arrays_in_files_are_named(tmp_path: Path) -> None:
    np.save(tmp_path / "o.npy", np.array([{"a": 1}], object), allow_pickle=True)
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY")
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04")
    np.savez(tmp_path / "none.npz")
    np.savez(tmp_path / "odd.npz", a=CAT, b=np.arange(3))
    for name in ("o.npy", "cut.npy", "cut.npz", "none.npz", "odd.npz"):
        with pytest.raises(MaskError, match=name.replace(".", r"\.")):
            read_mask(tmp_path / name)


def test_a_video_is_no_mask(make_video: Callable[..., Path]) -> None:
    path = make_video()
    with pytest.raises(MaskError, match=rf"{path.name} is a video, expected a mask\..*swapped"):
        read_mask(path)
