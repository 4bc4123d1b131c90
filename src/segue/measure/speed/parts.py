"""Where the time of a model goes, frame by frame: its parts are wrapped while somebody watches."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn

from segue.types import Prediction

Kind = Literal["first", "computed", "reused"]
"""Frames with given masks; those that the model computed; those that its reuse gate carried over as a whole."""

PARTS: Mapping[str, Mapping[str, str]] = {
    "segue-lite": {
        "_fast.look": "backbone",
        "_scores": "memory",
        "_learn_own": "memory",
        "_learn_given": "memory",
        "_fast.decoder": "decoder",
    }
}
"""Model -> its functions by dotted name, and the part of its time that each counts for. Others count as ``other``."""
_GATE = {"propagator._gate": "gate", "propagator.propagate": "window"}
"""The same of the reuse gate around a host: its network, and the rest of a look through the window."""


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

    @contextmanager
    def watching(self, model: Any) -> Iterator[None]:
        """Every frame that the model is given in the block is timed."""
        gated = hasattr(model, "propagator") and hasattr(model, "host")
        host = model.host if gated else model
        with ExitStack() as stack:
            for place, part in PARTS.get(model.name, {}).items():
                stack.enter_context(self._wrapped(host, place, part))
            for place, part in _GATE.items() if gated else ():
                stack.enter_context(self._wrapped(model, place, part))
            stack.enter_context(_replaced(model, "start", self._frame(model.start, given=True)))
            stack.enter_context(_replaced(model, "step", self._frame(model.step, given=False)))
            yield

    def means_ms(self) -> dict[str, dict[str, float]]:
        """Milliseconds per frame: kind of frame -> part -> mean."""
        return {kind: frames.means_ms() for kind, frames in self.frames.items()}

    @contextmanager
    def _wrapped(self, model: Any, place: str, part: str) -> Iterator[None]:
        *path, name = place.split(".")
        owner = model
        for step in path:
            owner = getattr(owner, step, None)
        found = getattr(owner, name, None)
        if isinstance(found, nn.Module):  # a function cannot take the place of a module
            owner, name, found = found, "forward", found.forward
        if found is None:
            yield
            return
        with _replaced(owner, name, self._part(found, part)):
            yield

    def _part(self, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            begin = time.perf_counter()
            self._within.append(0.0)
            try:
                return function(*arguments, **options)
            finally:
                spent = time.perf_counter() - begin
                own = spent - self._within.pop()
                self._seconds[part] = self._seconds.get(part, 0.0) + own
                if self._within:
                    self._within[-1] += spent

        return timed

    def _frame(self, function: Callable[..., Any], given: bool) -> Callable[..., Any]:
        whole = self._part(function, "other")

        def timed(frame: Any, memory: Any = None, labels: Any = None) -> Any:
            """``start(frame, labels)`` or ``step(frame, state, labels)``."""
            self._seconds = {}
            prediction, state = whole(*(x for x in (frame, memory, labels) if x is not None))
            kind: Kind = "first" if given or labels is not None else _kind(prediction)
            frames = self.frames.setdefault(kind, Frames())
            frames.number += 1
            for part, seconds in self._seconds.items():
                frames.seconds[part] = frames.seconds.get(part, 0.0) + seconds
            return prediction, state

        return timed


def _kind(prediction: Prediction) -> Kind:
    scores = prediction.scores.values()
    return "reused" if scores and all(score.reused for score in scores) else "computed"


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """An attribute of this one object has another value inside the block."""
    own = name in vars(owner)
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, before)
        else:
            delattr(owner, name)
