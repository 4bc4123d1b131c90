"""Training clips of several objects, cut out of drawn scenes.

A clip is an *anchor* (the frame whose mask is given) and a *run* of frames entered with the labels of the frame before
it, as in ``clips``. What is in the scenes, ``scene_layers`` says.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import UInt8

from segue.data.clips import damage
from segue.data.scene_layers import (
    LEAST_PIXELS,
    Count,
    LayerSettings,
    Material,
    SceneFrames,
    SceneLabels,
    Share,
    draw_layers,
    finish,
    render,
)
from segue.errors import InputError
from segue.types import BACKGROUND

_DRAWS = 50


class SceneSettings(LayerSettings):
    """What clips look like."""

    run: Count = 3
    """Frames after the anchor."""
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


def draw_scene(material: Material, settings: SceneSettings, rng: np.random.Generator) -> SceneClip:
    """A random clip; the same state of ``rng`` gives the same clip.

    Raises:
        InputError: No clip with an object was found.
    """
    for _ in range(_DRAWS):
        times = _times(settings, rng)
        layers = draw_layers(material, settings, times, partial(_pick, settings), rng)
        frames, labels = render(layers, len(times), settings.size_hw)
        followed = _followed(labels)
        if not followed:
            continue
        order = np.arange(len(followed)) + 1
        table = np.zeros(256, np.uint8)
        table[followed] = rng.permutation(order)
        labels = table[labels]
        return _finish(frames, labels, settings, rng)
    raise InputError(f"No clip with an object in {_DRAWS} draws. Are the masks empty?")


def _times(settings: SceneSettings, rng: np.random.Generator) -> list[float]:
    """The times of anchor, frame before the run, and run."""
    gap = float(rng.uniform(0.5, 8))
    times = [-gap if rng.random() < 0.7 else gap + settings.run]
    return times + [float(k) for k in range(settings.run + 1)]


def _pick(settings: SceneSettings, length: int, rng: np.random.Generator) -> list[int]:
    """Frames for the anchor, the frame before the run, and the run; in either direction of time."""
    steps = settings.run
    stride = int(rng.integers(1, max(1, min(settings.max_stride, (length - 1) // steps)) + 1))
    before = int(rng.integers(0, max(1, length - stride * steps)))
    run = [min(before + stride * step, length - 1) for step in range(steps + 1)]
    free = rng.random() < 0.5
    anchor = int(rng.integers(0, length)) if free else int(rng.integers(0, before + 1))
    indices = [anchor, *run]
    return [length - 1 - index for index in indices] if rng.random() < 0.5 else indices


def _followed(labels: SceneLabels) -> list[int]:
    """Numbers of the objects that the anchor shows, if one of them is in the run, too."""
    counts = np.bincount(labels[0].ravel(), minlength=256)
    found = [int(i) for i in np.flatnonzero(counts >= LEAST_PIXELS) if i != BACKGROUND]
    return found if np.isin(labels[2:], found).any() else []


def _finish(
    frames: SceneFrames, labels: SceneLabels, settings: SceneSettings, rng: np.random.Generator
) -> SceneClip:
    """Light, blur and compression for all frames; what is known of the frame before the run."""
    previous = np.zeros_like(labels[1])
    for number in np.unique(labels[1][labels[1] > BACKGROUND]):
        if rng.random() >= settings.previous_lost:
            previous[damage(labels[1] == number, rng)] = number
    order = np.r_[0, 2 : len(frames)]
    frames, labels = frames[order], labels[order]
    return SceneClip(finish(frames, settings, rng), labels, previous)
