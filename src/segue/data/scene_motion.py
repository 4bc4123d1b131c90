"""How a picture moves through a clip: drawn first, then applied.

Place, size, angle, perspective and a thin-plate deformation each follow a smooth path of their own over time. From
still images these make clips, the first stage of training of STM (Oh et al., ICCV 2019) and of the trackers after
it; the thin-plate part follows MaskTrack (Perazzi et al., CVPR 2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

_CELL = 16
"""Pixels between the nodes at which a motion is computed; it is interpolated between them."""
_CONTROLS = 4
"""Control points of the deformation along each side."""


@dataclass(frozen=True)
class Motion:
    """Where a picture lies at some times; lengths are in pixels of the clip, angles in radians."""

    centre_xy: tuple[float, float]
    """Of the picture, which lands at ``places``."""
    places: Float64[np.ndarray, "time 2"]
    scales: Float64[np.ndarray, "time 2"]
    """Pixels of the clip per pixel of the picture, in x and y; negative mirrors."""
    angles: Float64[np.ndarray, " time"]
    tilts: Float64[np.ndarray, "time 2"]
    """Perspective: by how much the far side shrinks per pixel of the clip."""
    bends: Float64[np.ndarray, "time controls 2"]
    """Displacement of the control points, in pixels of the clip."""
    extent: float
    """Half of the side of the square of control points, in pixels of the clip."""


@dataclass(frozen=True)
class Liveliness:
    """How much a motion moves; standard deviations per frame."""

    speed: float
    """Pixels."""
    turn: float
    """Radians."""
    growth: float
    """Of the logarithm of the size."""
    tilt: float
    """Of the far side, as a share over the whole clip's width; not per frame."""
    bend: float
    """Share of ``extent``; not per frame."""


def draw_motion(
    centre_xy: tuple[float, float],
    place_xy: tuple[float, float],
    scale: float,
    extent: float,
    times: Sequence[float],
    lively: Liveliness,
    rng: np.random.Generator,
    *,
    mirrored: bool = False,
    angle: float = 0.0,
) -> Motion:
    """A smooth motion that is at ``place_xy`` at time 0.

    Args:
        centre_xy: The point of the picture that lands there.
        place_xy: In pixels of the clip.
        scale: Size at time 0.
        extent: Half of the side of what moves, in pixels of the clip.
        times: In frames; the same number twice is the same place.
        lively: How much.
        rng: The source of chance.
        mirrored: Left and right exchanged.
        angle: At time 0.
    """
    t = np.asarray(times, float)
    path = _path(t, lively.speed, 2, rng)
    growth = _path(t, lively.growth, 1, rng)[:, 0]
    stretch = _path(t, lively.growth / 2, 1, rng)[:, 0]
    size = scale * np.exp(np.clip(growth, -0.7, 0.7))
    scales = np.stack([size * np.exp(stretch), size * np.exp(-stretch)], 1)
    scales[:, 0] *= -1 if mirrored else 1
    angles = angle + _path(t, lively.turn, 1, rng)[:, 0]
    width = 4 * max(extent, 1.0)
    tilts = (rng.normal(0, lively.tilt, 2) + _swing(t, lively.tilt, 2, rng)) / width
    still = rng.normal(0, lively.bend * extent / 2, (1, _CONTROLS**2, 2))
    bends = still + _swing(t, lively.bend * extent, 2 * _CONTROLS**2, rng).reshape(len(t), -1, 2)
    return Motion(centre_xy, np.asarray(place_xy) + path, scales, angles, tilts, bends, extent)


