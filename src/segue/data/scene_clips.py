"""Training clips of several objects, composed of still images and footage: draw first, then apply.

A scene has a background that moves (a still image, or footage) and things pasted on it, each with a motion of its own,
one before the other. So objects cross, hide one another, leave and enter. Some things are there twice: look-alikes,
which only place and history tell apart. A clip is an *anchor* (the frame whose mask is given) and a *run* of frames
entered with the labels of the frame before it, as in ``clips`` (ours; scenes from stills after STM).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from pydantic import Field

from segue.data.clips import damage, recolour
from segue.data.object_footage import ObjectFootage
from segue.data.scene_motion import Liveliness, Motion, draw_motion, shown, sources
from segue.data.stills import Still
from segue.errors import InputError
from segue.settings import Settings
from segue.types import BACKGROUND, Frame, Labels

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]

_DRAWS = 50
_LEAST_PIXELS = 64
"""Of an object in the anchor; smaller ones are not followed."""


class SceneSettings(Settings):
    """What scenes look like."""

    size_hw: tuple[Count, Count] = (320, 448)
    """Of every frame; multiples of 32."""
    run: Count = 3
    """Frames after the anchor."""
    footage: Share = 0.5
    """Share of scenes whose background is footage; the others have a still image."""
    max_stride: Count = 4
    """Largest step between two frames of footage."""
    most_things: Annotated[int, Field(ge=0, le=8)] = 3
    """Things pasted on a background, at most."""
    copies: Share = 0.4
    """Share of the things that are there twice."""
    crossing: Share = 0.5
    """Share of the things that meet another one in the middle of the run."""
    distractors: Share = 0.25
    """Share of the things that are not followed."""
    thing_side: tuple[float, float] = (0.12, 0.5)
    """Square root of a thing's area, as a share of the frame's, log-uniform."""
    scale: tuple[float, float] = (0.8, 1.8)
    """Zoom of the background against the size that fills the frame, log-uniform."""
    speed: float = 0.035
    """Of things, per frame, as a share of the frame's width."""
    camera: float = 0.012
    """The same of the background."""
    colour: float = 0.3
    """Strength of brightness, contrast and saturation changes."""
    motion_blur: Share = 0.15
    """Share of clips with it."""
    jpeg: Share = 0.3
    """Share of clips that are compressed."""
    previous_lost: Share = 0.1
    """Share of objects that enter the run without a previous mask."""


@dataclass(frozen=True)
class SceneClip:
    """One training example; frame 0 is the anchor."""

    frames: UInt8[np.ndarray, "time height width 3"]
    labels: UInt8[np.ndarray, "time height width"]
    """Ids from 1, all of them on the anchor; 0 is background."""
    previous: UInt8[np.ndarray, "height width"]
    """Before the run, damaged as predictions would be."""


@dataclass(frozen=True)
class Material:
    """What scenes are made of."""

    stills: Sequence[Still] = ()
    footage: Sequence[ObjectFootage] = ()

    def __post_init__(self) -> None:
        """Refuse to begin with nothing."""
        if not self.stills and not self.footage:
            raise InputError("Nothing to make clips of. Give folders of still images, or footage.")


@dataclass(frozen=True)
class _Layer:
    """Something that is drawn over what is behind it."""

    pictures: Sequence[tuple[Frame, Labels]]
    """One for all times, or one for each; ids are 0 where it is transparent, unless it fills the frame."""
    motion: Motion
    fills: bool
    follow: bool
    shade: Float32[np.ndarray, " 3"]
    """Factor on its colours, so that a copy is hardly, but somewhat different."""


def draw_scene(material: Material, settings: SceneSettings, rng: np.random.Generator) -> SceneClip:
    """A random clip; the same state of ``rng`` gives the same clip.

    Raises:
        InputError: No clip with an object was found.
    """
    for _ in range(_DRAWS):
        layers, times = _draw(material, settings, rng)
        frames, labels = _render(layers, len(times), settings.size_hw)
        followed = _followed(labels)
        if not followed:
            continue
        order = np.arange(len(followed)) + 1
        table = np.zeros(256, np.uint8)
        table[followed] = rng.permutation(order)
        labels = table[labels]
        return _finish(frames, labels, settings, rng)
    raise InputError(f"No clip with an object in {_DRAWS} draws. Are the masks empty?")


