"""A chart of shares over time: bands stacked from 0 to 100 %, drawn without a plotting library."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, UInt8

from segue.media.lettering import letters, write_text
from segue.types import Frame

_PLOT_HW = (420, 900)
_TOP, _LEFT, _BOTTOM, _LEGEND = 40, 60, 50, 320
_SIZE = 15
_LINE = 22
_INK = (30, 30, 30)
_PAPER = (255, 255, 255)
_GRID = (255, 255, 255)
_TITLE = "share of the pixels"
_TICKS = 8
_NICE_SECONDS = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0),
    *(60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 18000.0, 36000.0),
)
"""Seconds between two ticks."""


class AreasOverTime:
    """Takes shares frame by frame and keeps one mean per column of the chart, however long the video is.

    Args:
        names: Of the parts, by number.
        colours: RGB by number.
        begin: Time of the left edge in seconds.
        end: Time of the right edge.
    """

    def __init__(
        self, names: Sequence[str], colours: UInt8[np.ndarray, "256 3"], begin: float, end: float
    ) -> None:
        self._names = tuple(names)
        self._colours = colours
        self._begin = begin
        self._seconds = end - begin
        self._sums = np.zeros((_PLOT_HW[1], len(self._names)))
        self._counts = np.zeros(_PLOT_HW[1], np.int64)

    def add(self, time: float, shares: Float64[np.ndarray, " parts"]) -> None:
        """Take one frame.

        Args:
            time: In seconds, from ``begin`` to ``end``.
            shares: One per part; their sum is 1.
        """
        column = int((time - self._begin) / self._seconds * len(self._counts))
        column = min(column, len(self._counts) - 1)
        self._sums[column] += shares
        self._counts[column] += 1

    def draw(self) -> Frame:
        """The chart, with axes and a legend of the parts that occur; at least one frame must have come."""
        height, width = _PLOT_HW
        picture = np.full((_TOP + height + _BOTTOM, _LEFT + width + _LEGEND, 3), _PAPER, np.uint8)
        picture[_TOP : _TOP + height, _LEFT : _LEFT + width] = self._bands()
        write_text(picture, _TITLE, (10, _LEFT), _SIZE, _INK)
        self._draw_shares(picture)
        self._draw_times(picture)
        self._draw_legend(picture)
        return picture

    def _bands(self) -> Frame:
        """The plot alone; the first part lies on top, as in the legend."""
        height, width = _PLOT_HW
        # A frame is shown until the next one comes, and so are its shares.
        filled = np.maximum.accumulate(np.where(self._counts > 0, np.arange(width), 0))
        means = self._sums[filled] / self._counts[filled, None]
        edges = np.cumsum(means, axis=1)
        centres = (np.arange(height) + 0.5) / height
        # Rounded shares may add up to a little less than 1.
        last = len(self._names) - 1
        parts = np.stack([np.searchsorted(edge, centres).clip(max=last) for edge in edges], axis=1)
        bands: Frame = self._colours[parts]
        return bands

    def _draw_shares(self, picture: Frame) -> None:
        for percent in range(0, 101, 25):
            row = _TOP + round((1 - percent / 100) * (_PLOT_HW[0] - 1))
            _write(picture, f"{percent} %", row, right=_LEFT - 8)
            if 0 < percent < 100:
                _grid(picture[row, _LEFT : _LEFT + _PLOT_HW[1]])

    def _draw_times(self, picture: Frame) -> None:
        step = next((s for s in _NICE_SECONDS if self._seconds / s <= _TICKS), self._seconds)
        base = _TOP + _PLOT_HW[0]
        for tick in range(int(self._seconds / step) + 1):
            column = _LEFT + round(tick * step / self._seconds * (_PLOT_HW[1] - 1))
            picture[base : base + 5, column] = _INK
            text = _clock(self._begin + tick * step, step)
            _write(picture, text, base + 18, right=column + letters(text, _SIZE).shape[1] // 2)

    def _draw_legend(self, picture: Frame) -> None:
        means = self._sums.sum(0) / self._counts.sum()
        room = _PLOT_HW[0] // _LINE
        largest = [part for part in np.argsort(-means, kind="stable")[:room] if means[part] > 0]
        left = _LEFT + _PLOT_HW[1] + 20
        for place, part in enumerate(sorted(largest)):
            top = _TOP + place * _LINE
            picture[top : top + 14, left : left + 14] = self._colours[part]
            share = f"{100 * means[part]:.1f} %"
            _write(picture, share, top + 7, right=left + 78)
            write_text(picture, self._names[part], (_over(top + 7), left + 88), _SIZE, _INK)


def _write(picture: Frame, text: str, middle: int, *, right: int) -> None:
    """Text that ends at a column, its letters centred on a row."""
    write_text(picture, text, (_over(middle), right - letters(text, _SIZE).shape[1]), _SIZE, _INK)


def _over(middle: int) -> int:
    height: int = letters("0", _SIZE).shape[0]
    return middle - height // 2


def _grid(row: UInt8[np.ndarray, "width 3"]) -> None:
    row[:] = (row.astype(np.uint16) + np.array(_GRID, np.uint16)) // 2


def _clock(seconds: float, step: float) -> str:
    """``0.25 s``, ``3 s``, ``2:30``, ``1:02:30``; as many decimals as the ticks need."""
    if seconds < 60 or step < 1:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