def sources(
    motion: Motion, number: int, size_hw: tuple[int, int]
) -> Float32[np.ndarray, "height width 2"]:
    """For each pixel of a frame of the clip the point of the picture that it shows, x and y.

    Args:
        motion: Of the picture.
        number: Of the time.
        size_hw: Of the clip.
    """
    height, width = size_hw
    columns, rows = -(-width // _CELL) + 1, -(-height // _CELL) + 1
    x, y = np.meshgrid(np.arange(columns) * _CELL, np.arange(rows) * _CELL)
    seen = np.stack([x, y], -1) - motion.places[number]
    seen = seen - _bend(seen / motion.extent, motion.bends[number])
    depth = np.maximum(1 + seen @ motion.tilts[number], 0.2)[..., None]
    cos, sin = np.cos(motion.angles[number]), np.sin(motion.angles[number])
    nodes = (seen * depth) @ np.array([[cos, -sin], [sin, cos]]) / motion.scales[number]
    nodes = (nodes + motion.centre_xy).astype(np.float32)
    enlarge = np.array([[_CELL, 0, 0], [0, _CELL, 0]], np.float32)
    dense: Float32[np.ndarray, "height width 2"] = cv2.warpAffine(
        nodes, enlarge, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return dense


def shown(
    picture: UInt8[np.ndarray, "rows columns *channels"],
    points: Float32[np.ndarray, "height width 2"],
    *,
    nearest: bool = False,
    beyond: int = cv2.BORDER_CONSTANT,
) -> UInt8[np.ndarray, "height width *channels"]:
    """A picture as the clip shows it.

    Args:
        picture: Its pixels, or ids.
        points: What ``sources`` returned.
        nearest: For ids.
        beyond: OpenCV's rule for what lies outside of the picture; 0 by default.
    """
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    found: np.ndarray = cv2.remap(picture, points, None, flags, borderMode=beyond)
    return found


def _path(
    times: Float64[np.ndarray, " time"], deviation: float, sides: int, rng: np.random.Generator
) -> Float64[np.ndarray, "time sides"]:
    """Constant velocity, some acceleration, some trembling; 0 at time 0."""
    t = times[:, None]
    velocity = rng.normal(0, deviation, sides)
    acceleration = rng.normal(0, deviation / 4, sides)
    tremble = rng.normal(0, deviation / 5, (len(times), sides)) * (t != 0)
    return np.asarray(velocity * t + acceleration * t * np.abs(t) / 2 + tremble)


def _swing(
    times: Float64[np.ndarray, " time"], deviation: float, sides: int, rng: np.random.Generator
) -> Float64[np.ndarray, "time sides"]:
    """To and fro."""
    pace, phase = rng.uniform(0.2, 0.9), rng.uniform(0, 2 * np.pi, sides)
    return rng.normal(0, deviation, sides) * np.sin(pace * times[:, None] + phase)


def _bend(
    points: Float64[np.ndarray, "rows columns 2"], bends: Float64[np.ndarray, "controls 2"]
) -> Float64[np.ndarray, "rows columns 2"]:
    """The thin-plate spline through the control points, which span -1 to 1; beyond them as at their border."""
    inside = np.clip(points, -1.2, 1.2).reshape(-1, 2)
    controls, inverse = _plate()
    weights = inverse @ np.concatenate([bends, np.zeros((3, 2))])
    basis = _kernel(inside[:, None] - controls)
    affine = np.column_stack([np.ones(len(inside)), inside])
    return np.asarray((np.column_stack([basis, affine]) @ weights).reshape(points.shape))


@lru_cache(maxsize=1)
def _plate() -> tuple[np.ndarray, np.ndarray]:
    """Control points, and the inverse of the system that makes the spline go through them."""
    line = np.linspace(-1, 1, _CONTROLS)
    controls = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    affine = np.column_stack([np.ones(len(controls)), controls])
    kernel = _kernel(controls[:, None] - controls)
    system = np.block([[kernel, affine], [affine.T, np.zeros((3, 3))]])
    return controls, np.linalg.inv(system)


def _kernel(differences: np.ndarray) -> np.ndarray:
    squared = (differences**2).sum(-1)
    return np.asarray(squared * np.log(squared + 1e-12) / 2)
