"""What charts over time share, all drawn without a plotting library: the paper, the words, and the axis."""

import numpy as np
from jaxtyping import Int64, UInt8

from segue.media.lettering import letters, write_text
from segue.types import Frame

WIDTH = 900
"""Columns of the plot."""
TOP, LEFT = 40, 60
"""Rows above and columns left of it."""
_BELOW, _RIGHT = 50, 320
SIZE = 15
"""Height of the type."""
INK = (30, 30, 30)
_PAPER = (255, 255, 255)
_TICKS = 8
_NICE_SECONDS = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0),
    *(60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 18000.0, 36000.0),
)
"""Seconds between two ticks."""


class TimeAxis:
    """Time from left to right, in ``WIDTH`` columns of pixels.

    Args:
        begin: Time of the left edge in seconds.
        end: Time of the right edge.
    """

    def __init__(self, begin: float, end: float) -> None:
        self._begin = begin
        self._seconds = end - begin

    def column(self, time: float) -> int:
        """The column that a time falls into; the right edge belongs to the last one."""
        return min(int((time - self._begin) / self._seconds * WIDTH), WIDTH - 1)

    def draw(self, picture: Frame, base: int) -> None:
        """Ticks with their times, in place.

        Args:
            picture: What ``paper`` returned.
            base: The row below the plot.
        """
        step = next((s for s in _NICE_SECONDS if self._seconds / s <= _TICKS), self._seconds)
        for tick in range(int(self._seconds / step) + 1):
            column = LEFT + round(tick * step / self._seconds * (WIDTH - 1))
            picture[base : base + 5, column] = INK
            text = _clock(self._begin + tick * step, step)
            middle = column + letters(text, SIZE).shape[1] // 2
            write_before(picture, text, base + 18, right=middle)


def paper(height: int) -> Frame:
    """A white picture with room for a plot of so many rows, its axes and a legend."""
    return np.full((TOP + height + _BELOW, LEFT + WIDTH + _RIGHT, 3), _PAPER, np.uint8)


def held(counts: Int64[np.ndarray, " columns"]) -> Int64[np.ndarray, " columns"]:
    """For each column the last one that any frame fell into, -1 before the first: a frame is shown until the next."""
    last: np.ndarray = np.maximum.accumulate(np.where(counts > 0, np.arange(len(counts)), -1))
    return last


def write_before(picture: Frame, text: str, middle: int, *, right: int) -> None:
    """Text that ends at a column, its letters centred on a row."""
    write_text(picture, text, (_over(middle), right - letters(text, SIZE).shape[1]), SIZE, INK)


def write_after(picture: Frame, text: str, middle: int, *, left: int) -> None:
    """Text that begins at a column, its letters centred on a row."""
    write_text(picture, text, (_over(middle), left), SIZE, INK)


def halve_contrast(pixels: UInt8[np.ndarray, "columns 3"]) -> None:
    """Mix pixels with white, in place: a line of a grid."""
    pixels[:] = (pixels.astype(np.uint16) + np.array(_PAPER, np.uint16)) // 2


def _over(middle: int) -> int:
    height: int = letters("0", SIZE).shape[0]
    return middle - height // 2


def _clock(seconds: float, step: float) -> str:
    """``0.25 s``, ``3 s``, ``2:30``, ``1:02:30``; as many decimals as the ticks need."""
    if seconds < 60 or step < 1:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
