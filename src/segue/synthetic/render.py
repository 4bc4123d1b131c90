"""From a stage to pixels: paint the number of each surface, then colour and move all pixels at once.

Where a pixel lies on its surface follows from the surface's matrix, so colour, depth and motion are exact.
"""

from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int32, Int64, UInt8

from segue.synthetic.stage import NEAR, NOISE_SIDE, CompiledStage, Matrices, Pose
from segue.types import Frame

_FAR_PIXEL = 1e6
_SUBPIXEL_BITS = 4
_BAND = 12288
"""Pixels coloured at once: few enough for the processor's cache."""

Flow = Float32[np.ndarray, "height width 2"]

_Polygon = Int32[np.ndarray, "points 2"]
_Numbers = Float[np.ndarray, " points"]
_Rows = Int64[np.ndarray, " points"]
_Table = Float[np.ndarray, "9 rows"]


@dataclass(frozen=True, slots=True)
class Painted:
    """Which surface each pixel shows, and where it is in shadow."""

    rows: Int32[np.ndarray, "height width"]
    """Row of the surface in the stage; row 0 where nothing was painted."""
    lit: UInt8[np.ndarray, "height width"]
    """255 in the light, 0 in shadow."""
    shown: Int64[np.ndarray, " shown"]
    """The rows that occur."""


def paint(stage: CompiledStage, pose: Pose) -> Painted:
    """The visible surface of every pixel, painted from the farthest to the nearest."""
    size_hw = stage.stage.camera.size_hw
    rows = np.zeros(size_hw, np.int32)
    shaded = np.full(size_hw, -1, np.int32)
    order = stage.paint_order(pose)
    polygons = _polygons(stage, pose, order)
    visible = (row for row in order.tolist() if row in polygons)
    for shadow, group in groupby(visible, key=stage.shadow.__getitem__):
        if shadow:
            mask = np.zeros(size_hw, np.uint8)
            for row in group:
                cv2.fillPoly(mask, polygons[row], 1, shift=_SUBPIXEL_BITS)
            np.copyto(shaded, rows, where=mask.view(bool))
        else:
            for row in group:
                cv2.fillPoly(rows, polygons[row], row, shift=_SUBPIXEL_BITS)
    shown = np.flatnonzero(np.bincount(rows.ravel(), minlength=len(stage.owner)))
    # What was painted over a shadow later lies before it, in the light.
    return Painted(rows, np.where(shaded == rows, np.uint8(0), np.uint8(255)), shown)


def silhouettes(stage: CompiledStage, pose: Pose) -> Bool[np.ndarray, "things height width"]:
    """Every thing as if nothing stood before it, in the order of their numbers."""
    size_hw = stage.stage.camera.size_hw
    found = np.zeros((len(stage.stage.categories), *size_hw), np.uint8)
    for row, polygons in _polygons(stage, pose, stage.paint_order(pose)).items():
        if stage.thing[row]:
            cv2.fillPoly(found[stage.thing[row] - 1], polygons, 1, shift=_SUBPIXEL_BITS)
    return found.view(bool)


def _polygons(
    stage: CompiledStage, pose: Pose, order: Int64[np.ndarray, " painted"]
) -> dict[int, list[_Polygon]]:
    """The outlines within the image, per row of the stage, in parts of a pixel."""
    wanted = np.zeros(len(stage.owner), bool)
    wanted[order] = True
    owners = stage.outline_row[wanted[stage.outline_row]].tolist()
    rows, places = (part[..., wanted[stage.point_row]] for part in (stage.point_row, stage.points))
    wavy = np.flatnonzero(stage.ripples[rows])
    u, v = places[:, wavy]
    places[:, wavy] = stage.rippled(u, v, rows[wavy], pose.frame)
    table = _table(pose.matrices).take(rows, axis=1).reshape(3, 3, -1)
    seen = table[:, 0] * places[0] + table[:, 1] * places[1] + table[:, 2]
    pixels = seen[:2] / np.maximum(seen[2], NEAR)
    ends = np.cumsum(stage.lengths[wanted[stage.outline_row]])
    starts = np.r_[0, ends[:-1]]
    farthest = np.maximum.reduceat(seen[2], starts)
    cut = (np.minimum.reduceat(seen[2], starts) < NEAR) & (farthest > NEAR)
    height, width = stage.stage.camera.size_hw
    inside = (np.maximum.reduceat(pixels, starts, axis=1) >= -1).all(axis=0)
    limits = np.array([[width], [height]])
    inside &= (np.minimum.reduceat(pixels, starts, axis=1) <= limits).all(axis=0)
    fixed = _fixed(pixels)
    polygons: dict[int, list[_Polygon]] = {}
    for number in np.flatnonzero((farthest > NEAR) & (inside | cut)).tolist():
        part = slice(starts[number], ends[number])
        polygon = _fixed(_cut(seen[:, part])) if cut[number] else fixed[part]
        polygons.setdefault(owners[number], []).append(polygon)
    return polygons


