"""Training clips made of a few masked frames of one video. Draw first, then apply.

A person masked some frames of a video, and a network is to learn that video. A clip begins with an *anchor*, one of the
masked frames, and goes on from another one of them, so that what the object looks like changes as it really does. Where
frames close to each other are masked, the clip follows them; elsewhere one picture stands for several frames, and a
drawn motion moves it. Flip, rotation and scale are those of the fine-tuning of SlowFast-VOS; the rest is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float64, UInt8
from pydantic import Field

from segue.data.clips import recolour
from segue.data.scene_motion import Liveliness, Motion, draw_motion, shown, sources
from segue.errors import InputError
from segue.settings import Settings
from segue.types import BACKGROUND, VOID, Frame, Labels

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]

_DRAWS = 50
_LEAST_PIXELS = 16
"""Of an object on the anchor; a smaller one cannot be followed."""
_REFLECT = 4
"""OpenCV's ``BORDER_REFLECT_101``: beyond its border a picture is mirrored, and so is its mask."""


@dataclass(frozen=True)
class MaskedFrame:
    """A frame of a video and what somebody said is on it."""

    index: int
    """Place in the video."""
    frame: Frame
    labels: Labels
    """Ids of objects, or classes; 255 is unknown."""
    name: str = ""
    """What messages call the mask."""

    @property
    def shows_objects(self) -> bool:
        """Whether an object is on it."""
        return bool(((self.labels != BACKGROUND) & (self.labels != VOID)).any())


class GivenClipSettings(Settings):
    """What clips look like."""

    size_hw: tuple[Count, Count] = (288, 512)
    length: Count = 4
    """Frames behind the anchor."""
    flip: Share = 0.5
    """Share of clips that are mirrored."""
    rotation_degrees: Annotated[float, Field(ge=0, le=180)] = 30.0
    """Largest rotation, in either direction."""
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.25
    """Largest change of size: frames are seen from 1 - scale to 1 + scale times as large."""
    centred: Share = 0.7
    """Share of clips whose view is centred on an object."""
    max_gap: Count = 4
    """Masked frames that are so many frames apart, or fewer, follow each other in a clip."""
    speed: float = 0.02
    """Of the drawn motion, per frame, as a share of the width."""
    colour: float = 0.15
    """Strength of brightness, contrast and saturation changes."""


@dataclass(frozen=True)
class GivenClip:
    """One training example; frame 0 is the anchor."""

    frames: UInt8[np.ndarray, "time height width 3"]
    labels: UInt8[np.ndarray, "time height width"]


def draw_given_clip(
    masked: Sequence[MaskedFrame], settings: GivenClipSettings, rng: np.random.Generator
) -> GivenClip:
    """A random clip whose anchor shows an object; the same state of ``rng`` gives the same clip.

    Void is background, and objects that the anchor does not show are, too.

    Raises:
        InputError: No frame shows an object, or no view of one was found.
    """
    anchors = [one for one in masked if one.shows_objects]
    for _ in range(_DRAWS if anchors else 0):
        anchor = anchors[int(rng.integers(len(anchors)))]
        clip = _draw([anchor, *_chain(masked, settings, rng)], settings, rng, views=2)
        ids = np.bincount(clip.labels[0].ravel(), minlength=256)
        ids[[BACKGROUND, VOID]] = 0
        followed = np.flatnonzero(ids >= _LEAST_PIXELS)
        if len(followed):
            table = np.zeros(256, np.uint8)
            table[followed] = followed
            return GivenClip(clip.frames, table[clip.labels])
    raise InputError(
        f"No clip with an object in {_DRAWS} draws of {len(masked)} masked frames. Are the masks empty, or the objects "
        "a few pixels small?"
    )


def draw_labelled_clip(
    masked: Sequence[MaskedFrame], settings: GivenClipSettings, rng: np.random.Generator
) -> GivenClip:
    """A random clip of frames whose labels are classes, without an anchor; 255 stays unknown."""
    return _draw(_chain(masked, settings, rng), settings, rng, views=1)


