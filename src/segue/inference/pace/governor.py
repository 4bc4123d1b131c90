"""How to hold a pace: a measured time per frame goes in, the level to work at comes out (ours)."""

from collections import deque
from statistics import fmean

_FEWEST = 8
"""Frames at a level before it is called too slow, where it clearly is."""
_CLEARLY = 1.5
"""Times the budget of a frame."""
_CATCH_UP = 0.9
"""Share of the budget that is aimed at while earlier frames have left a debt."""
_DEBT = 0.25
"""Seconds behind from which there is a debt: a slow frame now and then is none."""
_ROOM = 0.7
"""Share of the budget below which the next better level is tried: levels differ by about a third."""
_PATIENCE = 3
"""Windows at a level before a better one is tried; twice as many each time that it was tried in vain."""
_MOST_PATIENCE = 48
_MOST_DEBT = 2.0
"""Seconds behind that count; what was lost before is lost."""


class Governor:
    """Chooses among levels, 0 the best and slowest, the last the fastest, so that a pace is held.

    It goes down when the mean of about the last second is too slow, and up when there has been room for some time. A
    level that turned out too slow is tried again, less and less often.

    Args:
        fps: Frames per second to hold.
        num_levels: From 1.
        level: To begin with.
    """

    def __init__(self, fps: float, num_levels: int, level: int = 0) -> None:
        self.level = level
        self.helpless = False
        """Whether the fastest level was too slow at some time."""
        self._budget = 1 / fps
        self._last = num_levels - 1
        self._window = max(_FEWEST, min(round(fps), 32))
        self._laps: deque[float] = deque(maxlen=self._window)
        self._here = 0
        self._debt = 0.0
        self._risen = False
        self._patience = _PATIENCE

    def add(self, seconds: float) -> int:
        """The level for the next frame.

        Args:
            seconds: Since the frame before.
        """
        self._debt = min(max(self._debt + seconds - self._budget, 0.0), _MOST_DEBT)
        self._here += 1
        if self._here == 1:
            return self.level  # a new size of frames may have cost time that later ones do not
        self._laps.append(seconds)
        if self._too_slow():
            self._fall()
        elif self._has_room():
            self._move(self.level - 1, risen=True)
        return self.level

    def _too_slow(self) -> bool:
        mean, frames = fmean(self._laps), len(self._laps)
        aim = self._budget * (_CATCH_UP if self._debt > _DEBT else 1)
        if self.level == self._last:  # nothing to gain: only what is really too slow is said
            return frames == self._window and mean > self._budget
        return mean > aim and (
            frames == self._window or (frames >= _FEWEST and mean > _CLEARLY * aim)
        )

    def _has_room(self) -> bool:
        waited = self._here > self._patience * self._window
        return (
            waited
            and self.level > 0
            and not self._debt
            and fmean(self._laps) < _ROOM * self._budget
        )

    def _fall(self) -> None:
        if self.level == self._last:
            self.helpless = True
            return
        if self._risen:
            in_vain = self._here <= _PATIENCE * self._window
            self._patience = min(2 * self._patience, _MOST_PATIENCE) if in_vain else _PATIENCE
        self._move(self.level + 1, risen=False)

    def _move(self, level: int, risen: bool) -> None:
        self.level, self._risen, self._here = level, risen, 0
        self._laps.clear()
