"""The reuse gate around a host: every frame is carried over from the last computed one, if the gate says so."""

import copy
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, make_dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from segue.errors import SettingsError
from segue.models.given import check_frame
from segue.models.interface import (
    ConfiguredModel,
    NetworkModel,
    PartClock,
    SemanticModel,
    TimedModel,
    VideoModel,
    untimed,
)
from segue.models.reuse.host import PacedHost, memory_after
from segue.models.reuse.propagator import Propagated, Propagator, TimedPropagator
from segue.models.scene import thumbnail
from segue.nn.reuse.gate import Choice, choose
from segue.nn.reuse.settings import ReuseSettings
from segue.types import BACKGROUND, Frame, GivenLabels, Labels, Prediction

GateOverride = Callable[[int, int], float]
"""``(object id, frame index) -> what the gate says``, in place of the learned one."""

_MOST_REST = 7


@dataclass(frozen=True)
class GatedState:
    """The memory of a video, besides ``host`` and ``propagator``, what those two remember."""

    frame_index: int
    """Frames seen since the start."""
    gap: int
    """Frames since the last computed one."""
    refused: int
    """Times in a row that the frame after a computed one was found new."""
    rest: int
    """Frames that will be computed without asking."""
    computed: UInt8[Tensor, "height width"]
    """Labels of the last computed frame."""
    shown: UInt8[Tensor, "height width"]
    """Labels of the last frame."""
    last: UInt8[Tensor, "rows columns 3"]
    """Thumbnail of the last frame."""


class GatedModel:
    """Implements ``ReusingModel`` around a host: the host looks at a frame only if the gate finds it new.

    It has ``classes``, ``settings`` and ``network`` if its host has them.

    The gate speaks about each object. The host looks at a frame for all objects at once, so a frame is computed as
    soon as one object needs it. Frames are carried over from the last computed frame, never from a carried one, so
    errors do not add up. Where the gate looks in vain again and again, it is asked less often: the frames between are
    computed.

    Args:
        host: What computes.
        propagator: What carries labels over, and says how good the result is.
        settings: When.
        override: Replaces what the propagator says of its result; for studies.

    Raises:
        SettingsError: The host looks ahead.
    """

    def __init__(
        self,
        host: VideoModel[Any],
        propagator: Propagator[Any],
        settings: ReuseSettings,
        override: GateOverride | None = None,
    ) -> None:
        if host.lookahead:
            raise SettingsError(
                f"{host.name} looks {host.lookahead} frames ahead, so its frames cannot be carried over one by one. "
                "Leave reuse out."
            )
        self.host = host
        self.propagator = propagator
        self.reuse = settings
        self.name = host.name
        self.lookahead = host.lookahead
        self.parameters_per_object = host.parameters_per_object
        # Types are what a stored memory is rebuilt by.
        parts: list[tuple[str, Any]] = [
            ("host", host.state_type),
            ("propagator", propagator.memory_type | None),
        ]
        self.state_type: type[Any] = make_dataclass(
            "GatedState", parts, bases=(GatedState,), frozen=True
        )
        self._override = override
        self._clock: PartClock = untimed
        # Attributes of the object, not of the class: protocols are asked for what is there.
        if isinstance(host, SemanticModel):
            self.classes = host.classes
        if isinstance(host, ConfiguredModel):
            self.settings = host.settings
        if isinstance(host, NetworkModel):
            self.network = host.network

    def timed(self, clock: PartClock) -> "GatedModel":
        """See ``TimedModel.timed``: ``gate``, ``window`` for the rest of a look, and the parts of the host."""
        model = copy.copy(self)
        model._clock = clock
        if isinstance(self.host, TimedModel):
            model.host = self.host.timed(clock)
        if isinstance(self.propagator, TimedPropagator):
            model.propagator = self.propagator.timed(clock, model.host)
        return model

    def start(self, frame: Frame, labels: GivenLabels | None = None) -> tuple[Prediction, Any]:
        """Begin a video; see ``VideoModel.start``."""
        prediction, memory = self.host.start(frame, labels)
        assert prediction is not None  # the host looks ahead by no frame
        return self._computed(frame, prediction, memory, 0, {}, 0)

    def step(
        self,
        frame: Frame,
        state: Any,
        labels: GivenLabels | None = None,
        *,
        threshold: float | None = None,
    ) -> tuple[Prediction, Any]:
        """Go on by one frame; see ``ReusingModel.step``. Given labels are always looked at by the host."""
        reuse = self.reuse if threshold is None else self.reuse.at(threshold)
        check_frame(frame, (state.shown.shape[0], state.shown.shape[1]))
        index, gap = state.frame_index + 1, state.gap + 1
        said: dict[int, float] = {}
        looked = False
        asked = labels is None and state.propagator is not None and not state.rest
        if asked and reuse.threshold < 1:
            needed = 0.0 if self._override else reuse.threshold
            with self._clock("window"):
                propagated, memory = self.propagator.propagate(
                    frame, state.propagator, state.host, needed
                )
            said, looked = self._gates(propagated, index), propagated.looked
            choices = {i: choose(p, reuse) for i, p in said.items()}
            if self._may_reuse(propagated, choices, reuse):
                last = torch.from_numpy(thumbnail(frame))
                state = replace(
                    state, frame_index=index, gap=gap, refused=0, last=last, propagator=memory
                )
                return self._reused(propagated, said, choices, state)
        shown, last = state.shown.numpy(), state.last.numpy()
        memory = memory_after(self.host, state.host, shown, state.gap, last)
        prediction, memory = self.host.step(frame, memory, labels)
        assert prediction is not None
        refused = state.refused + 1 if looked and gap == 1 else state.refused
        rest = _rest(refused) if looked and not self._override else max(state.rest - 1, 0)
        return self._computed(frame, prediction, memory, index, said, refused, rest)

    def _may_reuse(
        self, propagated: Propagated, choices: Mapping[int, Choice], reuse: ReuseSettings
    ) -> bool:
        if reuse.threshold and propagated.scores.keys() - choices.keys():
            return False  # of some objects the gate says nothing
        if propagated.enough is not None and self._override is None:
            return propagated.enough
        return "compute" not in choices.values()

    def _gates(self, propagated: Propagated, index: int) -> dict[int, float]:
        if self._override is None:
            return {i: s.gate for i, s in propagated.scores.items() if s.gate is not None}
        return {i: self._override(i, index) for i in propagated.scores}

    def _reused(
        self,
        propagated: Propagated,
        said: dict[int, float],
        choices: Mapping[int, Choice],
        state: Any,
    ) -> tuple[Prediction, Any]:
        labels, last = propagated.labels, state.computed.numpy()
        copied = [i for i, choice in choices.items() if choice == "copy"]
        if copied:
            labels = _with_copies(labels, last, copied)
        scores = {
            i: replace(score, gate=_rounded(said.get(i)), reused=True)
            for i, score in propagated.scores.items()
        }
        # A copy: the caller owns the prediction, and the propagator may remember these labels.
        probabilities = None if copied else propagated.probabilities
        prediction = Prediction(labels.copy(), scores, probabilities)
        return prediction, replace(state, shown=torch.from_numpy(labels))

    def _computed(
        self,
        frame: Frame,
        prediction: Prediction,
        memory: Any,
        index: int,
        said: dict[int, float],
        refused: int,
        rest: int = 0,
    ) -> tuple[Prediction, Any]:
        shown = torch.from_numpy(np.array(prediction.labels))  # a copy: the caller owns the other
        state = self.state_type(
            frame_index=index,
            gap=0,
            refused=refused,
            rest=rest,
            computed=shown,
            shown=shown,
            last=torch.from_numpy(thumbnail(frame)),
            host=memory,
            propagator=self.propagator.begin(frame, prediction, memory),
        )
        scores = {
            i: replace(score, gate=_rounded(said.get(i)), reused=False)
            for i, score in prediction.scores.items()
        }
        return replace(prediction, scores=scores), state


