"""Carrying labels over from the last computed frame, and saying how good the result is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from segue.models.interface import PartClock
from segue.models.reuse.motion import Motion, places_of
from segue.types import Frame, Labels, ObjectScore, Prediction, SoftMask

MemoryT = TypeVar("MemoryT")

_SAME = 20
"""Brightness values (of 255) by which a place may change and count as the same."""
_SIDE = 352
"""Longer side, in pixels, at which motion of whole frames is found."""


@dataclass(frozen=True, slots=True)
class Propagated:
    """Labels of a frame that was not computed."""

    labels: Labels
    scores: dict[int, ObjectScore]
    """With what the gate says."""
    looked: bool = True
    """Whether the answer took a look at the frame that costs time."""
    probabilities: Mapping[int, SoftMask] | None = None
    """As in ``Prediction``."""
    enough: bool | None = None
    """Whether the frame may be carried over, whatever the gate says of one object; ``None``: if it says so of all."""


@runtime_checkable
class Propagator(Protocol[MemoryT]):
    """Goes on from the last computed frame, frame by frame, without computing one."""

    @property
    def memory_type(self) -> type[MemoryT]:
        """The frozen dataclass that holds what is remembered, as in ``VideoModel.state_type``."""
        ...

    def begin(self, frame: Frame, prediction: Prediction, host: Any) -> MemoryT:
        """What to remember of a computed frame.

        Args:
            frame: The frame.
            prediction: Its result, which belongs to the caller.
            host: The host's memory after this frame.
        """
        ...

    def propagate(
        self, frame: Frame, memory: MemoryT, host: Any, needed: float
    ) -> tuple[Propagated, MemoryT]:
        """The labels of the next frame, and what to remember now.

        What the gate says depends on the frame. It says nothing, ``None``, of an object that has to be computed
        whatever the frame shows.

        Args:
            frame: The frame.
            memory: As it was after the last frame.
            host: The host's memory, as it was after the last computed frame. Not changed.
            needed: What the gate has to say more than. Labels may be missing where it says no more.
        """
        ...


@runtime_checkable
class TimedPropagator(Propagator[MemoryT], Protocol[MemoryT]):
    """One that asks a host, and tells when its gate computes."""

    def timed(self, clock: PartClock, host: Any) -> "TimedPropagator[MemoryT]":
        """The same propagator with a host that tells as well; see ``TimedModel.timed``."""
        ...


@dataclass(frozen=True, slots=True)
class FlowMemory:
    """The computed frame, small, and how the picture has moved since."""

    ids: tuple[int, ...]
    labels: UInt8[np.ndarray, "height width"]
    last: UInt8[np.ndarray, "rows columns 3"]
    before: UInt8[np.ndarray, "rows columns 3"]
    flow: Float32[np.ndarray, "rows columns 2"] | None


class FlowPropagator:
    """Labels of any kind, classes among them: moved along the flow of the whole frame; nothing is learned.

    The gate says, of every class, the share of the frame whose brightness is that of the place it came from.
    """

    memory_type = FlowMemory

    def __init__(self) -> None:
        self._motion = Motion()

    def begin(self, frame: Frame, prediction: Prediction, host: Any) -> FlowMemory:
        """See ``Propagator.begin``; the host is not needed."""
        small, labels = _shrunk(frame), np.array(prediction.labels)
        return FlowMemory(tuple(prediction.scores), labels, small, small, None)

    def propagate(
        self, frame: Frame, memory: FlowMemory, host: Any, needed: float
    ) -> tuple[Propagated, FlowMemory]:
        """See ``Propagator.propagate``; the host is not needed."""
        now = _shrunk(frame)
        flow = self._motion.further(now, memory.before, memory.flow)
        moved = cv2.remap(memory.last, places_of(flow), None, cv2.INTER_LINEAR)
        same = float((cv2.absdiff(now, moved).max(2) <= _SAME).mean())
        height, width = memory.labels.shape
        scale = np.array([width / now.shape[1], height / now.shape[0]], np.float32)
        places = places_of(cv2.resize(flow, (width, height)) * scale)
        labels: np.ndarray = cv2.remap(
            memory.labels, places, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        areas = np.bincount(labels.ravel(), minlength=256)
        scores = {i: ObjectScore(round(same, 4), not areas[i], gate=same) for i in memory.ids}
        return Propagated(labels, scores), replace(memory, before=now, flow=flow)


def _shrunk(frame: Frame) -> UInt8[np.ndarray, "rows columns 3"]:
    height, width = frame.shape[:2]
    shrink = min(1.0, _SIDE / max(height, width))
    size = max(round(width * shrink), 16), max(round(height * shrink), 16)
    small: np.ndarray = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return small
