"""Surfaces seen from near and far: textures that repeat without seams, and an exact look-up of millions of points.

All arithmetic on colours and weights is in integers, so a texture has the same bytes on every machine.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Float32, Int32, Int64, UInt8

Texture = UInt8[np.ndarray, "side side 3"]
"""A square of colours whose side is a power of two; its opposite edges meet."""

Levels = Int32[np.ndarray, "side side"]
"""One number in 0..255 per texel."""

Maker = Callable[[np.random.Generator], Texture]

_LEVELS = 9
_SCALE = np.ldexp(np.float32(16), -np.arange(_LEVELS))
"""Sixteenths of a texel per texel of the full size, by level."""


def noise(rng: np.random.Generator, side: int, cells: tuple[int, int], octaves: int = 1) -> Levels:
    """Smooth noise with so many cells down and across; each further octave is finer and half as strong."""
    total: Levels = np.zeros((side, side), np.int32)
    for octave in range(octaves):
        rows, columns = (min(count << octave, side) for count in cells)
        grid = rng.integers(0, 256, (rows, columns), np.int32)
        for _ in range(2):
            grid = _refine(grid, side).T
        total += grid >> octave
    total *= 255
    total //= sum(255 >> octave for octave in range(octaves))
    return total


def _refine(grid: Int32[np.ndarray, "cells others"], side: int) -> Int32[np.ndarray, "side others"]:
    cells = len(grid)
    place = np.arange(side, dtype=np.int32) * cells
    cell, part = place // side, (place % side) * 256 // side
    smooth = part * part * (768 - 2 * part) // 65536
    here, there = grid[cell], grid[(cell + 1) % cells]
    refined: Int32[np.ndarray, "side others"] = here + ((there - here) * smooth[:, None] >> 8)
    return refined


def steepen(levels: Levels, threshold: int, slope: int) -> Levels:
    """The levels pulled apart at a threshold: towards 0 below it, towards 255 above."""
    steep: Levels = np.clip((levels - threshold) * slope + 128, 0, 255)
    return steep


def blend(low: Sequence[int], high: Sequence[int], levels: Levels) -> Texture:
    """The first colour (red, green, blue) where the level is 0, the second where it is 255."""
    first, second = np.array(low), np.array(high)
    steps = first + ((second - first) * np.arange(256)[:, None] + 127) // 255
    texture: Texture = steps.astype(np.uint8)[levels]
    return texture


def grey(levels: Levels, low: int, high: int) -> Texture:
    """Grey between two brightnesses."""
    return blend((low, low, low), (high, high, high), levels)


def over(base: Texture, top: Texture, levels: Levels) -> Texture:
    """The second texture laid over the first, as strong as the level says."""
    weight = levels[..., None].astype(np.uint16)
    return ((base * (255 - weight) + top * weight + 127) // 255).astype(np.uint8)


class TexturePool:
    """Textures at all their sizes, for look-ups at any number of points and distances.

    A colour is packed into the lanes of one 64-bit word, so blending four neighbours is four look-ups and three sums.
    """

    def __init__(self, textures: Mapping[str, Texture]) -> None:
        self.index = {name: number for number, name in enumerate(textures)}
        versions = [version for texture in textures.values() for version in _smaller(texture)]
        sides = np.array([len(version) for version in versions])
        self._bits = np.frexp(sides)[1].astype(np.int64) - 1
        self._start = np.cumsum(sides**2) - sides**2
        red, green, blue = np.concatenate([version.reshape(-1, 3) for version in versions]).T
        self._words = red + (green.astype(np.uint64) << 16) + (blue.astype(np.uint64) << 32)

    def look_up(
        self,
        texture: Int64[np.ndarray, " points"],
        u: Float32[np.ndarray, " points"],
        v: Float32[np.ndarray, " points"],
        extent: Float32[np.ndarray, " points"],
    ) -> tuple[Float32[np.ndarray, " points"], ...]:
        """Red, green and blue (0..255, whole numbers) at each point, blended between the four texels around it.

        Args:
            texture: Number of the texture in ``index``.
            u: Place across, in texels; any number, for textures repeat.
            v: Place down, in texels.
            extent: Side of a pixel in texels; where it is larger than 2, a smaller version of the texture is used.
        """
        level = np.clip(np.frexp(extent)[1] - 1, 0, _LEVELS - 1)
        version = texture * _LEVELS + level
        start, bits = self._start[version], self._bits[version]
        size = _SCALE[level]
        across = np.rint(u * size).astype(np.int64) - 8
        down = np.rint(v * size).astype(np.int64) - 8
        column, part_u = across >> 4, (across & 15).view(np.uint64)
        row, part_v = down >> 4, (down & 15).view(np.uint64)
        mask = (1 << bits) - 1
        left, right = column & mask, (column + 1) & mask
        # Weights add up to 256, so no lane of 16 bits runs over into the next.
        total = np.zeros(len(u), np.uint64)
        for line, weight in ((row, 16 - part_v), (row + 1, part_v)):
            corner = start + ((line & mask) << bits)
            mixed = self._words[corner + left] * (16 - part_u)
            mixed += self._words[corner + right] * part_u
            total += mixed * weight
        return tuple(((total >> shift) & 255).astype(np.float32) for shift in (8, 24, 40))


def _smaller(texture: Texture) -> Iterator[Texture]:
    """The texture, at half its size, at a quarter, ..."""
    for _ in range(_LEVELS):
        yield texture
        if len(texture) > 1:
            wide = texture.astype(np.uint16)
            lines = wide[::2] + wide[1::2]
            texture = ((lines[:, ::2] + lines[:, 1::2] + 2) >> 2).astype(np.uint8)
