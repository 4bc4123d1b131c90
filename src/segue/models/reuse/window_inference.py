"""Carrying objects on by looking where they were: the host sees windows around them instead of the whole frame."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from segue.models import painting
from segue.models.given import size_of
from segue.models.interface import PartClock, untimed
from segue.models.reuse.gate import Gate, WindowGate
from segue.models.reuse.grouping import boxes_of
from segue.models.reuse.host import WindowHost
from segue.models.reuse.propagator import Propagated
from segue.models.reuse.window_memory import (
    Sight,
    WindowMemory,
    look,
    patches_of,
    remember,
    sights_of,
)
from segue.models.scene import Thumbnail, is_cut, largest_change, thumbnail
from segue.nn.backends.interface import Backend
from segue.nn.backends.torch_backend import TorchBackend
from segue.types import Frame, ObjectScore, Prediction

_SAME = 2
"""Brightness values (of 255) by which the means of 8x8 pixels of a frame that is shown again may differ."""
_NOTICED = 32 / 255
"""A change of brightness anywhere in the picture, in cells of its thumbnail, at which the gate says 0 of an object
that is away: the object may be what has changed."""
_STEADY = 8 / 255
"""Median change outside the windows up to which the camera is taken to stand still."""
_WAIT = 2
"""Looks for which an object that is away waits beside others while the camera moves."""
_PATIENCE = 0.25
"""What the gate may miss before a frame is computed, for every object in view beside the first.

To compute a frame costs the same, whether one object gains by it or ten do.
"""
_AT_ONCE = 2
"""Of that, what it may not miss on one frame: then this frame is computed, and else the next, without a look."""
_NOWHERE = painting.Patch(np.full((1, 1), -100, np.float32), 0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of an object through a window."""

    patch: painting.Patch
    sure: float
    """Mean probability of the mask."""
    highest: float
    """Of all probabilities."""
    gate: float
    """What the gate says."""


class WindowPropagator:
    """Implements ``Propagator``: the host looks through windows, and a gate says how far that can be trusted.

    The host looks where objects were. So of an object that is away the gate says how little the picture has changed
    since the host looked for it everywhere; and of one that seems to have left, that the frame has to be computed.
    Where other objects are in view, those that are away are looked for in their windows, and everywhere if the picture
    has changed outside; and a refusal is put up with if only few of the objects are refused.

    Args:
        host: Looks.
        gate: With trained weights, where it shall run.
        longest: See ``WindowReuseSettings``.
        backend: Computes the gate; torch by default.
    """

    memory_type = WindowMemory

    def __init__(
        self,
        host: WindowHost[Any],
        gate: WindowGate,
        longest: int,
        backend: Backend | None = None,
    ) -> None:
        self._host = host
        self._gate = (backend or TorchBackend()).prepare(Gate(gate))
        self._device = next(gate.parameters()).device
        self._longest = longest
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
        if not memory.sights:
            return _kept(memory, away), memory
        views = [sight.window.see(frame) for sight in memory.sights]
        if all(map(_shown_again, views, (sight.view for sight in memory.sights))):
            kept = dict.fromkeys(memory.ids, 1.0) | away
            return _kept(memory, kept), replace(memory, gap=memory.gap - 1)
        spent = memory.gap > self._longest or memory.loss > _allowed(memory.sights)
        refused = set(self._host.entangled(host, memory.labels))
        lost = len(refused - away.keys())
        spent |= lost > 0 and memory.loss + lost >= _AT_ONCE * _allowed(memory.sights)
        if needed > 0 and (spent or (away and _may_be_back(now, memory, needed))):
            return _kept(memory, away), memory
        seen = self._seen(views, memory, host)
        seen |= {i: replace(seen[i], gate=0.0) for i in refused}
        return _painted(frame, seen, memory, away, needed)

    # Views of several sizes: no list of Frame, whose sides have to be equal within a signature.
    def _seen(
        self, views: Sequence[np.ndarray], memory: WindowMemory, host: Any
    ) -> dict[int, Seen]:
        """What is seen of each object through its window; those that are away are looked for in one after the other."""
        absent = [i for i, score in memory.scores.items() if score.absent]
        looks = []
        for place, (view, sight) in enumerate(zip(views, memory.sights, strict=True)):
            away = [i for i in absent if (i + memory.gap) % len(views) == place]
            looks.append(look(self._host, view, sight, memory, host, away))
        with self._clock("gate"):
            (gates,) = self._gate(torch.cat([evidence for _, _, evidence in looks]))
        said = torch.split(gates, [len(ids) for ids, _, _ in looks])
        found = {}
        for sight, (ids, answer, _), gate in zip(memory.sights, looks, said, strict=True):
            patches = patches_of(ids, answer, sight.window)
            numbers = (*_certainty(answer.logits), gate * answer.recognised)
            for i, *row in zip(ids, *(x.tolist() for x in numbers), strict=True):
                found[i] = Seen(patches[i], *row)
        return {i: found[i] for i in memory.ids}


