"""A chart of shares over time: bands stacked from 0 to 100 %."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, UInt8

from segue.media.lettering import write_text
from segue.media.time_chart import (
    INK,
    LEFT,
    SIZE,
    TOP,
    WIDTH,
    TimeAxis,
    halve_contrast,
    held,
    paper,
    write_after,
    write_before,
)
from segue.types import Frame

_HEIGHT = 420
_LINE = 22
_TITLE = "share of the pixels"


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
        self._axis = TimeAxis(begin, end)
        self._sums = np.zeros((WIDTH, len(self._names)))
        self._counts = np.zeros(WIDTH, np.int64)

    def add(self, time: float, shares: Float64[np.ndarray, " parts"]) -> None:
        """Take one frame.

        Args:
            time: In seconds, from ``begin`` to ``end``.
            shares: One per part; their sum is 1.
        """
        column = self._axis.column(time)
        self._sums[column] += shares
        self._counts[column] += 1

    def draw(self) -> Frame:
        """The chart, with axes and a legend of the parts that occur; at least one frame must have come."""
        picture = paper(_HEIGHT)
        picture[TOP : TOP + _HEIGHT, LEFT : LEFT + WIDTH] = self._bands()
        write_text(picture, _TITLE, (10, LEFT), SIZE, INK)
        self._draw_shares(picture)
        self._axis.draw(picture, TOP + _HEIGHT)
        self._draw_legend(picture)
        return picture

    def _bands(self) -> Frame:
        """The plot alone; the first part lies on top, as in the legend."""
        filled = held(self._counts)
        means = self._sums[filled] / self._counts[filled, None]
        edges = np.cumsum(means, axis=1)
        centres = (np.arange(_HEIGHT) + 0.5) / _HEIGHT
        # Rounded shares may add up to a little less than 1.
        last = len(self._names) - 1
        parts = np.stack([np.searchsorted(edge, centres).clip(max=last) for edge in edges], axis=1)
        bands: Frame = self._colours[parts]
        return bands

    def _draw_shares(self, picture: Frame) -> None:
        for percent in range(0, 101, 25):
            row = TOP + round((1 - percent / 100) * (_HEIGHT - 1))
            write_before(picture, f"{percent} %", row, right=LEFT - 8)
            if 0 < percent < 100:
                halve_contrast(picture[row, LEFT : LEFT + WIDTH])

    def _draw_legend(self, picture: Frame) -> None:
        means = self._sums.sum(0) / self._counts.sum()
        room = _HEIGHT // _LINE
        largest = [part for part in np.argsort(-means, kind="stable")[:room] if means[part] > 0]
        left = LEFT + WIDTH + 20
        for place, part in enumerate(sorted(largest)):
            top = TOP + place * _LINE
            picture[top : top + 14, left : left + 14] = self._colours[part]
            write_before(picture, f"{100 * means[part]:.1f} %", top + 7, right=left + 78)
            write_after(picture, self._names[part], top + 7, left=left + 88)
