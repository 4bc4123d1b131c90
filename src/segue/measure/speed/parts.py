"""Where the time of a model goes, frame by frame: the model tells which part it is doing."""

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from segue.models.interface import TimedModel, VideoModel
from segue.types import Prediction

Kind = Literal["first", "computed", "reused"]
"""Frames with given masks; those that the model computed; those that its reuse gate carried over as a whole."""


@dataclass
class Frames:
    """Frames of one kind, and the seconds that went into each part of them."""

    number: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def means_ms(self) -> dict[str, float]:
        """Milliseconds per frame by part, with their sum as ``total``."""
        means = {part: round(1e3 * s / self.number, 2) for part, s in self.seconds.items()}
        return {**means, "total": round(1e3 * sum(self.seconds.values()) / self.number, 2)}


class PartTimes:
    """Collects times of a model's frames while they are watched."""

    def __init__(self) -> None:
        self.frames: dict[Kind, Frames] = {}
        self._seconds: dict[str, float] = {}
        self._within: list[float] = []
        """Seconds of the parts that were called by those that run now: each second counts once."""

    def watched(self, model: VideoModel[Any]) -> VideoModel[Any]:
        """The same model, whose frames are timed: by part if it is a ``TimedModel``, else as a whole."""
        timed = model.timed(self.part) if isinstance(model, TimedModel) else model
        watched = copy.copy(timed)
        vars(watched).update(start=self._timed_start(timed), step=self._timed_step(timed))
        return watched

    def means_ms(self) -> dict[str, dict[str, float]]:
        """Milliseconds per frame: kind of frame -> part -> mean."""
        return {kind: frames.means_ms() for kind, frames in self.frames.items()}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A ``PartClock``: the seconds in the block count for the part, without those of parts within."""
        begin = time.perf_counter()
        self._within.append(0.0)
        try:
            yield
        finally:
            spent = time.perf_counter() - begin
            own = spent - self._within.pop()
            self._seconds[name] = self._seconds.get(name, 0.0) + own
            if self._within:
                self._within[-1] += spent

    def _timed_start(self, model: VideoModel[Any]) -> Callable[..., Any]:
        def start(frame: Any, labels: Any = None) -> Any:
            self._seconds = {}
            with self.part("other"):
                prediction, state = model.start(frame, labels)
            self._count("first")
            return prediction, state

        return start

    def _timed_step(self, model: VideoModel[Any]) -> Callable[..., Any]:
        def step(frame: Any, state: Any, labels: Any = None, **options: Any) -> Any:
            self._seconds = {}
            with self.part("other"):
                prediction, state = model.step(frame, state, labels, **options)
            self._count("first" if labels is not None else _kind(prediction))
            return prediction, state

        return step

    def _count(self, kind: Kind) -> None:
        frames = self.frames.setdefault(kind, Frames())
        frames.number += 1
        for part, seconds in self._seconds.items():
            frames.seconds[part] = frames.seconds.get(part, 0.0) + seconds


def _kind(prediction: Prediction | None) -> Kind:
    scores = prediction.scores.values() if prediction else ()
    return "reused" if scores and all(score.reused for score in scores) else "computed"
