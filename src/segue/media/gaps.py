"""Frames that are not in a file any more: what reads it goes on behind a damaged place without a word."""

from fractions import Fraction

from segue.media.frames import index_name

_REGULAR = Fraction(3, 4)
"""Of a frame: so far may times lie from those of a constant rate."""
_FEWEST_STEPS = 8
_FEWEST_MISSING = 3
"""Recorders drop one or two frames themselves."""


class GapFinder:
    """Looks for jumps in the times of a video whose frames came at a constant rate until there.

    Args:
        rate: Frames per second; None finds nothing.
    """

    def __init__(self, rate: Fraction | None) -> None:
        self.found: list[str] = []
        """Such as ``perhaps 4 between 00018 and 00019``."""
        self._rate = rate
        self._before: tuple[int, Fraction] | None = None
        self._steps = 0

    def see(self, index: int, time: Fraction) -> None:
        """One frame, in the order of the video."""
        if self._rate is None:
            return
        if self._before is not None:
            last, then = self._before
            missing = (time - then) * self._rate - (index - last)
            if missing >= _FEWEST_MISSING - _REGULAR and self._steps >= _FEWEST_STEPS:
                between = f"{index_name(last)} and {index_name(index)}"
                self.found.append(f"perhaps {round(missing)} between {between}")
            elif abs(missing) > _REGULAR:
                self._rate = None  # a variable rate: jumps mean nothing
            self._steps += 1
        self._before = index, time
