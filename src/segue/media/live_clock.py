"""Times for the frames of a live stream: its own where it tells them, else those of arrival, or counted."""

from fractions import Fraction
from math import ceil

from segue.media.live_feed import Picture

_ARRIVAL_BASE = Fraction(1, 90_000)
"""Seconds per tick of times of arrival: that of MPEG streams."""
_JITTER = Fraction(1, 2)
"""Seconds that times may go back before the clock of the source counts as started again."""


class LiveClock:
    """Gives each picture a time that is a whole number of ticks and later than the one before.

    A source that starts its clock again, as cameras do when they restart, goes on one frame after the last picture.

    Args:
        time_base: Seconds per tick of the source's own times; None where it tells none.
        frame_rate: Frames per second, for pictures without a time.
        by_arrival: Whether pictures of a source without times get that of their arrival, from 0; otherwise they are
            counted.
    """

    def __init__(
        self, time_base: Fraction | None, frame_rate: Fraction, *, by_arrival: bool
    ) -> None:
        self._own = time_base is not None
        self._by_arrival = by_arrival and not self._own
        self.time_base = time_base or (_ARRIVAL_BASE if by_arrival else 1 / frame_rate)
        """Seconds per tick."""
        self._step = max(1, round(1 / frame_rate / self.time_base))
        self._before: int | None = None
        self._offset = 0
        self._begin: float | None = None

    def go_on(self, time: Fraction) -> None:
        """The next picture is one frame later than a time, or later still; its clock starts again there."""
        self._before = ceil(time / self.time_base)
        if not self._own:
            self._offset = self._before + self._step

    def time(self, picture: Picture) -> Fraction:
        """When a picture is shown, in seconds."""
        ticks = self._ticks(picture)
        if self._before is not None and ticks <= self._before:
            if self._own and (self._before - ticks) * self.time_base > _JITTER:
                self._offset += self._before + self._step - ticks
                ticks = self._before + self._step
            else:
                ticks = self._before + 1
        self._before = ticks
        return ticks * self.time_base

    def _ticks(self, picture: Picture) -> int:
        if self._own and picture.time is not None:
            return round(picture.time / self.time_base) + self._offset
        if self._by_arrival:
            if self._begin is None:
                self._begin = picture.arrived
            return round((picture.arrived - self._begin) / self.time_base) + self._offset
        return self._offset if self._before is None else self._before + self._step
