"""Masks as the program labelme saves them: named shapes around objects.

Shapes with the same label and the same ``group_id`` are one object; without a ``group_id`` each shape is an object of
its own, as in labelme's exporters.
"""

import base64
import binascii
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segue.errors import MaskError
from segue.media.mask_arrays import merge_objects
from segue.media.mask_values import MaskValues
from segue.media.polygons import drawn_polygon
from segue.types import Mask

_MAX_PIXELS = 2**28
_NO_AREA = frozenset({"point", "points", "line", "linestrip"})


def labelme_values(document: dict[str, Any], path: Path) -> MaskValues:
    """The objects of a labelme document, in its order; where two overlap, the later one wins.

    Raises:
        MaskError: No size, no shape with an area, or a shape that cannot be drawn.
    """
    size_hw = _size(document, path)
    masks: dict[str, Mask] = {}
    left_out = []
    for number, shape in enumerate(_shapes(document, path)):
        kind = str(shape.get("shape_type") or "polygon")
        if kind in _NO_AREA:
            left_out.append(kind)
            continue
        mask = _draw(shape, kind, size_hw, f"{path}, shape {number}")
        key = _key(shape, masks)
        masks[key] = masks[key] | mask if key in masks else mask
    found = merge_objects(masks, str(path))
    if not left_out:
        return found
    doubt = f"{len(left_out)} shapes without area are left out ({', '.join(sorted(set(left_out)))})"
    return MaskValues(found.values, found.objects, doubts=(*found.doubts, doubt))


def _size(document: dict[str, Any], path: Path) -> tuple[int, int]:
    height, width = document.get("imageHeight"), document.get("imageWidth")
    if (
        isinstance(height, int)
        and isinstance(width, int)
        and height > 0
        and width > 0
        and height * width <= _MAX_PIXELS
    ):
        return height, width
    raise MaskError(
        f"{path} has the image size {width!r} x {height!r}, expected whole numbers in 'imageWidth' and 'imageHeight'."
    )


def _shapes(document: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    shapes = document["shapes"]
    if isinstance(shapes, list) and all(isinstance(shape, dict) for shape in shapes):
        return shapes
    raise MaskError(f"{path}: expected a list of shapes in 'shapes'.")


def _key(shape: dict[str, Any], masks: dict[str, Mask]) -> str:
    label, group = str(shape.get("label", "object")), shape.get("group_id")
    if group is not None:
        return f"{label} (group {group})"
    names = (label, *(f"{label} {number}" for number in range(2, len(masks) + 3)))
    return next(name for name in names if name not in masks)


def _draw(shape: dict[str, Any], kind: str, size_hw: tuple[int, int], name: str) -> Mask:
    try:
        points = np.array(shape.get("points"), np.float64).reshape(-1, 2)
        if not np.isfinite(points).all():
            raise ValueError("points that are no numbers")
        if kind == "mask":
            return _pasted(shape, points, size_hw)
        if kind == "polygon" and len(points) >= 3:
            return drawn_polygon(points, size_hw)
        if kind == "rectangle" and len(points) in (2, 4):
            (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
            return drawn_polygon(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]), size_hw)
        if kind == "circle" and len(points) == 2:
            return _circle(points, size_hw)
    except (TypeError, ValueError, KeyError, OSError, binascii.Error) as error:
        raise MaskError(f"{name} ({kind}) cannot be drawn: {error}.") from None
    raise MaskError(
        f"{name} is a {kind} with {len(points)} points, expected a polygon with at least 3, a rectangle or circle with "
        "2, or a mask."
    )


def _circle(points: np.ndarray, size_hw: tuple[int, int]) -> Mask:
    (x, y), radius = points[0], np.hypot(*(points[1] - points[0]))
    rows, columns = np.ogrid[: size_hw[0], : size_hw[1]]
    inside: Mask = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    return inside


def _pasted(shape: dict[str, Any], points: np.ndarray, size_hw: tuple[int, int]) -> Mask:
    """A mask shape: a small picture, and where its top left corner lies."""
    with Image.open(io.BytesIO(base64.b64decode(shape["mask"], validate=True))) as opened:
        small = np.asarray(opened.convert("L")) > 0
    mask = np.zeros(size_hw, np.bool_)
    left, top = (round(float(value)) for value in points.min(axis=0))
    if left < 0 or top < 0:
        raise ValueError(f"it begins outside of the image, at {left}, {top}")
    part = mask[top : top + small.shape[0], left : left + small.shape[1]]
    part |= small[: part.shape[0], : part.shape[1]]
    return mask
