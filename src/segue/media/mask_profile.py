"""Whether the values of a mask look drawn: objects are even areas, soft edges and photos are not.

One test for ids, grey levels and colours alike (ours). A value that an object was drawn with fills areas; the values
of a soft edge, of compression noise and of a photo lie beside other values and fill none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Bool, Int32, Int64

from segue.errors import MaskError

Values = Int32[np.ndarray, "height width"]
"""What is stored for each pixel: an id, a grey level, or a colour as one number. 0 is background."""

_FEW_PIXELS = 32 * 32
"""Pictures with fewer pixels are too small to be judged."""
_AREA = 0.1
"""A value fills areas if so many of its pixels have neighbours of the same value only."""
_BESIDE = 0.5
"""A value lies along edges if it fills no areas and so many of its pixels touch another object's value."""
_RIM = 0.15
"""Edges are soft if such values make up so much of all rims of objects."""
_EVEN = 0.45
"""A picture that is drawn all over is a photo if less of it lies in even areas."""


@dataclass(frozen=True)
class Profile:
    """The values of a picture but 0, and how their pixels lie."""

    levels: Int64[np.ndarray, " levels"]
    """The values, ascending."""
    counts: Int64[np.ndarray, " levels"]
    """Pixels of each."""
    even: Int64[np.ndarray, " levels"]
    """Those of them whose eight neighbours have the same value."""
    beside: Int64[np.ndarray, " levels"]
    """Those of them that touch another value that is not 0."""
    num_pixels: int

    @cached_property
    def fills(self) -> Bool[np.ndarray, " levels"]:
        """Which values fill areas."""
        found: Bool[np.ndarray, " levels"] = self.even >= _AREA * self.counts
        return found

    @cached_property
    def edges(self) -> Bool[np.ndarray, " levels"]:
        """Which values lie along edges only."""
        if self.num_pixels < _FEW_PIXELS:
            return np.zeros(len(self.levels), np.bool_)
        found: Bool[np.ndarray, " levels"] = ~self.fills & (self.beside >= _BESIDE * self.counts)
        return found

    @property
    def is_soft(self) -> bool:
        """True if most values lie along edges only, and most edges have such values."""
        num_edges, rim = int(self.edges.sum()), int((self.counts - self.even).sum())
        edge_pixels = int(self.counts[self.edges].sum())
        return num_edges >= 2 and num_edges > len(self.levels) / 2 and edge_pixels > _RIM * rim

    @property
    def is_photo(self) -> bool:
        """True if most of the picture is not background, and most of that lies in no even area."""
        drawn, even = int(self.counts.sum()), int(self.even.sum())
        if drawn <= self.num_pixels / 2:
            return False
        if self.is_soft:
            return int(self.counts[self.edges].sum()) > drawn / 2
        restless = even < _EVEN * drawn and int(self.beside.sum()) > drawn / 2
        return restless and self.num_pixels >= _FEW_PIXELS


def profile(values: Values) -> Profile:
    """How the values of a picture lie."""
    levels, counts = np.unique(values[values != 0], return_counts=True)
    if len(levels) < 2 or values.size < _FEW_PIXELS:
        zeros = np.zeros(len(levels), np.int64)
        return Profile(levels.astype(np.int64), counts, zeros, zeros, values.size)
    exact = values.astype(np.float32 if levels[-1] < 2**24 else np.float64)
    square = np.ones((3, 3), np.uint8)
    highest, lowest = cv2.dilate(exact, square), cv2.erode(exact, square)
    even = (highest == lowest) & (values != 0)
    lowest = cv2.erode(np.where(values == 0, np.inf, exact).astype(exact.dtype), square)
    beside = ((highest > exact) | (lowest < exact)) & (values != 0)
    return Profile(
        levels.astype(np.int64),
        counts,
        _counts(values[even], levels),
        _counts(values[beside], levels),
        values.size,
    )


def refuse_soft(
    found: Profile, name: str, noun: str, spell: Callable[[int], str] = "{}".format
) -> None:
    """Refuse a picture that was not drawn with one value per object.

    Args:
        found: How its values lie.
        name: What the message calls it.
        noun: What its values are: ``grey values``, ``colours``, ``values``.
        spell: How one value is written in the message.

    Raises:
        MaskError: Its edges are soft, or it is a photo; the message says what was seen.
    """
    if not found.is_soft and not found.is_photo:
        return
    total, edges = len(found.levels), int(found.edges.sum())
    if found.is_photo:
        share = 100 - 100 * found.even.sum() / found.counts.sum()
        raise MaskError(
            f"{name} has {total} {noun}, and {share:.0f} % of its pixels lie in no even area: this "
            "looks like a photo, not like a mask. Give a mask with one value per object."
        )
    whole = [spell(int(level)) for level in found.levels[~found.edges][:4]]
    also = f" Whole areas have only {', '.join(whole)}." if 0 < total - edges <= 4 else ""
    raise MaskError(
        f"{name} has {total} {noun}, {edges} of them only along edges: the edges are soft or the "
        f"file was compressed with loss.{also} Save the mask without anti-aliasing as PNG."
    )


def _counts(values: np.ndarray, levels: np.ndarray) -> Int64[np.ndarray, " levels"]:
    found, counts = np.unique(values, return_counts=True)
    table = np.zeros(len(levels), np.int64)
    table[np.searchsorted(levels, found)] = counts
    return table