def _may_be_back(now: Thumbnail, memory: WindowMemory, needed: float) -> bool:
    """Whether something has changed outside the windows since all was searched for objects that are away.

    A camera that moves changes everything: then they are searched for every third frame.
    """
    change = cv2.absdiff(now, memory.computed).max(2) / 255
    (height, width), (rows, columns) = size_of(memory.labels), change.shape
    outside = np.ones(change.shape, bool)
    for sight in memory.sights:
        window = sight.window
        top, left = window.top * rows // height, window.left * columns // width
        bottom = -(-(window.top + window.height) * rows // height)
        right = -(-(window.left + window.width) * columns // width)
        outside[top:bottom, left:right] = False
    rest = change[outside]
    if not rest.size or 1 - min(1.0, float(rest.max()) / _NOTICED) > needed:
        return False
    return memory.gap > _WAIT or float(np.median(rest)) <= _STEADY


def _painted(
    frame: Frame,
    seen: Mapping[int, Seen],
    memory: WindowMemory,
    away: Mapping[int, float],
    needed: float,
) -> tuple[Propagated, WindowMemory]:
    """The labels of a frame, and what to remember of it."""
    # An object is back if that can be trusted; or else the next computed frame tells.
    waiting = {i for i in away if seen[i].gate <= needed and needed > 0}
    patches = {i: _NOWHERE if i in waiting else one.patch for i, one in seen.items()}
    size_hw = size_of(memory.labels)
    labels = painting.paint(patches, size_hw)
    boxes = boxes_of(labels, seen)
    scores = {i: _score(one, i in boxes, away.get(i, 0.0)) for i, one in seen.items()}
    said = {i: scores[i].gate or 0.0 for i in seen if i not in away}
    doubtful = {i for i, gate in said.items() if gate <= needed and needed > 0}
    loss = memory.loss + sum(1 - said[i] / needed for i in doubtful)
    # Then the next frame is computed, and this one need not be.
    enough = not doubtful or loss < _AT_ONCE * _allowed(memory.sights)
    if enough:
        sights = sights_of(frame, labels, boxes, memory.pixel, doubtful)
        memory = replace(memory, loss=loss, labels=labels, scores=scores, sights=sights)
    soft = painting.PaintedProbabilities(patches, size_hw)
    return Propagated(labels, scores, probabilities=soft, enough=enough), memory


def _allowed(sights: Sequence[Sight]) -> float:
    """What the gate may miss until a frame is computed."""
    return _PATIENCE * (sum(len(sight.ids) for sight in sights) - 1)


def _shown_again(now: Frame, before: Frame) -> bool:
    """Whether nothing has changed but noise, which is gone in the means of 8x8 pixels."""
    size = now.shape[1] // 8, now.shape[0] // 8
    means = [cv2.resize(view, size, interpolation=cv2.INTER_AREA) for view in (now, before)]
    return bool(cv2.absdiff(*means).max() <= _SAME)


def _kept(memory: WindowMemory, gates: Mapping[int, float]) -> Propagated:
    """The labels of the frame before, with what the gate says of some objects."""
    scores = {i: replace(score, gate=gates.get(i)) for i, score in memory.scores.items()}
    return Propagated(memory.labels.copy(), scores, looked=False)


def _certainty(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Mean probability of each mask, and the highest of all probabilities."""
    probabilities = logits.float().sigmoid()
    inside = probabilities > 0.5
    means = (probabilities * inside).sum((1, 2)) / inside.sum((1, 2)).clamp_min(1)
    return means, probabilities.amax((1, 2))


def _score(seen: Seen, in_view: bool, away: float) -> ObjectScore:
    if in_view:
        return ObjectScore(round(seen.sure, 4), False, seen.gate)
    # Only a computed frame tells that an object has left: it may be outside the window.
    return ObjectScore(round(1 - seen.highest, 4), True, away)
