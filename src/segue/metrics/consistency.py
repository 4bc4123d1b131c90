"""VC_n, the video consistency of VSPW (Miao et al., CVPR 2021), frame by frame in constant memory.

For every n frames in a row: of the pixels whose true label stays the same, the share whose predicted label stays the
same too. It asks for no correctness: a prediction that never changes has VC 1. So there is a checked value beside it,
for which the prediction must also be right, and VC is to be read next to mIoU.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Integer, UInt8

WINDOW_FRAMES = (8, 16)
"""The window lengths that VSPW reports."""


class LabelRuns:
    """For how many frames in a row each pixel has had its label; counts stop at ``longest``."""

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.labels: Integer[np.ndarray, "height width"] | None = None
        self.lengths: UInt8[np.ndarray, "height width"] = np.zeros((0, 0), np.uint8)

    def add(self, labels: Integer[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
        """Take the next frame; where it differs from the one before (nowhere, for the first)."""
        if self.labels is None:
            self.lengths = np.ones(labels.shape, np.uint8)
            changed = np.zeros(labels.shape, np.bool_)
        else:
            changed = labels != self.labels
            self.lengths += self.lengths < self.longest
            self.lengths[changed] = 1
        self.labels = labels
        return changed


@dataclass(frozen=True, slots=True)
class WindowScores:
    """One value in [0, 1] per window of n frames; tallies of different videos add."""

    plain: tuple[float, ...] = ()
    """VC as VSPW defines it."""
    checked: tuple[float, ...] = ()
    """Ours: pixels of a constant class (not void) that are predicted as this class in all n frames."""
    skipped: int = 0
    """Windows in which no pixel has a constant label; they are left out of ``plain``."""

    def __add__(self, other: "WindowScores") -> "WindowScores":
        return WindowScores(
            self.plain + other.plain,
            self.checked + other.checked,
            self.skipped + other.skipped,
        )


@dataclass(frozen=True)
class ConsistencyTally:
    """Windows by their length. Tallies of different videos add."""

    windows: Mapping[int, WindowScores] = field(default_factory=dict)

    def __add__(self, other: "ConsistencyTally") -> "ConsistencyTally":
        none = WindowScores()
        lengths = sorted({*self.windows, *other.windows})
        return ConsistencyTally(
            {n: self.windows.get(n, none) + other.windows.get(n, none) for n in lengths}
        )

    def plain(self, num_frames: int) -> float:
        """VC_n, the mean over all windows of all videos; NaN without windows."""
        return _mean(self.windows.get(num_frames, WindowScores()).plain)

    def checked(self, num_frames: int) -> float:
        """VC_n of right predictions, the mean over all windows of all videos; NaN without windows."""
        return _mean(self.windows.get(num_frames, WindowScores()).checked)


class ConsistencyMeter:
    """VC of one video; needs the last frame and two bytes per pixel, however long the video is.

    As in the official script, a video of T frames has T - n windows: the last possible one is not counted.
    """

    def __init__(self, window_frames: Sequence[int] = WINDOW_FRAMES, void: int = 255) -> None:
        """Start a video.

        Args:
            window_frames: The n of VC_n, each from 2 to 255.
            void: What ``classes`` holds where there is no class.
        """
        self.void = void
        self._truth = LabelRuns(max(window_frames))
        self._predicted = LabelRuns(max(window_frames))
        self._right: Bool[np.ndarray, "height width"] = np.zeros((0, 0), np.bool_)
        self._valid: Bool[np.ndarray, "height width"] = np.zeros((0, 0), np.bool_)
        self._plain: dict[int, list[float]] = {n: [] for n in window_frames}
        self._checked: dict[int, list[float]] = {n: [] for n in window_frames}
        self._skipped = dict.fromkeys(window_frames, 0)
        self._num_frames = 0

    def add(
        self,
        predicted: Integer[np.ndarray, "height width"],
        truth: Integer[np.ndarray, "height width"],
        classes: Integer[np.ndarray, "height width"] | None = None,
    ) -> None:
        """Take the next frame.

        Args:
            predicted: Class per pixel.
            truth: The label as the file holds it: void and unlabelled pixels may be constant too.
            classes: The same as classes, to compare with ``predicted``; ``None`` if ``truth`` holds classes.
        """
        for n in self._plain:
            if self._num_frames >= n:
                # The window that ended with the frame before: only now is it known not to be the last.
                self._score(n)
        classes = truth if classes is None else classes
        self._truth.add(truth)
        self._predicted.add(predicted)
        self._right, self._valid = predicted == classes, classes != self.void
        self._num_frames += 1

    @property
    def tally(self) -> ConsistencyTally:
        """All windows so far."""
        return ConsistencyTally(
            {
                n: WindowScores(tuple(plain), tuple(self._checked[n]), self._skipped[n])
                for n, plain in self._plain.items()
            }
        )

    def _score(self, n: int) -> None:
        constant = self._truth.lengths >= n
        same = constant & (self._predicted.lengths >= n)
        plain = _share(same, constant)
        self._plain[n] += plain
        self._checked[n] += _share(same & self._right & self._valid, constant & self._valid)
        self._skipped[n] += not plain


def _share(
    part: Bool[np.ndarray, "height width"], whole: Bool[np.ndarray, "height width"]
) -> tuple[float, ...]:
    total = np.count_nonzero(whole)
    return (np.count_nonzero(part) / total,) if total else ()


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
