"""Windows of frames around a centre whose objects are to be found, cut out of drawn scenes.

A window of one frame is a picture for a detector. What is in the scenes, ``scene_layers`` says: the object of a still
or of footage, and things pasted on it, so that a frame shows one or several (ours).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import UInt8

from segue.data.scene_layers import (
    LEAST_PIXELS,
    LayerSettings,
    Material,
    Share,
    draw_layers,
    finish,
    render,
)
from segue.errors import InputError
from segue.types import Labels

_DRAWS = 50


class WindowSettings(LayerSettings):
    """What windows look like. All that is drawn is to be found, so nothing distracts."""

    size_hw: tuple[int, int] = (256, 448)
    max_stride: int = 2
    most_things: int = 2
    plain: Share = 0.5
    living: Share = 0.3
    copies: Share = 0.2
    crossing: Share = 0.3
    distractors: Share = 0.0
    scale: tuple[float, float] = (1.0, 1.8)
    covering: bool = True


@dataclass(frozen=True)
class SceneWindow:
    """One training example."""

    frames: UInt8[np.ndarray, "time height width 3"]
    labels: Labels
    """Of the frame in the middle: ids from 1, all of them there; 0 is background."""


def draw_window(
    material: Material, settings: WindowSettings, length: int, rng: np.random.Generator
) -> SceneWindow:
    """A random window; the same state of ``rng`` gives the same one.

    Args:
        material: What scenes are made of.
        settings: What they look like.
        length: Frames of the window; the centre is ``length // 2``.
        rng: The source of chance.

    Raises:
        InputError: No centre with an object was found.
    """
    centre = length // 2
    times = [float(k - centre) for k in range(length)]
    for _ in range(_DRAWS):
        pick = partial(_pick, settings, length)
        layers = draw_layers(material, settings, times, pick, rng)
        frames, labels = render(layers, length, settings.size_hw)
        shown = _shown(labels[centre])
        if shown.any():
            return SceneWindow(finish(frames, settings, rng), shown)
    raise InputError(f"No window with an object in {_DRAWS} draws. Are the masks empty?")


def _pick(
    settings: WindowSettings, length: int, available: int, rng: np.random.Generator
) -> Sequence[int]:
    """Frames one after another, in either direction; a sequence that is too short stands still at its end."""
    widest = (available - 1) // max(1, length - 1)
    stride = int(rng.integers(1, max(1, min(settings.max_stride, widest)) + 1))
    first = int(rng.integers(0, max(1, available - stride * (length - 1))))
    indices = [min(first + stride * step, available - 1) for step in range(length)]
    return indices[::-1] if rng.random() < 0.5 else indices


def _shown(labels: Labels) -> Labels:
    """The objects of usable size, numbered from 1."""
    counts = np.bincount(labels.ravel(), minlength=256)
    kept = [int(i) for i in np.flatnonzero(counts >= LEAST_PIXELS) if i]
    table = np.zeros(256, np.uint8)
    table[kept] = np.arange(len(kept)) + 1
    numbered: Labels = table[labels]
    return numbered
