"""Views of the first frame: the object cut out, moved, turned and pasted on a warped background.

Everything random is drawn first, as records, and applied afterwards. The released code renders 19
views and keeps 4 of them; only those that are used are rendered here, from the same distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, radians, sin, sqrt
from typing import Any, TypeVar, cast

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from segue.errors import MaskError
from segue.models.frtm.settings import AugmentationSettings
from segue.types import Frame, Mask

T = TypeVar("T")
Matrix = np.ndarray[Any, np.dtype[np.float64]]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class ViewRecord:
    """One view, drawn but not rendered; lengths in pixels, angles in degrees."""

    centre: tuple[float, float]
    rotation: float
    flip: bool
    scale: float
    skew: tuple[float, float]
    blur: float
    blur_angle: float
    background_scale: float
    background_blur: float
    background_blur_angle: float


@dataclass(frozen=True, slots=True)
class View:
    """A frame with the object on it."""

    frame: Frame
    mask: Mask
    known: Bool[np.ndarray, "height width"]
    """False where the label is void."""


def views(
    frame: Frame,
    mask: Mask,
    known: Bool[np.ndarray, "height width"],
    settings: AugmentationSettings,
    generator: np.random.Generator,
) -> list[View]:
    """The frame itself, then ``settings.samples - 1`` views of it.

    Raises:
        MaskError: The object left the image (or filled it) in every batch of views drawn.
    """
    own = View(frame, mask, known)
    box = _box(mask)
    background = _without_object(frame, mask)
    for _ in range(settings.retries):
        records = draw_views(box, mask.shape[0], mask.shape[1], settings, generator)
        rendered = [render(own, background, box, record) for record in records]
        if all(1 <= view.mask.sum() < mask.size - 1 for view in rendered):
            return [own, *rendered]
    x, y, width, height = box
    raise MaskError(
        f"No usable views of the object (a box of {height}x{width}, height x width, at row {y}, "
        f"column {x}) after {settings.retries} tries. Check its mask, or set augmentation.samples=1 to "
        "learn from the frame alone."
    )


def draw_views(
    box: Box,
    height: int,
    width: int,
    settings: AugmentationSettings,
    generator: np.random.Generator,
) -> list[ViewRecord]:
    """Records of ``settings.samples - 1`` views.

    Each list of values is tiled and shuffled on its own, so that every value occurs about equally
    often among the candidates (released code).
    """
    count = settings.samples - 1
    candidates = max(settings.candidates, count)

    def draw(values: Sequence[T]) -> list[T]:
        tiled = list(values) * ceil(candidates / len(values))
        return [tiled[i] for i in generator.permutation(len(tiled))[:count]]

    # The object must not outgrow the image; that limit comes before the one for small objects.
    largest = min(width / box[2], height / box[3])
    smallest = settings.smallest / min(box[2], box[3])
    scales = [min(max(s, smallest), largest) for s in draw(settings.scales)]
    columns = zip(
        draw(_grid(height, width, candidates, generator)),
        draw(settings.rotations),
        draw(settings.flips),
        scales,
        draw(settings.skews),
        draw(settings.blurs),
        draw(settings.blur_angles),
        draw(settings.background_scales),
        draw(settings.background_blurs),
        draw(settings.blur_angles),
        strict=True,
    )
    return [ViewRecord(*values) for values in columns]


def render(view: View, background: Frame, box: Box, record: ViewRecord) -> View:
    """One view: the background warped, the object warped and pasted on it."""
    height, width = view.mask.shape
    x, y, box_width, box_height = box
    middle = ((width - 1) / 2, (height - 1) / 2)
    behind = _transform(middle, middle, scale=(record.background_scale, record.background_scale))
    front = _transform(
        (x + (box_width - 1) / 2, y + (box_height - 1) / 2),
        record.centre,
        scale=(-record.scale if record.flip else record.scale, record.scale),
        rotation=record.rotation,
        skew=record.skew,
    )
    cutout = np.dstack([view.frame, view.mask.astype(np.uint8) * 255])
    scene = _warp(background, behind, cv2.INTER_CUBIC, cv2.BORDER_REPLICATE)
    scene = _motion_blur(scene, record.background_blur, record.background_blur_angle)
    target = _warp(cutout, front, cv2.INTER_CUBIC, cv2.BORDER_CONSTANT)
    target = _motion_blur(target, record.blur, record.blur_angle)
    mask = _warp(view.mask.astype(np.uint8), front, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT) > 0
    # Void moves with the background and is covered by the object (ours).
    known = _warp(view.known.astype(np.uint8), behind, cv2.INTER_NEAREST, cv2.BORDER_REPLICATE) > 0
    return View(_paste(target, scene), mask, known | mask)


def _without_object(frame: Frame, mask: Mask) -> Frame:
    if mask.all():
        return frame
    hole = cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2, 2)))
    return cast(Frame, cv2.inpaint(frame, hole, 1, cv2.INPAINT_TELEA))


def _paste(target: UInt8[np.ndarray, "height width 4"], scene: Frame) -> Frame:
    alpha = target[..., 3:].astype(np.float32) / 255
    mixed = scene + alpha * (target[..., :3].astype(np.float32) - scene)
    return cast(Frame, np.rint(mixed).astype(np.uint8))


def _grid(
    height: int, width: int, count: int, generator: np.random.Generator
) -> list[tuple[float, float]]:
    """Centres (x, y) of a jittered grid over the image, at least ``count`` of them."""
    aspect = width / height
    rows = ceil(sqrt(count / aspect))
    columns = ceil(aspect * rows)
    cell = (width / columns, height / rows)
    jitter = generator.normal(0, 1 / 8, (rows, columns, 2))
    return [
        ((c + 0.5 + jitter[r, c, 0]) * cell[0], (r + 0.5 + jitter[r, c, 1]) * cell[1])
        for r in range(rows)
        for c in range(columns)
    ]


def _transform(
    old_centre: tuple[float, float],
    new_centre: tuple[float, float],
    *,
    scale: tuple[float, float],
    rotation: float = 0.0,
    skew: tuple[float, float] = (0.0, 0.0),
) -> Matrix:
    c, s = cos(radians(rotation)), sin(radians(rotation))
    linear = np.array([[1, skew[0]], [skew[1], 1]]) @ np.array([[c, -s], [s, c]]) @ np.diag(scale)
    offset = np.array(new_centre) - linear @ np.array(old_centre)
    return np.column_stack([linear, offset])


def _warp(image: Any, matrix: Matrix, interpolation: int, border: int) -> Any:
    size = (image.shape[1], image.shape[0])
    return cv2.warpAffine(image, matrix, size, flags=interpolation, borderMode=border)


def _motion_blur(image: Any, length: float, angle: float) -> Any:
    """A Gaussian of covariance R diag(length, 0.1) R'."""
    if length == 0:
        return image
    half = int(length / 2 + 0.5) | 1
    c, s = cos(radians(angle)), sin(radians(angle))
    turn = np.array([[c, -s], [s, c]])
    precision = np.linalg.inv(turn @ np.diag([length, 0.1]) @ turn.T)
    axis = np.arange(-half, half + 1, dtype=np.float64)
    offsets = np.stack(np.meshgrid(axis, axis), axis=-1)
    kernel = np.exp(-0.5 * np.einsum("rci,ij,rcj->rc", offsets, precision, offsets))
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def _box(mask: Mask) -> Box:
    """x, y, width, height of the smallest box around the object."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1
