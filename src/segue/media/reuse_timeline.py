"""A chart of which frames were computed and which were reused, with what the gate said, a band for each object."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8

from segue.media.lettering import letters, write_text
from segue.media.time_chart import (
    INK,
    LEFT,
    SIZE,
    TOP,
    WIDTH,
    TimeAxis,
    held,
    paper,
    write_after,
    write_before,
)
from segue.types import Frame

COMPUTED = (213, 94, 0)
REUSED = (160, 210, 240)
"""Orange and blue keep apart for every kind of colour blindness (Okabe and Ito), dark and light without colours."""
_ROOM = 420
"""Rows that the bands share, as long as each has enough of them."""
_HEIGHTS = (14, 84)
_GAP = 8
_DASH = 6

_Lines = Bool[np.ndarray, "height columns"]


class ReuseOverTime:
    """Takes what happened frame by frame and keeps sums per column of the chart, however long the video is.

    Where frames share a column, it is split by their shares, and the gate's line shows the lowest value.

    Args:
        captions: Name in ``add`` -> words beside the band, in the order of the bands.
        threshold: What the gate has to say more than.
        begin: Time of the left edge in seconds.
        end: Time of the right edge.
    """

    def __init__(
        self, captions: Mapping[str, str], threshold: float, begin: float, end: float
    ) -> None:
        self._captions = captions
        self._threshold = threshold
        self._axis = TimeAxis(begin, end)
        self._bands = {name: _Band() for name in captions}
        lowest, highest = _HEIGHTS
        self._height = min(max(_ROOM // max(len(captions), 1) - _GAP, lowest), highest)

    def add(self, name: str, time: float, gate: float | None, reused: bool) -> None:
        """Take one object on one frame.

        Args:
            name: A key of ``captions``.
            time: In seconds, from ``begin`` to ``end``.
            gate: What the gate said, 0..1; ``None`` if it was not asked.
            reused: Whether the object was carried over.
        """
        band, column = self._bands[name], self._axis.column(time)
        band.counts[column] += 1
        band.reused[column] += reused
        if gate is not None:
            band.lowest[column] = np.fmin(band.lowest[column], gate)

    def draw(self) -> Frame:
        """The chart, with axes and a legend."""
        step = self._height + _GAP
        rows = step * len(self._bands) - _GAP
        picture = paper(rows)
        for place, (name, band) in enumerate(self._bands.items()):
            top = TOP + place * step
            part = picture[top : top + self._height, LEFT : LEFT + WIDTH]
            part[:] = band.draw(self._height, self._threshold)
            self._draw_scale(picture, top)
            middle = top + self._height // 2
            write_after(picture, self._captions[name], middle, left=LEFT + WIDTH + 20)
        self._axis.draw(picture, TOP + rows)
        self._draw_legend(picture)
        return picture

    def _draw_scale(self, picture: Frame, top: int) -> None:
        """What the gate's line means, where there is room for two numbers."""
        if self._height > 2 * SIZE:
            write_before(picture, "1", top + SIZE // 2, right=LEFT - 8)
            write_before(picture, "0", top + self._height - SIZE // 2, right=LEFT - 8)

    def _draw_legend(self, picture: Frame) -> None:
        swatch = np.full((14, 28, 3), REUSED, np.uint8)
        gate, threshold = swatch.copy(), swatch.copy()
        gate[6:8] = INK
        threshold[7, _dashes(28)] = INK
        samples = {
            "computed": np.full_like(swatch, COMPUTED),
            "reused": swatch,
            "gate": gate,
            f"threshold {self._threshold:g}": threshold,
        }
        left = LEFT
        for text, sample in samples.items():
            picture[12:26, left : left + 28] = sample
            write_text(picture, text, (10, left + 36), SIZE, INK)
            left += 36 + letters(text, SIZE).shape[1] + 28


class _Band:
    """One object, summed up by column."""

    def __init__(self) -> None:
        self.counts: Int64[np.ndarray, " columns"] = np.zeros(WIDTH, np.int64)
        self.reused: Int64[np.ndarray, " columns"] = np.zeros(WIDTH, np.int64)
        self.lowest: Float64[np.ndarray, " columns"] = np.full(WIDTH, np.nan)

    def draw(self, height: int, threshold: float) -> UInt8[np.ndarray, "height columns 3"]:
        """Colours, and the two lines over them; white before the object's first frame."""
        last = held(self.counts)
        shares = self.reused[last] / np.maximum(self.counts[last], 1)
        # Row 0 is the top, where the gate says 1.
        from_below = 1 - (np.arange(height) + 0.5) / height
        reused = from_below[:, None] < shares
        picture: np.ndarray = np.where(reused[..., None], REUSED, COMPUTED).astype(np.uint8)
        picture[round((1 - threshold) * (height - 1)), _dashes(WIDTH)] = INK
        picture[_line((1 - self.lowest[last]) * (height - 1), height)] = INK
        picture[:, last < 0] = 255
        return picture


def _line(heights: Float64[np.ndarray, " columns"], height: int) -> _Lines:
    """A line of two pixels through a row for each column, upright where it jumps; none where there is no number."""
    rows = np.clip(np.rint(heights), 0, height - 2)
    before = np.concatenate([rows[:1], rows[:-1]])
    upper, lower = np.fmin(rows, before), np.fmax(rows, before) + 1
    known = ~np.isnan(rows)
    every = np.arange(height)[:, None]
    lines: _Lines = (every >= upper) & (every <= lower) & known
    return lines


def _dashes(length: int) -> Bool[np.ndarray, " columns"]:
    dashes: np.ndarray = np.arange(length) // _DASH % 2 == 0
    return dashes
