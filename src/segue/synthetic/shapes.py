"""Outlines, faces and solids: what bodies are cut from. Lengths are metres."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from segue.synthetic.stage import Points, Surface

Corners = Float64[np.ndarray, "4 3"]
"""A face seen from outside: lower left, lower right, upper right, upper left."""

Solid = dict[str, Corners]
"""Faces by side: "rear" looks along -z, "front" along +z, "left" along -x, "right" along +x, "top" up."""


def disc(radius: float, centre: tuple[float, float] = (0.0, 0.0), squash: float = 1.0) -> Points:
    """An ellipse; ``squash`` is its height over its width."""
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    unit = np.stack([np.cos(angle), squash * np.sin(angle)], axis=1)
    outline: Points = unit * radius + np.array(centre)
    return outline


def rectangle(left: float, bottom: float, right: float, top: float) -> Points:
    """An upright rectangle."""
    return np.array([(left, bottom), (right, bottom), (right, top), (left, top)], np.float64)


def cushion(width: float, height: float, centre: tuple[float, float] = (0.0, 0.0)) -> Points:
    """A rectangle with round corners."""
    angle = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    half = np.array((width / 2, height / 2))
    outline: Points = np.sign(unit) * np.sqrt(np.abs(unit)) * half + np.array(centre)
    return outline


def limb(
    start: tuple[float, float], end: tuple[float, float], start_radius: float, end_radius: float
) -> Points:
    """A bar with round ends."""
    first, last = np.array(start, np.float64), np.array(end, np.float64)
    along = np.arctan2(last[1] - first[1], last[0] - first[0])
    half = np.linspace(np.pi / 2, 3 * np.pi / 2, 7)
    parts = []
    for centre, radius, turn in ((first, start_radius, 0.0), (last, end_radius, np.pi)):
        angle = along + half + turn
        parts.append(centre + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return np.concatenate(parts)


def blob(
    rng: np.random.Generator,
    size: tuple[float, float],
    centre: tuple[float, float] = (0.0, 0.0),
    bumps: int = 5,
    strength: float = 0.15,
) -> Points:
    """A bumpy ellipse with the given half width and half height."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = np.ones_like(angle)
    for count in range(2, 2 + bumps):
        radius += strength / np.sqrt(bumps) * np.sin(count * angle + rng.uniform(0, 2 * np.pi))
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    outline: Points = radius[:, None] * unit * np.array(size) + np.array(centre)
    return outline


def divide(outline: Points, step: float) -> Float64[np.ndarray, "divided 2"]:
    """The same outline with points at most ``step`` apart, so that it can bend."""
    after = np.roll(outline, -1, axis=0)
    parts = []
    for here, there in zip(outline, after, strict=True):
        count = max(1, int(np.ceil(np.hypot(*(there - here)) / step)))
        parts.append(here + (there - here) * np.arange(count)[:, None] / count)
    return np.concatenate(parts)


def upright(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Float64[np.ndarray, "3 3"]:
    """The frame of a surface that faces a camera at smaller z, with its origin there."""
    return np.array([[1.0, 0, x], [0, 1.0, y], [0, 0, z]])


def flat(y: float = 0.0) -> Float64[np.ndarray, "3 3"]:
    """The frame of a surface that lies on the ground: to the right is x, up is z."""
    return np.array([[1.0, 0, 0], [0, 0, y], [0, 1.0, 0]])


def face(corners: Float64[np.ndarray, "points 3"], **look: Any) -> Surface:
    """A surface through points in a plane, given counter-clockwise as seen from outside from the lower left on."""
    origin = corners[0]
    right = corners[1] - origin
    right = right / np.sqrt(right @ right)
    up = corners[-1] - origin
    up = up - (up @ right) * right
    up = up / np.sqrt(up @ up)
    outline = (corners - origin) @ np.stack([right, up], axis=1)
    return Surface((outline,), np.stack([right, up, origin], axis=1), **look)


def solid(
    bottom: tuple[float, float, float, float], top: tuple[float, float, float, float]
) -> Solid:
    """A box whose top may be smaller: (half width, nearest z, farthest z, height) of its bottom and its top."""
    wide, near, far, low = bottom
    slim, top_near, top_far, high = top

    lower = (-wide, low, near), (wide, low, near), (wide, low, far), (-wide, low, far)
    upper = (-slim, top_near), (slim, top_near), (slim, top_far), (-slim, top_far)
    ground = np.array(lower)
    roof = np.array([(x, high, z) for x, z in upper])
    sides = {"rear": (0, 1), "right": (1, 2), "front": (2, 3), "left": (3, 0)}
    faces = {
        name: np.stack([ground[a], ground[b], roof[b], roof[a]]) for name, (a, b) in sides.items()
    }
    return {"top": roof, **faces}


def patch(corners: Corners, left: float, bottom: float, right: float, top: float) -> Corners:
    """A part of a face, between shares of its width and height."""
    lower_left, lower_right, upper_right, upper_left = corners
    across = np.array([[left], [right], [right], [left]])
    up = np.array([[bottom], [bottom], [top], [top]])
    low = lower_left + (lower_right - lower_left) * across
    high = upper_left + (upper_right - upper_left) * across
    part: Corners = low + (high - low) * up
    return part
