"""Masks as COCO and the programs that follow COCO save them: run lengths or polygons.

Read are one run-length mask (``size`` and ``counts``), one annotation, a list of either, and whole documents with
``annotations`` of one image, as COCO and Segment Anything write them.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from segue.errors import MaskError
from segue.media.mask_arrays import merge_objects
from segue.media.mask_values import MaskValues, binary
from segue.media.polygons import drawn_polygon
from segue.media.rle import decode, unpack
from segue.types import Mask

_MAX_PIXELS = 2**28


def is_coco(document: Any) -> bool:
    """True for a document that ``coco_values`` is for."""
    if isinstance(document, list):
        return bool(document) and all(is_coco(item) for item in document)
    if not isinstance(document, dict):
        return False
    return any(key in document for key in ("annotations", "segmentation", "counts"))


def coco_values(document: Any, path: Path) -> MaskValues:
    """The objects of COCO annotations of one image, in their order; where two overlap, the later one wins.

    Raises:
        MaskError: Several images, a mask without size, or one that cannot be drawn.
    """
    annotations = _annotations(document, path)
    size_hw = _size(document, annotations, path)
    categories = _categories(document)
    masks: dict[str, Mask] = {}
    for number, annotation in enumerate(annotations):
        mask = drawn_annotation(annotation, size_hw, f"{path}, annotation {number}")
        if masks and mask.shape != next(iter(masks.values())).shape:
            raise MaskError(f"{path} holds masks of several sizes. Give those of one image.")
        masks[_key(annotation, categories, masks)] = mask
    found = merge_objects(masks, str(path))
    named = all(_is_named(annotation, categories) for annotation in annotations)
    if named or len(found.objects) > 1:
        return replace(found, ordered=not named)
    return binary(found.values, "mask", *found.doubts)


def _annotations(document: Any, path: Path) -> list[dict[str, Any]]:
    listed = document["annotations"] if _has(document, "annotations") else document
    listed = listed if isinstance(listed, list) else [listed]
    if not all(isinstance(item, dict) for item in listed):
        raise MaskError(f"{path}: expected a list of annotations.")
    images = {item.get("image_id") for item in listed}
    if len(images) > 1:
        raise MaskError(
            f"{path} holds annotations of {len(images)} images, expected those of one frame. Save each frame's "
            "annotations in a file of its own."
        )
    return listed


def _size(document: Any, annotations: list[dict[str, Any]], path: Path) -> tuple[int, int] | None:
    """Height and width of the image, if the document tells."""
    images = document.get("images", []) if isinstance(document, dict) else []
    images = [item for item in images if isinstance(item, dict)]
    wanted = {item.get("image_id") for item in annotations}
    images = [item for item in images if item.get("id") in wanted] or images[:1]
    if isinstance(document, dict):
        images += [item for item in (document.get("image"), document) if isinstance(item, dict)]
    for item in images:
        height, width = item.get("height"), item.get("width")
        if isinstance(height, int) and isinstance(width, int):
            if not 0 < height * width <= _MAX_PIXELS or height < 0:
                raise MaskError(f"{path}: an image cannot be {width}x{height} pixels.")
            return height, width
    return None


def _categories(document: Any) -> dict[Any, str]:
    listed = document.get("categories", []) if isinstance(document, dict) else []
    return {item.get("id"): str(item.get("name")) for item in listed if isinstance(item, dict)}


def _key(annotation: dict[str, Any], categories: dict[Any, str], masks: dict[str, Mask]) -> str:
    """A name that is the same in the files of all frames, as far as the file tells."""
    label = categories.get(annotation.get("category_id"), "object")
    if annotation.get("track_id") is not None:
        return f"{label} (track {annotation['track_id']})"
    names = (f"{label} {number}" for number in range(1, len(masks) + 2))
    return next(name for name in names if name not in masks)


def _is_named(annotation: dict[str, Any], categories: dict[Any, str]) -> bool:
    """Whether the file says which object this is, and not only where it is."""
    return annotation.get("track_id") is not None or annotation.get("category_id") in categories


def drawn_annotation(
    annotation: dict[str, Any], size_hw: tuple[int, int] | None, name: str
) -> Mask:
    """The mask of one annotation.

    Args:
        annotation: With ``segmentation``, or itself run lengths.
        size_hw: Of the image, which polygons need.
        name: What an error calls the annotation.

    Raises:
        MaskError: It cannot be drawn.
    """
    shape = annotation.get("segmentation", annotation)
    try:
        if isinstance(shape, dict):
            return _from_runs(shape, name)
        return _from_polygons(shape, size_hw, name)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        if isinstance(error, MaskError):
            raise
        raise MaskError(f"{name} cannot be drawn: {error!r}.") from None


def _from_runs(shape: dict[str, Any], name: str) -> Mask:
    height, width = (int(side) for side in shape["size"])
    counts = shape["counts"]
    if not 0 < height * width <= _MAX_PIXELS or height < 0:
        raise MaskError(f"{name}: a mask cannot have {width}x{height} pixels.")
    if isinstance(counts, str):
        return decode(unpack([(height, width, counts.encode("ascii"))], lambda _: name)[0])
    runs = np.array(counts, np.int64)
    if runs.ndim != 1 or (runs < 0).any() or runs.sum() != height * width:
        raise MaskError(
            f"{name} has runs that fill {runs.sum()} pixels, expected {width}x{height} = {height * width}."
        )
    columns = np.repeat(np.arange(runs.size) % 2 == 1, runs)
    mask: Mask = np.ascontiguousarray(columns.reshape(width, height).T)
    return mask


def _from_polygons(shape: Any, size_hw: tuple[int, int] | None, name: str) -> Mask:
    if not isinstance(shape, list) or not shape:
        raise MaskError(f"{name} has no 'segmentation'.")
    if size_hw is None:
        raise MaskError(
            f"{name} is a polygon, and the file does not say the size of the image. Add 'images' with 'height' and "
            "'width', or save run lengths."
        )
    mask = np.zeros(size_hw, np.bool_)
    for ring in shape if isinstance(shape[0], list) else [shape]:
        points = np.array(ring, np.float64).reshape(-1, 2)
        if len(points) < 3 or not np.isfinite(points).all():
            raise MaskError(f"{name} has a polygon of {len(points)} points, expected 3 or more.")
        mask |= drawn_polygon(points - 0.5, size_hw)
    return mask


def _has(document: Any, key: str) -> bool:
    return isinstance(document, dict) and key in document
