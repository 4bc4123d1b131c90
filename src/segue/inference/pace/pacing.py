"""Holding a pace: the reuse gate's threshold and the working size give way, and come back when there is time."""

import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from segue.errors import SettingsError
from segue.inference.pace.governor import Governor
from segue.media.masks import object_ids
from segue.media.resize import Resizer
from segue.models.interface import ReusingModel, ScalingModel, VideoModel
from segue.types import Labels

_STEPS = ((1.0, 1.0), (0.7, 1.0), (0.7, 0.75), (0.5, 0.75), (0.5, 0.5))
"""From the best to the fastest: the highest threshold, and the share of the working size."""


@dataclass(frozen=True, slots=True)
class Level:
    """How well, and how slowly, frames are worked on."""

    threshold: float | None
    """Of the reuse gate; ``None`` for a model without."""
    size_hw: tuple[int, int]
    """Height and width that the model sees."""

    def __str__(self) -> str:
        height, width = self.size_hw
        gate = "" if self.threshold is None else f" with reuse {self.threshold:g}"
        return f"{width}x{height}{gate}"


def levels(
    model: VideoModel[Any], working_hw: tuple[int, int], masks: Iterable[Labels] = ()
) -> tuple[Level, ...]:
    """The levels of a model, the one that was asked for first; no object of a mask vanishes at any of them.

    Args:
        model: The threshold moves if it is a ``ReusingModel``, the working size if it is a ``ScalingModel``.
        working_hw: Height and width of frames at the first level.
        masks: That the model will be given.
    """
    own = _threshold(model)
    height, width = working_hw
    given = tuple(masks)
    found: dict[Level, None] = {}
    for threshold, share in _STEPS:
        scale = share if isinstance(model, ScalingModel) else 1.0
        size = max(round(height * scale), 1), max(round(width * scale), 1)
        if scale == 1 or all(_survives(labels, size) for labels in given):
            found[Level(None if own is None else min(own, threshold), size)] = None
    return tuple(found)


class Pacer:
    """Holds a pace over one video, as well as the machine can.

    It says at which ``level`` the next frame is to be worked on, and changes nothing: the threshold is handed to each
    step of the model, which may serve other videos meanwhile.

    Args:
        model: Has a reuse gate, or a memory that can be resized, or both.
        fps: Frames per second to hold.
        working_hw: Height and width that the model sees at best.
        masks: That the model will be given.
        clock: Seconds.

    Raises:
        SettingsError: Nothing of the model can give way.
    """

    def __init__(
        self,
        model: VideoModel[Any],
        fps: float,
        working_hw: tuple[int, int],
        masks: Mapping[int, Labels],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._scaling = model if isinstance(model, ScalingModel) else None
        self._fps = fps
        self._levels = levels(model, working_hw, masks.values())
        if len(self._levels) < 2:
            raise SettingsError(
                f"{model.name} has no reuse gate that can be moved and keeps one working size, so it cannot "
                "trade accuracy for a pace. Give no pace and a smaller max_side, or use a model such as segue-lite.",
                option="Replace --fps by --max-side, or pass --model segue-lite.",
            )
        self._governor = Governor(fps, len(self._levels))
        self._frames = [0] * len(self._levels)
        self._clock = clock
        self._begin: float | None = None
        self._last = 0.0

    @property
    def number(self) -> int:
        """Of the level that the next frame is worked on at."""
        return self._governor.level

    @property
    def level(self) -> Level:
        """What the next frame is worked on at."""
        return self._levels[self.number]

    def go_on(self, number: int) -> None:
        """Go on at the level of an interrupted run."""
        self._governor.level = number

    def resized(self, state: Any) -> Any:
        """A memory for the level's size; the same one for a model that keeps one size."""
        return self._scaling.resized(state, self.level.size_hw) if self._scaling else state

    def begin(self) -> None:
        """The first frame is done, which learns the objects and says nothing about the rest."""
        self._begin = self._last = self._clock()

    def frame(self) -> bool:
        """A frame is done; returns whether the next one has another size."""
        before, now = self.level, self._clock()
        if self._begin is None:  # of a resumed run
            self.begin()
            return False
        self._frames[self.number] += 1
        helpless = self._governor.helpless
        self._governor.add(now - self._last)
        self._last = now
        if self._governor.helpless and not helpless:
            self._admit()
        return self.level.size_hw != before.size_hw

    def report(self) -> dict[str, Any]:
        """For ``run.json``: what was asked for, what was reached, and frames at each level, of this run."""
        frames, seconds = sum(self._frames), self._last - (self._begin or 0.0)
        return {
            "asked_fps": self._fps,
            "reached_fps": round(frames / seconds, 2) if frames and seconds else None,
            "levels": [
                {"reuse": level.threshold, "size_hw": list(level.size_hw), "frames": count}
                for level, count in zip(self._levels, self._frames, strict=True)
            ],
        }

    def _admit(self) -> None:
        warnings.warn(
            f"{self._fps:g} frames per second cannot be held here, even at {self.level}. Segue goes on at that, as "
            "fast as it can.",
            RuntimeWarning,
            stacklevel=2,
        )


def _threshold(model: VideoModel[Any]) -> float | None:
    settings = model.reuse if isinstance(model, ReusingModel) else None
    return settings.threshold if settings else None


def _survives(labels: Labels, size_hw: tuple[int, int]) -> bool:
    small = Resizer((labels.shape[0], labels.shape[1]), size_hw).shrink_labels(labels)
    return object_ids(small) == object_ids(labels)
