"""How alike two sightings are: their colours, and their shapes or places."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float64

from segue.types import Frame, Mask

_SIDE = 160
"""Longer side, in pixels, at which sightings are compared."""
_BINS = (6, 8, 8)
"""Of lightness, and of the two colour axes of CIE Lab."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """What a sighting is recognised by."""

    colours: Float64[np.ndarray, " bins"]
    """Shares of the object's pixels; together 1."""
    mask: Bool[np.ndarray, "height width"]
    """Small."""


def appearance_of(frame: Frame, mask: Mask) -> Appearance:
    """What an object on a frame looks like.

    Args:
        frame: RGB.
        mask: With at least one pixel.
    """
    scale = min(1.0, _SIDE / max(frame.shape[:2]))
    width, height = (max(1, round(side * scale)) for side in frame.shape[1::-1])
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    covered = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    shown = covered >= min(0.5, float(covered.max()))
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)[shown]
    counts, _ = np.histogramdd(lab, bins=_BINS, range=[(0, 256)] * 3)
    return Appearance(counts.ravel() / counts.sum(), shown)


def likeness(a: Appearance, b: Appearance) -> float:
    """0 to 1: the root of how alike the colours are (Bhattacharyya) and how well the masks cover each other.

    Masks are compared where they are and centred on each other, and the better counts: an object may move far, or
    change its outline, from one look to the next.
    """
    colours = float(np.sqrt(a.colours * b.colours).sum())
    place = max(_overlap(a.mask, b.mask), _overlap(_centred(a.mask), _centred(b.mask)))
    return float(np.sqrt(min(1.0, colours) * place))


def _overlap(a: Bool[np.ndarray, "height width"], b: Bool[np.ndarray, "height width"]) -> float:
    return int(np.count_nonzero(a & b)) / max(1, int(np.count_nonzero(a | b)))


def _centred(mask: Bool[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
    """The mask moved so that its centre is the middle; what leaves the picture is cut off."""
    rows, columns = np.nonzero(mask)
    moved = np.zeros_like(mask)
    down = mask.shape[0] // 2 - round(float(rows.mean()))
    right = mask.shape[1] // 2 - round(float(columns.mean()))
    rows, columns = rows + down, columns + right
    inside = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
    moved[rows[inside], columns[inside]] = True
    return moved