def _fixed(pixels: Float[np.ndarray, "2 points"]) -> _Polygon:
    near = np.clip(pixels.T, -_FAR_PIXEL, _FAR_PIXEL)
    fixed: _Polygon = np.rint(near * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    return fixed


def _cut(seen: Float[np.ndarray, "3 points"]) -> Float[np.ndarray, "2 kept"]:
    """The part of a polygon in front of the camera (Sutherland and Hodgman's clipping at one plane)."""
    after = np.roll(seen, -1, axis=1)
    kept = seen[2] > NEAR
    crossing = kept != (after[2] > NEAR)
    share = (NEAR - seen[2]) / np.where(crossing, after[2] - seen[2], 1)
    crossings = seen + (after - seen) * share
    both = np.stack([seen, crossings], axis=2)[:, np.stack([kept, crossing], axis=1)]
    polygon: Float[np.ndarray, "2 kept"] = both[:2] / both[2]
    return polygon


def colour(
    stage: CompiledStage, painted: Painted, pose: Pose, following: Pose | None
) -> tuple[Frame, Flow]:
    """The image without the faults of a camera, and the motion to the pose that follows (zero without one)."""
    height, width = painted.rows.shape
    image = np.empty((height, width, 3), np.uint8)
    flow = np.zeros((height, width, 2), np.float32)
    back = np.zeros_like(pose.matrices)
    back[painted.shown] = np.linalg.inv(pose.matrices[painted.shown])
    onward = back if following is None else following.matrices @ back
    back_table, onward_table = (_table(matrices).astype(np.float32) for matrices in (back, onward))
    lit = _light(stage, painted, pose.frame)
    lines = max(1, _BAND // width)
    for top in range(0, height, lines):
        band = slice(top, min(top + lines, height))
        rows = painted.rows[band].ravel().astype(np.int64)
        y, x = (axis.ravel() for axis in np.mgrid[band, 0:width].astype(np.float32))
        table = back_table.take(rows, axis=1)
        u, v, nearness = _project(table, x, y)
        wavy = np.flatnonzero(stage.ripples[rows])
        if len(wavy):
            u[wavy], v[wavy] = stage.unrippled(u[wavy], v[wavy], rows[wavy], pose.frame)
        extent = _extent(stage, table, u, v, nearness)
        shaded = _shade(stage, rows, (u, v), extent, nearness, lit[band].ravel())
        image[band] = shaded.reshape(-1, width, 3)
        if following is None:
            continue
        ahead = np.stack(_project(onward_table.take(rows, axis=1), x, y)[:2])
        if len(wavy):
            moved = stage.rippled(u[wavy], v[wavy], rows[wavy], following.frame)
            matrices = _table(following.matrices).take(rows[wavy], axis=1)
            ahead[:, wavy] = np.stack(_project(matrices, *moved)[:2])
        # Rounded, so that the last bit of a sine does not tell one machine from another.
        step = np.rint((ahead - (x, y)) * 1024) / 1024
        flow[band] = step.T.reshape(-1, width, 2)
    return image, flow


def _table(matrices: Matrices) -> _Table:
    return np.ascontiguousarray(matrices.reshape(-1, 9).T)


def _light(
    stage: CompiledStage, painted: Painted, frame: int
) -> Float32[np.ndarray, "height width"]:
    """Light per pixel; shadows have soft edges."""
    shade = stage.stage.shade
    soft = cv2.GaussianBlur(painted.lit, (5, 5), 1.2)
    steps = (shade + (1 - shade) / 255 * np.arange(256)) * np.exp(stage.stage.light.at(frame))
    light: Float32[np.ndarray, "height width"] = steps.astype(np.float32)[soft]
    return light


def _project(table: _Table, x: _Numbers, y: _Numbers) -> tuple[_Numbers, _Numbers, _Numbers]:
    """The points after the matrices in the columns, and the third number before the division."""
    third = table[6] * x + table[7] * y + table[8]
    # A surface that passes beside the camera may have points at its very centre: far off, but finite.
    third = np.where(np.abs(third) < 1e-9, 1e-9, third).astype(x.dtype)
    part = 1 / third
    u = (table[0] * x + table[1] * y + table[2]) * part
    v = (table[3] * x + table[4] * y + table[5]) * part
    return u, v, third


def _extent(
    stage: CompiledStage, table: _Table, u: _Numbers, v: _Numbers, nearness: _Numbers
) -> _Numbers:
    """How far apart neighbouring pixels lie on the surface, in metres, along the direction where it is most."""
    across, down = np.abs(table[0] - u * table[6]), np.abs(table[4] - v * table[7])
    facing = np.float32(1 / stage.stage.camera.focal)
    extent: _Numbers = np.maximum(np.maximum(across, down), facing) / np.abs(nearness)
    return extent


def _shade(
    stage: CompiledStage,
    rows: _Rows,
    places: tuple[_Numbers, _Numbers],
    extent: _Numbers,
    nearness: _Numbers,
    light: _Numbers,
) -> UInt8[np.ndarray, "points 3"]:
    """Texture, colour, light and haze of points on surfaces."""
    u, v = places
    red, green, blue, right, up, density, left, top = stage.look.take(rows, axis=1)
    texture = stage.pool.look_up(
        stage.texture[rows], u * density + left, top - v * density, extent * density
    )
    light = light * np.maximum(1 + u * right + v * up, np.float32(0.25))
    # Beyond a kilometre there is only the sky, which has its own haze.
    thin = nearness + np.float32(stage.stage.haze_per_metre)
    clear = np.where(nearness < 1e-3, np.float32(1), nearness / thin)
    haze = 255 * (1 - clear)
    light = light * clear
    shaded = np.empty((len(u), 3), np.uint8)
    for channel, tint in enumerate((red, green, blue)):
        value = texture[channel] * (tint * light) + haze * np.float32(stage.stage.haze[channel])
        shaded[:, channel] = np.rint(np.minimum(value, 255))
    return shaded


def photograph(stage: CompiledStage, image: Frame, frame: int) -> Frame:
    """The image with the blur of a lens and the noise of a sensor."""
    image = cv2.GaussianBlur(image, (3, 3), stage.stage.blur)
    height, width = image.shape[:2]
    top, left = np.random.default_rng([stage.stage.noise_seed, frame]).integers(0, NOISE_SIDE, 2)
    tile = stage.noise.take(range(top, top + height), axis=0, mode="wrap")
    grain = tile.take(range(left, left + width), axis=1, mode="wrap")
    return np.clip(image + grain, 0, 255).astype(np.uint8)
