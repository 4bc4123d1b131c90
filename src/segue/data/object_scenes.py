"""Training pictures of objects: a crop of a still around one object, often with an object of another pasted in.

Draw first, then apply. What lies beyond the still is void and counts nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from pydantic import Field

from segue.data.clips import recolour
from segue.data.stills import Still
from segue.settings import Settings
from segue.types import BACKGROUND, VOID, Frame, Labels

Share = Annotated[float, Field(ge=0, le=1)]
_LEAST = 48
"""Pixels of an object that may be asked for."""


class SceneSettings(Settings):
    """What the pictures look like."""

    size_hw: tuple[int, int] = (192, 192)
    """Size of every picture; multiples of 32."""
    targets: Annotated[int, Field(ge=1)] = 2
    """Objects that are asked for in a picture; the same one twice where there is only one."""
    extent: tuple[float, float] = (0.2, 1.1)
    """Longest side of the object against that of the picture, log-uniform."""
    rotation_degrees: float = 12.0
    stretch: float = 0.15
    """Largest change of the aspect, as a logarithm."""
    colour: float = 0.25
    """Strength of brightness, contrast and saturation changes."""
    paste: Share = 0.5
    """Share of pictures with an object of another still."""
    copy_share: Share = 0.25
    """Share of those in which it is the same object once more."""
    merge: Share = 0.1
    """Share of targets that are two objects together, where there are two."""


@dataclass(frozen=True)
class Scene:
    """One training picture."""

    frame: Frame
    targets: Bool[np.ndarray, "targets height width"]
    valid: Bool[np.ndarray, "height width"]


def draw_scene(
    groups: Sequence[Sequence[Still]],
    shares: Sequence[float],
    settings: SceneSettings,
    rng: np.random.Generator,
) -> Scene:
    """A random picture; the same generator state gives the same one.

    Args:
        groups: Stills by source.
        shares: How often each source is drawn; they sum to 1.
        settings: What pictures look like.
        rng: Draws everything.

    Raises:
        ValueError: No object of usable size in fifty draws.
    """
    for _ in range(50):
        frame, labels = _seen(groups, shares, settings, rng)
        if rng.random() < settings.paste:
            _paste(frame, labels, groups, shares, settings, rng)
        targets = _targets(labels, settings, rng)
        if targets is not None:
            coloured = recolour(frame[None], settings.colour, rng)[0]
            return Scene(_compressed(coloured, rng), targets, labels != VOID)
    raise ValueError("No object in fifty draws: are the masks empty?")


def _seen(
    groups: Sequence[Sequence[Still]],
    shares: Sequence[float],
    settings: SceneSettings,
    rng: np.random.Generator,
    *,
    fill: bool = True,
) -> tuple[Frame, Labels]:
    """A crop around an object; ``fill`` keeps it within the still, else only the object itself is of use."""
    stills = groups[int(rng.choice(len(groups), p=shares))]
    picture, labels = stills[int(rng.integers(len(stills)))].read()
    size_wh = settings.size_hw[::-1]
    matrix = _view(_box_of_one(labels, rng), labels.shape if fill else None, settings, rng)
    frame = cv2.warpAffine(
        picture, matrix, size_wh, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(frame), _warped_labels(labels, matrix, size_wh)


def _warped_labels(
    labels: Labels, matrix: Float[np.ndarray, "2 3"], size_wh: tuple[int, int]
) -> UInt8[np.ndarray, "rows columns"]:
    """Each object by its own soft mask: nearest pixels would shift contours by half a pixel."""
    beyond = cv2.warpAffine(np.zeros_like(labels), matrix, size_wh, borderValue=(VOID,))
    made = np.where(beyond >= 128, VOID, BACKGROUND).astype(np.uint8)
    for number in np.unique(labels):
        if number not in (BACKGROUND, VOID):
            soft = cv2.warpAffine(
                (labels == number).astype(np.uint8) * 255, matrix, size_wh, flags=cv2.INTER_LINEAR
            )
            made[(soft >= 128) & (made != VOID)] = number
    return made


def _box_of_one(labels: Labels, rng: np.random.Generator) -> Float[np.ndarray, " 4"]:
    """Left, top, right, bottom of one of the objects; of the picture if there is none."""
    ids = [i for i in np.unique(labels) if i not in (BACKGROUND, VOID)]
    if not ids:
        return np.array([0, 0, labels.shape[1], labels.shape[0]], np.float32)
    rows, columns = np.nonzero(labels == rng.choice(ids))
    return np.array(
        [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], dtype=np.float32
    )


def _view(
    box: Float[np.ndarray, " 4"],
    within: tuple[int, int] | None,
    settings: SceneSettings,
    rng: np.random.Generator,
) -> Float[np.ndarray, "2 3"]:
    """From pixels of the still to those of the picture, which is filled by what lies within a height and width."""
    height, width = settings.size_hw
    longest = max(box[2] - box[0], box[3] - box[1], 8.0)
    extent = float(np.exp(rng.uniform(*np.log(settings.extent))))
    scale = extent * min(height, width) / longest
    if within is not None:
        least = max(height / within[0], width / within[1])
        scale = max(scale, least * float(rng.uniform(0.75, 1)))
    extent = scale * longest / min(height, width)
    angle = np.deg2rad(rng.normal(0, 0.5) * settings.rotation_degrees)
    flip = rng.choice([-1.0, 1.0])
    aspect = np.exp(rng.uniform(-1, 1) * settings.stretch)
    linear = scale * np.array(
        [
            [flip * np.cos(angle) * aspect, -np.sin(angle)],
            [flip * np.sin(angle) * aspect, np.cos(angle)],
        ]
    )
    free = max(0.1, 1 - extent) / 2
    place = np.array([width, height]) * (0.5 + rng.uniform(-1, 1, 2) * free)
    centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    if within is not None:
        place = place - linear @ _pushed_in(np.linalg.inv(linear), centre, place, settings, within)
    return np.column_stack([linear, place - linear @ centre]).astype(np.float32)


def _pushed_in(
    back: Float[np.ndarray, "2 2"],
    centre: Float[np.ndarray, " 2"],
    place: Float[np.ndarray, " 2"],
    settings: SceneSettings,
    within: tuple[int, int],
) -> Float[np.ndarray, " 2"]:
    """How far the middle of the view must move, in pixels of the still, so that the view lies within it."""
    height, width = settings.size_hw
    middle = centre + back @ (np.array([width, height]) / 2 - place)
    half = np.abs(back) @ np.array([width, height]) / 2
    size = np.array([within[1], within[0]])
    low = np.minimum(half, size / 2)
    moved: Float[np.ndarray, " 2"] = np.clip(middle, low, size - low) - middle
    return moved


def _paste(
    frame: Frame,
    labels: Labels,
    groups: Sequence[Sequence[Still]],
    shares: Sequence[float],
    settings: SceneSettings,
    rng: np.random.Generator,
) -> None:
    """Another object, in place, before or behind what is there; it gets an id of its own."""
    if rng.random() < settings.copy_share:
        other, other_labels = _moved(frame, labels, rng)
    else:
        other, other_labels = _seen(groups, shares, settings, rng, fill=False)
    ids = [i for i in np.unique(other_labels) if i not in (BACKGROUND, VOID)]
    if not ids:
        return
    shown = (other_labels == rng.choice(ids)) & (labels != VOID)
    if rng.random() < 0.35:
        shown &= labels == BACKGROUND
    alpha = cv2.GaussianBlur(shown.astype(np.float32), (3, 3), 0)[..., None]
    frame[:] = (frame * (1 - alpha) + other * alpha).astype(np.uint8)
    labels[shown] = min(int(labels[labels != VOID].max(initial=0)) + 1, VOID - 1)


def _moved(frame: Frame, labels: Labels, rng: np.random.Generator) -> tuple[Frame, Labels]:
    """The same picture, moved and mirrored."""
    height, width = labels.shape
    flip, scale = rng.choice([-1.0, 1.0]), float(np.exp(rng.uniform(-0.3, 0.3)))
    shift = rng.uniform(-0.5, 0.5, 2) * (width, height)
    middle = np.array([width / 2, height / 2])
    linear = scale * np.diag([flip, 1.0])
    matrix = np.column_stack([linear, middle + shift - linear @ middle]).astype(np.float32)
    moved = cv2.warpAffine(frame, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved), _warped_labels(labels, matrix, (width, height))


def _targets(
    labels: Labels, settings: SceneSettings, rng: np.random.Generator
) -> Bool[np.ndarray, "targets height width"] | None:
    ids, counts = np.unique(labels, return_counts=True)
    usable = [
        int(i)
        for i, count in zip(ids, counts, strict=True)
        if i not in (BACKGROUND, VOID) and count >= _LEAST
    ]
    if not usable:
        return None
    order = [usable[i] for i in rng.permutation(len(usable))]
    targets = []
    for number in range(settings.targets):
        chosen = [order[number % len(order)]]
        if len(order) > 1 and rng.random() < settings.merge:
            chosen.append(order[(number + 1) % len(order)])
        targets.append(np.isin(labels, chosen))
    return np.stack(targets)


def _compressed(frame: UInt8[np.ndarray, "height width 3"], rng: np.random.Generator) -> Frame:
    """Now and then with the traces of a camera's JPEG."""
    if rng.random() >= 0.25:
        return frame
    quality = int(rng.integers(35, 90))
    _, code = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))