class WindowedModel(GatedModel):
    """A gated model that is also a ``ScalingModel`` and a ``HidingModel``, as its host is."""

    host: PacedHost[Any]

    def bounded(self, max_side: int | None) -> "WindowedModel":
        """See ``ScalingModel.bounded``."""
        host = self.host.bounded(max_side)
        if host is self.host:
            return self
        assert isinstance(host, PacedHost)
        model = copy.copy(self)
        model.host = host
        return model

    def resized(self, state: Any, working_hw: tuple[int, int]) -> Any:
        """See ``ScalingModel.resized``; the next frame is computed."""
        host = self.host.resized(self._caught_up(state), working_hw)
        return replace(state, gap=0, host=host, propagator=None)

    def hidden(self, state: Any, object_ids: Collection[int]) -> Any:
        """See ``HidingModel.hidden``; the next frame is computed."""
        host = self.host.hidden(self._caught_up(state), object_ids)
        shown = _without(state.shown.numpy(), object_ids)
        return replace(state, gap=0, host=host, propagator=None, shown=torch.from_numpy(shown))

    def _caught_up(self, state: Any) -> Any:
        """The host's memory after the frames that were carried over."""
        shown, last = state.shown.numpy(), state.last.numpy()
        return memory_after(self.host, state.host, shown, state.gap, last)


def _rounded(said: float | None) -> float | None:
    return None if said is None else round(said, 4)


def _rest(refused: int) -> int:
    """Frames for which the gate is left alone: 0, 1, 3 and then 7."""
    return int(min(2 ** max(refused - 1, 0), _MOST_REST + 1)) - 1


def _without(labels: Labels, object_ids: Collection[int]) -> Labels:
    """Labels in which some objects are background."""
    return np.where(np.isin(labels, list(object_ids)), BACKGROUND, labels).astype(np.uint8)


def _with_copies(labels: Labels, last: Labels, copied: list[int]) -> Labels:
    """Some objects where they were on the last computed frame, the others as they are."""
    merged = labels.copy()
    merged[np.isin(labels, copied)] = BACKGROUND
    still = np.isin(last, copied) & (merged == BACKGROUND)
    merged[still] = last[still]
    return merged