def _chain(
    masked: Sequence[MaskedFrame], settings: GivenClipSettings, rng: np.random.Generator
) -> list[MaskedFrame]:
    """The pictures of a clip: neighbours in either direction of time, else one of them again and again."""
    step = 1 if rng.random() < 0.5 else -1
    place = int(rng.integers(len(masked)))
    found = [masked[place]]
    while len(found) < settings.length:
        after = place + step
        if (
            0 <= after < len(masked)
            and abs(masked[after].index - masked[place].index) <= settings.max_gap
        ):
            place = after
        found.append(masked[place])
    return found


def _draw(
    pictures: Sequence[MaskedFrame],
    settings: GivenClipSettings,
    rng: np.random.Generator,
    *,
    views: int,
) -> GivenClip:
    """Pictures under a view that moves; of two views the first one is that of the first picture alone."""
    mirrored = bool(rng.random() < settings.flip)
    angle = np.deg2rad(rng.uniform(-1, 1) * settings.rotation_degrees)
    scale = _scale(pictures[0].labels.shape, settings, rng)
    centred = bool(rng.random() < settings.centred)
    frames, labels = [], []
    motion: Motion | None = None
    for number, one in enumerate(pictures):
        if number < views:
            near = angle + rng.normal(0, 0.1), scale * float(np.exp(rng.normal(0, 0.08)))
            motion = _motion(one.labels, *near, mirrored, centred, settings, rng)
        assert motion is not None
        points = sources(motion, number, settings.size_hw)
        frames.append(shown(one.frame, points, beyond=_REFLECT))
        labels.append(shown(one.labels, points, nearest=True, beyond=_REFLECT))
    seen = np.stack(frames)
    if settings.colour:
        seen = recolour(seen, settings.colour, rng)
    return GivenClip(seen, np.stack(labels))


def _scale(shape: tuple[int, ...], settings: GivenClipSettings, rng: np.random.Generator) -> float:
    """Between the whole frame and its own pixels, then by the share that the settings allow."""
    whole = max(settings.size_hw[0] / shape[0], settings.size_hw[1] / shape[1])
    low, high = np.log([whole, max(whole, 1.0)])
    change = 1 + rng.uniform(-1, 1) * settings.scale
    return float(np.exp(rng.uniform(low, high))) * change


def _motion(
    labels: Labels,
    angle: float,
    scale: float,
    mirrored: bool,
    centred: bool,
    settings: GivenClipSettings,
    rng: np.random.Generator,
) -> Motion:
    size_wh = np.array(settings.size_hw[::-1], float)
    centre = _centre(labels, centred, size_wh / scale, rng)
    place = size_wh * (0.5 + rng.uniform(-0.15, 0.15, 2) * centred)
    lively = Liveliness(settings.speed * float(size_wh[0]), 0.015, 0.015, 0.03, 0.0)
    return draw_motion(
        (float(centre[0]), float(centre[1])),
        (float(place[0]), float(place[1])),
        scale,
        float(size_wh.max() / 2),
        [float(k) for k in range(settings.length + 1)],
        lively,
        rng,
        mirrored=mirrored,
        angle=angle,
    )


def _centre(
    labels: Labels, centred: bool, seen_wh: np.ndarray, rng: np.random.Generator
) -> Float64[np.ndarray, "2"]:
    """The middle of an object, or a place from which the view stays on the frame; x and y."""
    ids = np.unique(labels)
    ids = ids[(ids != BACKGROUND) & (ids != VOID)]
    if centred and len(ids):
        rows, columns = np.nonzero(labels == rng.choice(ids))
        return np.array([columns.mean(), rows.mean()])
    size_wh = np.array(labels.shape[::-1], float)
    room = np.maximum(0.0, size_wh - seen_wh)
    return np.asarray(size_wh / 2 + rng.uniform(-0.5, 0.5, 2) * room)