def _draw(
    material: Material, settings: SceneSettings, rng: np.random.Generator
) -> tuple[list[_Layer], list[float]]:
    """Layers from back to front, and the times of anchor, frame before the run, and run."""
    gap = float(rng.uniform(0.5, 8))
    times = [-gap if rng.random() < 0.7 else gap + settings.run]
    times += [float(k) for k in range(settings.run + 1)]
    layers = [_background(material, settings, times, rng)]
    most = settings.most_things if material.stills else 0
    # A still image alone moves too little like a video: something has to cross it.
    least = min(most, 1 if len(layers[0].pictures) == 1 else 0)
    for _ in range(int(rng.integers(least, most + 1))):
        things = [_thing(material, settings, times, layers, rng)]
        if rng.random() < settings.copies:
            things.append(_copy(things[0], settings, times, rng))
        for thing in things:
            layers.insert(int(rng.integers(1, len(layers) + 1)), thing)
    return layers, times


def _background(
    material: Material, settings: SceneSettings, times: Sequence[float], rng: np.random.Generator
) -> _Layer:
    use_footage = material.footage and (not material.stills or rng.random() < settings.footage)
    if use_footage:
        pictures = _footage(material, settings, rng)
    else:
        pictures = [material.stills[int(rng.integers(len(material.stills)))].read()]
    height, width = pictures[0][1].shape
    low, high = np.log(settings.scale)
    fill = max(settings.size_hw[0] / height, settings.size_hw[1] / width)
    scale = fill * float(np.exp(rng.uniform(low, high)))
    size_wh = np.array(settings.size_hw[::-1])
    lively = Liveliness(
        settings.camera * size_wh[0], 0.01, 0.01, 0.03, 0.0 if use_footage else 0.02
    )
    middle = _middle(pictures[-1][1]) if rng.random() < 0.6 else (width / 2, height / 2)
    place = size_wh * (0.5 + rng.uniform(-0.25, 0.25, 2))
    motion = draw_motion(
        middle,
        (float(place[0]), float(place[1])),
        scale,
        float(size_wh.max() / 2),
        times,
        lively,
        rng,
        mirrored=bool(rng.random() < 0.5),
        angle=float(rng.uniform(-0.2, 0.2)),
    )
    return _Layer(pictures, motion, True, True, np.ones(3, np.float32))


