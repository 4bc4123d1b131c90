"""Flicker: how often labels change over time, measured on the prediction alone (ours).

- A *flip* is a pixel whose label differs from the frame before. What moves flips too, so the flip rate of two
  predictions is to be compared on the same video; that of the truth is the floor.
- A *return* is a flip back to the label that the pixel had before its last flip, at most ``within`` frames after it
  (A B A, A B B A). Motion seldom does this; it is what looks like flicker.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer

from segue.metrics.consistency import LabelRuns

RETURN_FRAMES = 3
"""Frames within which a label must come back to count as a return."""


@dataclass(frozen=True, slots=True)
class FlickerTally:
    """Pixels that changed, out of all pixels that have a frame before; tallies of different videos add."""

    flips: int = 0
    returns: int = 0
    pixels: int = 0
    """Pixels of all frames but the first."""
    seconds: float = 0.0
    """The same as seconds of pixels: ``pixels`` times the time from frame to frame."""

    def __add__(self, other: "FlickerTally") -> "FlickerTally":
        return FlickerTally(
            self.flips + other.flips,
            self.returns + other.returns,
            self.pixels + other.pixels,
            self.seconds + other.seconds,
        )

    @property
    def flip_rate(self) -> float:
        """Flips per pixel and frame, in [0, 1]; NaN without a pair of frames."""
        return self.flips / self.pixels if self.pixels else float("nan")

    @property
    def return_rate(self) -> float:
        """Returns per pixel and frame, in [0, 1]; NaN without a pair of frames."""
        return self.returns / self.pixels if self.pixels else float("nan")

    @property
    def flips_per_second(self) -> float:
        """Flips per pixel and second; NaN without a pair of frames."""
        return self.flips / self.seconds if self.seconds else float("nan")

    @property
    def returns_per_second(self) -> float:
        """Returns per pixel and second; NaN without a pair of frames."""
        return self.returns / self.seconds if self.seconds else float("nan")


class FlickerMeter:
    """Flips and returns of one video; needs the last frame and two bytes per pixel more."""

    def __init__(self, fps: float, within: int = RETURN_FRAMES) -> None:
        """Start a video.

        Args:
            fps: Labelled frames per second.
            within: Frames within which a label must come back to count as a return, 1 to 254.
        """
        self._seconds = 1 / fps
        # Runs are counted to one more than ``within``, which stands for "longer".
        self._runs = LabelRuns(within + 1)
        self._before: Integer[np.ndarray, "height width"] | None = None
        self.tally = FlickerTally()

    def add(self, labels: Integer[np.ndarray, "height width"]) -> None:
        """Take the next frame."""
        last, lengths = self._runs.labels, self._runs.lengths.copy()
        changed = self._runs.add(labels)
        if last is None:
            return
        if self._before is None:
            # A pixel that has not flipped yet has nothing to return to; its own label is never a flip.
            self._before = last.copy()
        returned = changed & (labels == self._before) & (lengths < self._runs.longest)
        np.copyto(self._before, last, where=changed)
        self.tally += FlickerTally(
            int(np.count_nonzero(changed)),
            int(np.count_nonzero(returned)),
            labels.size,
            labels.size * self._seconds,
        )
