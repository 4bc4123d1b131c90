"""What a run cost: frames reused instead of computed, and frames per second by part."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class EffortTally:
    """Frames and seconds of one or more runs; tallies of different videos add.

    Where a gate decides for each object by itself, count a frame once per object.
    """

    frames: int = 0
    """All of them, first ones among them."""
    first_frames: int = 0
    """Frames that start an object or video: they leave no choice."""
    reused: int = 0
    """Frames for which an earlier result was used again; never a first one."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Time by part, as ``timings`` of a run's record has it: "decode", "network", "write"."""

    def __add__(self, other: "EffortTally") -> "EffortTally":
        parts = dict.fromkeys([*self.seconds, *other.seconds])
        return EffortTally(
            self.frames + other.frames,
            self.first_frames + other.first_frames,
            self.reused + other.reused,
            {p: self.seconds.get(p, 0.0) + other.seconds.get(p, 0.0) for p in parts},
        )

    @property
    def reuse_rate(self) -> float:
        """Share of frames reused where there was a choice, in [0, 1] (ours); NaN if there was none."""
        choices = self.frames - self.first_frames
        return self.reused / choices if choices else float("nan")

    @property
    def reuse_rate_with_first(self) -> float:
        """The share as the released code of G-FRTM prints it: first frames count as reused; NaN without frames."""
        return (self.reused + self.first_frames) / self.frames if self.frames else float("nan")

    @property
    def fps(self) -> float:
        """Frames per second of all parts together; NaN without time."""
        return _rate(self.frames, math.fsum(self.seconds.values()))

    @property
    def part_fps(self) -> dict[str, float]:
        """Frames per second that each part alone would allow; NaN for one that took no time."""
        return {part: _rate(self.frames, seconds) for part, seconds in self.seconds.items()}


def _rate(frames: int, seconds: float) -> float:
    return frames / seconds if seconds else float("nan")