def _footage(
    material: Material, settings: SceneSettings, rng: np.random.Generator
) -> list[tuple[Frame, Labels]]:
    """A picture for the anchor, the frame before the run, and each frame of the run; in either direction of time."""
    lengths = [[f.length(s) for s in range(len(f.sequences))] for f in material.footage]
    weights = np.concatenate([np.array(one, float) for one in lengths])
    chosen = int(rng.choice(len(weights), p=weights / weights.sum()))
    kind = 0
    while chosen >= len(lengths[kind]):
        chosen -= len(lengths[kind])
        kind += 1
    footage, length, steps = material.footage[kind], lengths[kind][chosen], settings.run
    stride = int(rng.integers(1, max(1, min(settings.max_stride, (length - 1) // steps)) + 1))
    before = int(rng.integers(0, max(1, length - stride * steps)))
    run = [min(before + stride * step, length - 1) for step in range(steps + 1)]
    free = rng.random() < 0.5
    anchor = int(rng.integers(0, length)) if free else int(rng.integers(0, before + 1))
    indices = [anchor, *run]
    if rng.random() < 0.5:
        indices = [length - 1 - index for index in indices]
    found = []
    for index in indices:
        ids = footage.ids(chosen, index)
        found.append((footage.frame(chosen, index), np.where(ids < 200, ids, 0).astype(np.uint8)))
    return found


def _thing(
    material: Material,
    settings: SceneSettings,
    times: Sequence[float],
    layers: Sequence[_Layer],
    rng: np.random.Generator,
) -> _Layer:
    """One object of a still image, cut out."""
    picture, labels = material.stills[int(rng.integers(len(material.stills)))].read()
    ids = np.unique(labels[labels > BACKGROUND])
    mask = (labels == (rng.choice(ids) if len(ids) else 0)).astype(np.uint8)
    x, y, columns, rows = cv2.boundingRect(mask)
    part = slice(y, y + max(rows, 1)), slice(x, x + max(columns, 1))
    cut = (np.ascontiguousarray(picture[part]), np.ascontiguousarray(mask[part]))
    low, high = np.log(settings.thing_side)
    height, width = settings.size_hw
    side = float(np.exp(rng.uniform(low, high))) * (height * width) ** 0.5
    scale = side / max(1.0, float(mask.sum())) ** 0.5
    extent = scale * max(columns, rows, 8) / 2
    place = rng.uniform(-0.02, 1.02, 2) * (width, height)
    motion = _lively(cut, place, scale, extent, settings, times, rng)
    others = layers[1:]
    if others and rng.random() < settings.crossing:
        motion = _crossing(motion, others[int(rng.integers(len(others)))].motion, times)
    follow = bool(rng.random() >= settings.distractors)
    return _Layer([cut], motion, False, follow, np.ones(3, np.float32))


def _copy(
    thing: _Layer, settings: SceneSettings, times: Sequence[float], rng: np.random.Generator
) -> _Layer:
    """A look-alike, which mostly starts near the other and often crosses it."""
    height, width = settings.size_hw
    distance = rng.normal(0, 2.5, 2) * thing.motion.extent
    place = np.clip(thing.motion.places[1] + distance, 0, (width, height))
    scale = float(np.abs(thing.motion.scales[1]).mean()) * float(np.exp(rng.normal(0, 0.1)))
    cut = thing.pictures[0]
    motion = _lively(cut, place, scale, thing.motion.extent, settings, times, rng)
    if rng.random() < settings.crossing:
        motion = _crossing(motion, thing.motion, times)
    shade = (1 + rng.normal(0, 0.04, 3)).astype(np.float32)
    return _Layer([cut], motion, False, bool(rng.random() >= settings.distractors), shade)


def _lively(
    cut: tuple[Frame, Labels],
    place: np.ndarray,
    scale: float,
    extent: float,
    settings: SceneSettings,
    times: Sequence[float],
    rng: np.random.Generator,
) -> Motion:
    height, width = cut[1].shape
    speed = settings.speed * settings.size_hw[1] * float(rng.choice([0.3, 1.0, 2.0]))
    return draw_motion(
        (width / 2, height / 2),
        (float(place[0]), float(place[1])),
        scale,
        extent,
        times,
        Liveliness(speed, 0.04, 0.03, 0.1, 0.06),
        rng,
        mirrored=bool(rng.random() < 0.5),
        angle=float(rng.normal(0, 0.15)),
    )


def _crossing(motion: Motion, other: Motion, times: Sequence[float]) -> Motion:
    """The same motion, shifted so that both are at one place in the middle of the run."""
    middle = 1 + len(times[1:]) // 2
    shift = other.places[middle] - motion.places[middle]
    # From where it is at the start: the shift grows until they meet, and goes on.
    share = np.asarray(times, float) / max(times[middle], 1.0)
    places = motion.places + np.clip(share, -1.5, 2.0)[:, None] * shift
    return Motion(
        motion.centre_xy,
        places,
        motion.scales,
        motion.angles,
        motion.tilts,
        motion.bends,
        motion.extent,
    )


def _render(
    layers: Sequence[_Layer], count: int, size_hw: tuple[int, int]
) -> tuple[UInt8[np.ndarray, "time height width 3"], UInt8[np.ndarray, "time height width"]]:
    frames = np.zeros((count, *size_hw, 3), np.uint8)
    labels = np.zeros((count, *size_hw), np.uint8)
    tables = _numbered(layers)
    for number in range(count):
        for layer, table in zip(layers, tables, strict=True):
            picture, ids = layer.pictures[number if len(layer.pictures) > 1 else 0]
            points = sources(layer.motion, number, size_hw)
            beyond = cv2.BORDER_REFLECT_101
            seen = shown(picture, points, beyond=beyond if layer.fills else cv2.BORDER_CONSTANT)
            if layer.fills:
                frames[number] = seen
                labels[number] = table[shown(ids, points, nearest=True, beyond=beyond)]
                continue
            _lay(
                frames[number],
                labels[number],
                seen,
                shown(ids * np.uint8(255), points),
                layer,
                int(table[1]),
            )
    return frames, labels


def _lay(
    frame: Frame,
    labels: Labels,
    seen: Frame,
    cover: UInt8[np.ndarray, "height width"],
    layer: _Layer,
    number: int,
) -> None:
    """Put a thing on a frame, in place; only its box is worked on."""
    x, y, columns, rows = cv2.boundingRect(cover)
    if not columns:
        return
    part = slice(y, y + rows), slice(x, x + columns)
    alpha = cv2.GaussianBlur(cover[part], (3, 3), 0).astype(np.float32)[..., None] / 255
    shaded = np.minimum(seen[part] * layer.shade, 255)
    frame[part] = (frame[part] * (1 - alpha) + shaded * alpha).astype(np.uint8)
    labels[part][cover[part] >= 128] = number


def _numbered(layers: Sequence[_Layer]) -> list[UInt8[np.ndarray, " 256"]]:
    """For each layer the number of each of its ids in the clip; 0 for all of one that is not followed."""
    used = 0
    tables = []
    for layer in layers:
        table = np.zeros(256, np.uint8)
        if layer.follow:
            ids = np.unique(np.concatenate([np.unique(ids) for _, ids in layer.pictures]))
            ids = ids[ids > BACKGROUND][: 250 - used]
            table[ids] = np.arange(1, len(ids) + 1) + used
            used += len(ids)
        tables.append(table)
    return tables


def _followed(labels: UInt8[np.ndarray, "time height width"]) -> list[int]:
    """Numbers of the objects that the anchor shows, if one of them is in the run, too."""
    counts = np.bincount(labels[0].ravel(), minlength=256)
    found = [int(i) for i in np.flatnonzero(counts >= _LEAST_PIXELS) if i != BACKGROUND]
    return found if np.isin(labels[2:], found).any() else []


def _finish(
    frames: UInt8[np.ndarray, "time height width 3"],
    labels: UInt8[np.ndarray, "time height width"],
    settings: SceneSettings,
    rng: np.random.Generator,
) -> SceneClip:
    """Light, blur and compression for all frames; what is known of the frame before the run."""
    previous = np.zeros_like(labels[1])
    for number in np.unique(labels[1][labels[1] > BACKGROUND]):
        if rng.random() >= settings.previous_lost:
            previous[damage(labels[1] == number, rng)] = number
    order = np.r_[0, 2 : len(frames)]
    frames, labels = frames[order], labels[order]
    if rng.random() < settings.motion_blur:
        kernel = _blur_kernel(rng)
        frames = np.stack([cv2.filter2D(frame, -1, kernel) for frame in frames])
    frames = recolour(frames, settings.colour, rng)
    if rng.random() < settings.jpeg:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        coded = [cv2.imencode(".jpg", frame, quality)[1] for frame in frames]
        frames = np.stack([np.asarray(cv2.imdecode(one, cv2.IMREAD_COLOR)) for one in coded])
    return SceneClip(frames, labels, previous)


def _blur_kernel(rng: np.random.Generator) -> Float32[np.ndarray, "side side"]:
    """A line of 3 to 9 pixels in any direction."""
    side = 2 * int(rng.integers(1, 5)) + 1
    kernel = np.zeros((side, side), np.float32)
    angle, middle = rng.uniform(0, np.pi), side // 2
    end = np.array([np.cos(angle), np.sin(angle)]) * middle
    start, stop = (tuple(int(v) for v in np.rint(middle + s * end)) for s in (-1, 1))
    cv2.line(kernel, start, stop, 1.0)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _middle(labels: Bool[np.ndarray, "height width"] | Labels) -> tuple[float, float]:
    x, y, columns, rows = cv2.boundingRect((labels > 0).astype(np.uint8))
    if not columns:
        return labels.shape[1] / 2, labels.shape[0] / 2
    return x + columns / 2, y + rows / 2
