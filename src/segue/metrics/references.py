"""Frames split by what a reference frame can know of them, as SSLTM's figure 4 does.

A frame is *clean* if every class that it shows is also on its reference frame, and *noisy* if one is missing there. The
reference is the frame so far before it, or the oldest one; the first frame is its own.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer

from segue.metrics.confusion import VOID, ConfusionTally


@dataclass(frozen=True)
class ReferenceTally:
    """Pixels of clean frames and of noisy ones. Tallies of different videos add."""

    clean: ConfusionTally
    noisy: ConfusionTally
    clean_frames: int = 0
    noisy_frames: int = 0

    @classmethod
    def empty(cls, num_classes: int) -> "ReferenceTally":
        """No frames."""
        return cls(ConfusionTally.empty(num_classes), ConfusionTally.empty(num_classes))

    def __add__(self, other: "ReferenceTally") -> "ReferenceTally":
        return ReferenceTally(
            self.clean + other.clean,
            self.noisy + other.noisy,
            self.clean_frames + other.clean_frames,
            self.noisy_frames + other.noisy_frames,
        )

    @property
    def clean_share(self) -> float:
        """Share of the frames that are clean; NaN without frames."""
        frames = self.clean_frames + self.noisy_frames
        return self.clean_frames / frames if frames else float("nan")


class ReferenceMeter:
    """Clean and noisy frames of one video, in constant memory.

    Args:
        num_classes: As in ``ConfusionTally``.
        distance: Frames from a frame to its reference; ``None``: the reference is always the first frame.
        void: What the truth holds where there is no class.
    """

    def __init__(self, num_classes: int, distance: int | None, void: int = VOID) -> None:
        self.tally = ReferenceTally.empty(num_classes)
        self._none = ConfusionTally.empty(num_classes)
        self._void = void
        # Of the first frame alone, or of the last ``distance`` frames and this one; the oldest is the reference.
        self._shown: deque[frozenset[int]] = deque(
            maxlen=None if distance is None else distance + 1
        )
        self._first_only = distance is None

    def add(self, truth: Integer[np.ndarray, "height width"], counts: ConfusionTally) -> bool:
        """Take the next frame, and say whether it is clean.

        Args:
            truth: Class per pixel, or void.
            counts: Of this frame alone.
        """
        shown = frozenset(np.unique(truth).tolist()) - {self._void}
        if not (self._first_only and self._shown):
            self._shown.append(shown)
        clean = shown <= self._shown[0]
        if clean:
            self.tally += ReferenceTally(counts, self._none, clean_frames=1)
        else:
            self.tally += ReferenceTally(self._none, counts, noisy_frames=1)
        return clean
