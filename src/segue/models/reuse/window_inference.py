"""Carrying objects on by looking where they were: the host sees a window around them instead of the whole frame."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.models import painting
from segue.models.interface import PartClock, untimed
from segue.models.reuse.gate import Evidence, WindowGate, gather
from segue.models.reuse.host import WindowAnswer, WindowHost
from segue.models.reuse.propagator import Propagated
from segue.models.reuse.window import Window, around
from segue.models.scene import is_cut, largest_change, thumbnail
from segue.nn.fuse import for_inference
from segue.types import Frame, Labels, ObjectScore, Prediction

_MOST = 8
"""Looks in a row after which a frame is computed, unasked: the host learns from computed frames only."""
_SAME = 2
"""Brightness values (of 255) by which the means of 8x8 pixels of a frame that is shown again may differ."""
_CLOSER = 1.5
"""How many times as large as the host works on it a window may show a video that has the pixels.

The host learns given masks also on a view that is 1.5 times as large. On DAVIS-2016 train, worked on at 427 pixels and
seen through windows of 640, J&F is 92.5, and 91.5 through windows of 427.
"""
_NOTHING = np.zeros((0, 0, 3), np.uint8)
_NOTICED = 32 / 255
"""A change of brightness anywhere in the picture, in cells of its thumbnail, at which the gate says 0 of an object
that is away: the object may be what has changed."""


@dataclass(frozen=True, slots=True)
class WindowMemory:
    """The last frame that was looked at, through the window for the next one."""

    gap: int
    """Frames since the last computed one, without those that were shown again."""
    labels: UInt8[np.ndarray, "height width"]
    scores: dict[int, ObjectScore]
    """Of every object known."""
    window: Window | None
    """Around all of them; ``None`` if there were none."""
    view: UInt8[np.ndarray, "rows columns 3"]
    pixel: float
    """Pixels of the frame along a pixel of the frames that the host works on."""
    last: UInt8[np.ndarray, "thumb_rows thumb_columns 3"]
    """Thumbnail of the last frame."""
    computed: UInt8[np.ndarray, "thumb_rows thumb_columns 3"]
    """Thumbnail of the last computed frame, on which the objects that are away were looked for everywhere."""

    @property
    def ids(self) -> tuple[int, ...]:
        """Of the objects."""
        return tuple(self.scores)


class WindowPropagator:
    """Implements ``Propagator``: the host looks through a window, and a gate says how far that can be trusted.

    The host looks where objects were. So of an object that is away the gate says how little the picture has changed
    since the host looked for it everywhere; and of one that seems to have left, that the frame has to be computed.

    Args:
        host: Looks.
        gate: With trained weights, where it shall run.
    """

    memory_type = WindowMemory

    def __init__(self, host: WindowHost[Any], gate: WindowGate) -> None:
        self._host = host
        self._gate = for_inference(gate)
        self._device = next(gate.parameters()).device
        self._clock: PartClock = untimed

    def timed(self, clock: PartClock, host: WindowHost[Any]) -> "WindowPropagator":
        """See ``TimedPropagator.timed``."""
        propagator = copy.copy(self)
        propagator._clock, propagator._host = clock, host
        return propagator

    def begin(self, frame: Frame, prediction: Prediction, host: Any) -> WindowMemory:
        """See ``Propagator.begin``."""
        labels, pixel = np.array(prediction.labels), self._host.working_pixel(host)
        return remember(frame, labels, prediction.scores, pixel)

    @torch.no_grad()
    def propagate(
        self, frame: Frame, memory: WindowMemory, host: Any, needed: float
    ) -> tuple[Propagated, WindowMemory]:
        """See ``Propagator.propagate``. A frame that is shown again keeps its labels to the last pixel."""
        now, before = thumbnail(frame), memory.last
        memory = replace(memory, last=now, gap=memory.gap + 1)
        if needed > 0 and is_cut(now, before):
            return _kept(memory, dict.fromkeys(memory.ids, 0.0)), memory
        still = 1 - min(1.0, largest_change(now, memory.computed) / _NOTICED)
        away = {i: still for i, score in memory.scores.items() if score.absent}
        if memory.window is None:
            return _kept(memory, away), memory
        view = memory.window.see(frame)
        if _shown_again(view, memory.view):
            kept = dict.fromkeys(memory.ids, 1.0) | away
            return _kept(memory, kept), replace(memory, gap=memory.gap - 1)
        if needed > 0 and (memory.gap > _MOST or any(said <= needed for said in away.values())):
            return _kept(memory, away), memory
        answer, evidence = look(self._host, view, memory, host)
        patches, size_hw = _patches(answer, memory), memory.labels.shape
        labels = painting.paint(patches, size_hw)
        with self._clock("gate"):
            gates = self._gate(evidence)
        gates = gates * answer.recognised
        scores = _scores(answer, labels, memory, gates, away)
        window = around(labels, _least_scale(memory.pixel))
        view = _NOTHING if window is None else window.see(frame)
        memory = replace(memory, labels=labels, scores=scores, window=window, view=view)
        return Propagated(
            labels, scores, probabilities=painting.PaintedProbabilities(patches, size_hw)
        ), memory


def remember(
    frame: Frame, labels: Labels, scores: Mapping[int, ObjectScore], pixel: float = 1.0
) -> WindowMemory:
    """What is remembered of a computed frame.

    Args:
        frame: The frame.
        labels: Its result.
        scores: Of all objects known.
        pixel: Pixels of the frame along a pixel of the frames that the host works on.
    """
    window, now = around(labels, _least_scale(pixel)), thumbnail(frame)
    view = _NOTHING if window is None else window.see(frame)
    return WindowMemory(0, labels, dict(scores), window, view, pixel, now, now)


def _least_scale(pixel: float) -> float:
    """Pixels of the frame along a pixel of a view, at least."""
    return max(1.0, pixel / _CLOSER)


def look(
    host: WindowHost[Any], now: Frame, memory: WindowMemory, state: Any
) -> tuple[WindowAnswer, Evidence]:
    """What the host sees through the window, and what that says to the gate.

    Args:
        host: Looks.
        now: The frame through the window.
        memory: Of the frame before, whose window is not ``None``.
        state: The host's memory.
    """
    window = memory.window
    assert window is not None
    masks = torch.from_numpy(np.stack([window.see_object(memory.labels, i) for i in memory.ids]))
    scale = window.scale / memory.pixel
    answer = host.infer_window(now, masks, state, scale)
    device = answer.logits.device
    before, here = (torch.from_numpy(view).to(device) for view in (memory.view, now))
    return answer, gather(answer, masks.to(device), here, before, memory.gap, scale)


def paint(answer: WindowAnswer, memory: WindowMemory) -> Labels:
    """Labels of the whole frame."""
    return painting.paint(_patches(answer, memory), memory.labels.shape)


def _patches(answer: WindowAnswer, memory: WindowMemory) -> dict[int, painting.Patch]:
    """What was found of each object, as a part of the frame."""
    assert memory.window is not None
    logits = answer.logits.float().cpu().numpy()
    return {i: memory.window.patch(one) for i, one in zip(memory.ids, logits, strict=True)}


def _shown_again(now: Frame, before: Frame) -> bool:
    """Whether nothing has changed but noise, which is gone in the means of 8x8 pixels."""
    size = now.shape[1] // 8, now.shape[0] // 8
    means = [cv2.resize(view, size, interpolation=cv2.INTER_AREA) for view in (now, before)]
    return bool(cv2.absdiff(*means).max() <= _SAME)


def _kept(memory: WindowMemory, gates: Mapping[int, float]) -> Propagated:
    """The labels of the frame before, with what the gate says of some objects."""
    scores = {i: replace(score, gate=gates.get(i)) for i, score in memory.scores.items()}
    return Propagated(memory.labels.copy(), scores, looked=False)


def _scores(
    answer: WindowAnswer,
    labels: Labels,
    memory: WindowMemory,
    gates: Float[Tensor, " objects"],
    away: Mapping[int, float],
) -> dict[int, ObjectScore]:
    probabilities = answer.logits.float().sigmoid()
    inside = probabilities > 0.5
    means = (probabilities * inside).sum((1, 2)) / inside.sum((1, 2)).clamp_min(1)
    highest = probabilities.amax((1, 2))
    assert memory.window is not None
    part = memory.window.part(labels)
    found = {}
    rows = zip(*(x.tolist() for x in (means, highest, gates)), strict=True)
    for i, (mean, top, said) in zip(memory.ids, rows, strict=True):
        absent = not (part == i).any()
        # Only a computed frame tells that an object has left: it may be outside the window.
        gate = away.get(i, 0.0) if absent else said
        found[i] = ObjectScore(round(1 - top if absent else mean, 4), absent, gate)
    return found
