"""Masks with one bit per pixel: eight pixels per byte in arrays, all pixels of a region in one whole number.

J and F are set operations on masks, and on packed masks these cost next to nothing: a label map is split into its
objects with one pass over the pixels per bit of the largest id, not one per object, and everything after works on the
region around two masks, as whole numbers of Python (``&``, ``|``, ``>>``, ``bit_count``).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Integer, UInt8

Packed = UInt8[np.ndarray, "height packed_width"]
"""One mask; pixel ``x`` of a row is bit ``x % 8`` of byte ``x // 8``, the bits beyond the width are 0."""


def pack(
    mask: Bool[np.ndarray, "height width"] | Integer[np.ndarray, "height width"],
) -> Packed:
    """The pixels that are not 0."""
    return np.packbits(mask, axis=1, bitorder="little")


def no_pixels(image_hw: tuple[int, int]) -> Packed:
    """The mask of an object that is not there."""
    height, width = image_hw
    return np.zeros((height, math.ceil(width / 8)), np.uint8)


def pack_objects(labels: Integer[np.ndarray, "height width"]) -> dict[int, Packed]:
    """The mask of every id in a label map, background apart, in ascending order."""
    height, width = labels.shape
    parts = {0: ~no_pixels((height, width))}
    for bit in reversed(range(int(labels.max(initial=0)).bit_length())):
        ones = np.packbits(labels & (1 << bit), axis=1, bitorder="little")
        halves = {}
        for begun, part in parts.items():
            halves[begun] = part & ~ones
            halves[begun | 1 << bit] = part & ones
        parts = {object_id: half for object_id, half in halves.items() if half.any()}
    parts.pop(0, None)
    return parts


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of an image whose pixels are the bits of a whole number, row after row.

    Between two rows there is a gap of ``margin`` bits or more, so that what is shifted sideways by as much does not
    reach the next row.
    """

    rows: slice
    columns: slice
    """Bytes of each row; the rectangle is eight times as wide in pixels."""
    row_bytes: int
    """From one row to the next."""
    image_hw: tuple[int, int]
    has_right: int
    """The pixels that have a right neighbour in the image."""
    has_lower: int
    """The bits up to the last row that has a row below it in the image."""

    @property
    def stride(self) -> int:
        """Bits from one row to the next."""
        return 8 * self.row_bytes

    def bits(self, mask: Packed) -> int:
        """The part of a mask that lies in the region."""
        part = mask[self.rows, self.columns]
        spread = np.zeros((part.shape[0], self.row_bytes), np.uint8)
        spread[:, : part.shape[1]] = part
        return int.from_bytes(spread.tobytes(), "little")


def region_around(masks: Iterable[Packed], image_hw: tuple[int, int], margin: int) -> Region:
    """The smallest region that holds all masks and, within the image, the pixels left of and above them."""
    height, width = image_hw
    either = np.bitwise_or.reduce(list(masks))
    top, bottom = _extent(either.any(axis=1))
    left, right = _extent(either.any(axis=0))
    row_bytes = right - left + math.ceil(margin / 8)
    row = (1 << min(8 * right, width - 1) - 8 * left) - 1
    return Region(
        slice(top, bottom),
        slice(left, right),
        row_bytes,
        image_hw,
        has_right=int.from_bytes(row.to_bytes(row_bytes, "little") * (bottom - top), "little"),
        has_lower=(1 << (min(bottom, height - 1) - top) * 8 * row_bytes) - 1,
    )


def _extent(occupied: Bool[np.ndarray, " places"]) -> tuple[int, int]:
    places = np.flatnonzero(occupied)
    return (max(int(places[0]) - 1, 0), int(places[-1]) + 1) if len(places) else (0, 0)
