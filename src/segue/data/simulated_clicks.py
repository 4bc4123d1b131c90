"""The clicks that a patient user would make: in the middle of what is wrong."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

Area = Bool[np.ndarray, "height width"]
Depth = Float32[np.ndarray, "height width"]


@dataclass(frozen=True, slots=True)
class Place:
    """A pixel, and whether it belongs to the object."""

    row: int
    column: int
    include: bool


def depth(area: Area) -> Depth:
    """Distance of each pixel of an area to its outside, in pixels; what lies beyond the picture is outside."""
    padded = cv2.copyMakeBorder(area.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    found = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(found[1:-1, 1:-1], np.float32)


def next_click(
    predicted: Area,
    truth: Area,
    valid: Area | None = None,
    clicked: Area | None = None,
    rng: np.random.Generator | None = None,
) -> Place | None:
    """The next click of the user: in the deeper of "missed" and "too much", ``None`` where nothing is wrong.

    Args:
        predicted: The mask so far.
        truth: The mask that the user has in mind.
        valid: Pixels that count; ``None``: all.
        clicked: Pixels clicked before, which are not clicked again.
        rng: Draws uniformly among the pixels deeper than half the deepest; ``None``: the deepest, the first in
            row-major order.
    """
    missed, surplus = truth & ~predicted, predicted & ~truth
    if valid is not None:
        missed, surplus = missed & valid, surplus & valid
    depths = [depth(missed), depth(surplus)]
    if clicked is not None:
        depths = [np.where(clicked, np.float32(0), d) for d in depths]
    include = bool(depths[0].max() > depths[1].max())
    chosen = depths[0] if include else depths[1]
    if chosen.max() <= 0:
        return None
    row, column = _deepest(chosen) if rng is None else _deep(chosen, rng)
    return Place(row, column, include)


def inner_point(area: Area, rng: np.random.Generator) -> tuple[int, int]:
    """Row and column of a pixel well inside an area that is not empty."""
    return _deep(depth(area), rng)


def _deepest(depths: Depth) -> tuple[int, int]:
    row, column = np.unravel_index(int(depths.argmax()), depths.shape)
    return int(row), int(column)


def _deep(depths: Depth, rng: np.random.Generator) -> tuple[int, int]:
    candidates = np.flatnonzero(depths > depths.max() / 2)
    row, column = np.unravel_index(int(rng.choice(candidates)), depths.shape)
    return int(row), int(column)
