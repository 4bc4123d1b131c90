"""Scenes of several objects, composed of still images and footage: draw first, then apply.

A scene has a background that moves (a still image, or footage) and things pasted on it, each with a motion of its own,
one before the other. So objects cross, hide one another, leave and enter. Some things are there twice: look-alikes,
which only place and history tell apart (ours; scenes from stills after STM).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from pydantic import Field

from segue.data.clips import recolour
from segue.data.object_footage import ObjectFootage
from segue.data.scene_motion import Liveliness, Motion, draw_motion, shown, sources
from segue.data.stills import Still
from segue.errors import InputError
from segue.settings import Settings
from segue.types import BACKGROUND, Frame, Labels

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Pick = Callable[[int, np.random.Generator], Sequence[int]]
"""Length of a sequence -> which of its frames a scene shows, one for each of its times."""
SceneFrames = UInt8[np.ndarray, "time height width 3"]
SceneLabels = UInt8[np.ndarray, "time height width"]
Cut = tuple[UInt8[np.ndarray, "rows columns 3"], UInt8[np.ndarray, "rows columns"]]
"""A part of a picture, and 1 where its object is."""

LEAST_PIXELS = 64
"""Of an object that is learned from; smaller ones are background."""


class LayerSettings(Settings):
    """What scenes look like, whatever is cut out of their time."""

    size_hw: tuple[Count, Count] = (320, 448)
    """Of every frame; multiples of 32."""
    footage: Share = 0.5
    """Share of scenes whose background is footage; the others have a still image."""
    max_stride: Count = 4
    """Largest step between two frames of footage."""
    most_things: Annotated[int, Field(ge=0, le=8)] = 3
    """Things pasted on a background, at most."""
    plain: Share = 0.0
    """Share of scenes with nothing pasted."""
    living: Share = 0.0
    """Share of the things that are cut out of footage, and so move in themselves, where there is footage."""
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
    covering: bool = False
    """Whether the background, were it not turned, covers the whole frame at time 0. Else it is mirrored at its border,
    and an object that lies there is seen twice."""
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


@dataclass(frozen=True)
class Material:
    """What scenes are made of."""

    stills: Sequence[Still] = ()
    footage: Sequence[ObjectFootage] = ()

    def __post_init__(self) -> None:
        """Refuse to begin with nothing."""
        if not self.stills and not self.footage:
            raise InputError("Nothing to make clips of. Give folders of still images, or footage.")

    def has_things(self, living: float) -> bool:
        """Whether anything can be cut out, given the share of things that are to be cut out of footage."""
        return bool(self.stills) or (bool(self.footage) and living > 0)


@dataclass(frozen=True)
class Layer:
    """Something that is drawn over what is behind it."""

    pictures: Sequence[tuple[Frame, Labels]]
    """One for all times, or one for each; ids are 0 where it is transparent, unless it fills the frame."""
    motion: Motion
    fills: bool
    follow: bool
    shade: Float32[np.ndarray, " 3"]
    """Factor on its colours, so that a copy is hardly, but somewhat different."""


def draw_layers(
    material: Material,
    settings: LayerSettings,
    times: Sequence[float],
    pick: Pick,
    rng: np.random.Generator,
) -> list[Layer]:
    """A random scene, from back to front.

    Args:
        material: What it is made of.
        settings: What it looks like.
        times: Of its frames, in frames; one of them is 0.
        pick: Which frames of footage are shown at these times.
        rng: The source of chance.
    """
    layers = [_background(material, settings, times, pick, rng)]
    most = settings.most_things if material.has_things(settings.living) else 0
    if settings.plain and rng.random() < settings.plain:
        most = 0
    # A still image alone moves too little like a video: something has to cross it.
    least = min(most, 1 if len(layers[0].pictures) == 1 else 0)
    for _ in range(int(rng.integers(least, most + 1))):
        things = [_thing(material, settings, times, layers, pick, rng)]
        if rng.random() < settings.copies:
            things.append(_copy(things[0], settings, times, rng))
        for thing in things:
            layers.insert(int(rng.integers(1, len(layers) + 1)), thing)
    return layers


def _background(
    material: Material,
    settings: LayerSettings,
    times: Sequence[float],
    pick: Pick,
    rng: np.random.Generator,
) -> Layer:
    use_footage = material.footage and (not material.stills or rng.random() < settings.footage)
    if use_footage:
        pictures = _footage(material, pick, rng)
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
    mirrored = bool(rng.random() < 0.5)
    if settings.covering:
        before = (width - middle[0] if mirrored else middle[0], middle[1])
        rest = np.array([width, height]) - before
        place = np.clip(place, size_wh - scale * rest, scale * np.array(before))
    motion = draw_motion(
        middle,
        (float(place[0]), float(place[1])),
        scale,
        float(size_wh.max() / 2),
        times,
        lively,
        rng,
        mirrored=mirrored,
        angle=float(rng.uniform(-0.2, 0.2)),
    )
    return Layer(pictures, motion, True, True, np.ones(3, np.float32))


def _footage(
    material: Material, pick: Pick, rng: np.random.Generator
) -> list[tuple[Frame, Labels]]:
    """A picture for each time, all of one sequence."""
    lengths = [[f.length(s) for s in range(len(f.sequences))] for f in material.footage]
    weights = np.concatenate([np.array(one, float) for one in lengths])
    chosen = int(rng.choice(len(weights), p=weights / weights.sum()))
    kind = 0
    while chosen >= len(lengths[kind]):
        chosen -= len(lengths[kind])
        kind += 1
    footage = material.footage[kind]
    found = []
    for index in pick(lengths[kind][chosen], rng):
        ids = footage.ids(chosen, index)
        found.append((footage.frame(chosen, index), np.where(ids < 200, ids, 0).astype(np.uint8)))
    return found


def _thing(
    material: Material,
    settings: LayerSettings,
    times: Sequence[float],
    layers: Sequence[Layer],
    pick: Pick,
    rng: np.random.Generator,
) -> Layer:
    """One object of a still image or of footage, cut out."""
    if _is_living(material, settings, rng):
        cuts = _cut(_footage(material, pick, rng), rng)
    else:
        cuts = _cut([material.stills[int(rng.integers(len(material.stills)))].read()], rng)
    rows, columns = cuts[0][1].shape
    low, high = np.log(settings.thing_side)
    height, width = settings.size_hw
    side = float(np.exp(rng.uniform(low, high))) * (height * width) ** 0.5
    scale = side / max(1.0, *(float(mask.sum()) for _, mask in cuts)) ** 0.5
    extent = scale * max(columns, rows, 8) / 2
    place = rng.uniform(-0.02, 1.02, 2) * (width, height)
    motion = _lively(cuts[0], place, scale, extent, settings, times, rng)
    others = layers[1:]
    if others and rng.random() < settings.crossing:
        motion = _crossing(motion, others[int(rng.integers(len(others)))].motion, times)
    follow = bool(rng.random() >= settings.distractors)
    return Layer(cuts, motion, False, follow, np.ones(3, np.float32))


def _is_living(material: Material, settings: LayerSettings, rng: np.random.Generator) -> bool:
    if not material.footage or not settings.living:
        return False
    return not material.stills or bool(rng.random() < settings.living)


def _cut(pictures: Sequence[tuple[Frame, Labels]], rng: np.random.Generator) -> list[Cut]:
    """One of the objects at all times, within the box that it needs over all of them."""
    ids = np.unique(np.concatenate([labels[labels > BACKGROUND] for _, labels in pictures]))
    if len(ids):
        number = rng.choice(ids)
        masks = [(labels == number).astype(np.uint8) for _, labels in pictures]
    else:
        masks = [np.zeros_like(labels) for _, labels in pictures]
    x, y, columns, rows = cv2.boundingRect(np.maximum.reduce(masks))
    part = slice(y, y + max(rows, 1)), slice(x, x + max(columns, 1))
    return [
        (np.ascontiguousarray(picture[part]), np.ascontiguousarray(mask[part]))
        for (picture, _), mask in zip(pictures, masks, strict=True)
    ]


def _copy(
    thing: Layer, settings: LayerSettings, times: Sequence[float], rng: np.random.Generator
) -> Layer:
    """A look-alike, which mostly starts near the other and often crosses it."""
    height, width = settings.size_hw
    start = list(times).index(0.0)
    distance = rng.normal(0, 2.5, 2) * thing.motion.extent
    place = np.clip(thing.motion.places[start] + distance, 0, (width, height))
    scale = float(np.abs(thing.motion.scales[start]).mean()) * float(np.exp(rng.normal(0, 0.1)))
    cut = thing.pictures[0]
    motion = _lively(cut, place, scale, thing.motion.extent, settings, times, rng)
    if rng.random() < settings.crossing:
        motion = _crossing(motion, thing.motion, times)
    shade = (1 + rng.normal(0, 0.04, 3)).astype(np.float32)
    follow = bool(rng.random() >= settings.distractors)
    return Layer(thing.pictures, motion, False, follow, shade)


def _lively(
    cut: tuple[Frame, Labels],
    place: np.ndarray,
    scale: float,
    extent: float,
    settings: LayerSettings,
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
    middle = min(1 + len(times[1:]) // 2, len(times) - 1)
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


def render(
    layers: Sequence[Layer], count: int, size_hw: tuple[int, int]
) -> tuple[SceneFrames, SceneLabels]:
    """The frames of a scene, and the numbers of what is followed, from 1; 0 elsewhere."""
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
    layer: Layer,
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


def _numbered(layers: Sequence[Layer]) -> list[UInt8[np.ndarray, " 256"]]:
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


def finish(frames: SceneFrames, settings: LayerSettings, rng: np.random.Generator) -> SceneFrames:
    """Motion blur, light and compression, the same for all frames."""
    if rng.random() < settings.motion_blur:
        kernel = _blur_kernel(rng)
        frames = np.stack([cv2.filter2D(frame, -1, kernel) for frame in frames])
    frames = recolour(frames, settings.colour, rng)
    if rng.random() < settings.jpeg:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        coded = [cv2.imencode(".jpg", frame, quality)[1] for frame in frames]
        frames = np.stack([np.asarray(cv2.imdecode(one, cv2.IMREAD_COLOR)) for one in coded])
    return frames


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
