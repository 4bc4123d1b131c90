"""Carrying objects on by looking where they were: the host sees a window around them instead of the whole frame."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.models.reuse.carrier import Carried
from segue.models.reuse.gate import Evidence, GlanceGate, gather
from segue.models.reuse.host import Glance, GlanceHost
from segue.models.reuse.window import Window, around
from segue.nn.fuse import for_inference
from segue.types import BACKGROUND, Frame, Labels, ObjectScore, Prediction

_FORGET = 50
"""Frames after which nothing is known any more of an object that was absent."""
_MOST = 8
"""Looks in a row after which the gate says 0: the host learns from computed frames only."""
_SAME = 2
"""Brightness values (of 255) by which the means of 8x8 pixels of a frame that is shown again may differ."""


@dataclass(frozen=True, slots=True)
class GlanceMemory:
    """The last frame that was looked at, through the window for the next one."""

    ids: tuple[int, ...]
    gap: int
    """Frames since the last computed one, without those that were shown again."""
    labels: UInt8[np.ndarray, "height width"]
    seen: dict[int, ObjectScore]
    """Those objects that were visible."""
    window: Window | None
    """Around all of them; ``None`` if there were none."""
    view: UInt8[np.ndarray, "rows columns 3"]


class GlanceCarrier:
    """Implements ``Carrier``: the host looks through a window, and a gate says how far that can be trusted.

    Args:
        host: Looks.
        gate: With trained weights, where it shall run.
    """

    memory_type = GlanceMemory

    def __init__(self, host: GlanceHost[Any], gate: GlanceGate) -> None:
        self._host = host
        self._gate = for_inference(gate)
        self._device = next(gate.parameters()).device

    def begin(self, frame: Frame, prediction: Prediction) -> GlanceMemory:
        """See ``Carrier.begin``."""
        return remember(frame, np.array(prediction.labels), prediction.scores, 0)

    @torch.no_grad()
    def carry(
        self, frame: Frame, memory: GlanceMemory, host: Any, needed: float
    ) -> tuple[Carried, GlanceMemory]:
        """See ``Carrier.carry``. A frame that is shown again keeps its labels to the last pixel."""
        further = replace(memory, gap=memory.gap + 1)
        if memory.window is None:
            return Carried(memory.labels.copy(), _absent(further)), further
        now = memory.window.see(frame)
        if _shown_again(now, memory.view):
            again = {i: replace(score, gate=1.0) for i, score in memory.seen.items()}
            return Carried(memory.labels.copy(), _absent(memory) | again), memory
        memory = further
        if memory.gap > _MOST and needed > 0:
            scores = {i: replace(s, gate=0.0) for i, s in (_absent(memory) | memory.seen).items()}
            return Carried(memory.labels, scores), memory
        glance, evidence = look(self._host, now, memory, host)
        labels = paint(glance, memory)
        scores = _scores(glance, labels, memory, self._gate(evidence))
        return Carried(labels, scores), remember(frame, labels, scores, memory.gap)


def remember(
    frame: Frame, labels: Labels, scores: Mapping[int, ObjectScore], gap: int
) -> GlanceMemory:
    """What the next glance needs of a frame.

    Args:
        frame: The frame.
        labels: Its result.
        scores: Of all objects known.
        gap: Frames since the last computed one.
    """
    seen = {i: score for i, score in scores.items() if not score.absent}
    window = around(labels != BACKGROUND)
    view = np.zeros((0, 0, 3), np.uint8) if window is None else window.see(frame)
    return GlanceMemory(tuple(scores), gap, labels, seen, window, view)


def look(
    host: GlanceHost[Any], now: Frame, memory: GlanceMemory, state: Any
) -> tuple[Glance, Evidence]:
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
    glance = host.glance(now, masks, state)
    device = glance.logits.device
    before, here = (torch.from_numpy(view).to(device) for view in (memory.view, now))
    return glance, gather(glance, masks.to(device), here, before, memory.gap, window.scale)


def paint(glance: Glance, memory: GlanceMemory) -> Labels:
    """Labels of the whole frame: each pixel goes to the object that is surest of it."""
    window = memory.window
    assert window is not None
    labels = np.full(memory.labels.shape, BACKGROUND, np.uint8)
    part = window.part(labels)
    best = np.zeros(part.shape, np.float32)
    for i, small in zip(memory.ids, glance.logits.float().cpu().numpy(), strict=True):
        logits = window.unsee(small)
        surer = logits > best
        part[surer] = i
        np.maximum(best, logits, out=best)
    return labels


def _shown_again(now: Frame, before: Frame) -> bool:
    """Whether nothing has changed but noise, which is gone in the means of 8x8 pixels."""
    size = now.shape[1] // 8, now.shape[0] // 8
    means = [cv2.resize(view, size, interpolation=cv2.INTER_AREA) for view in (now, before)]
    return bool(cv2.absdiff(*means).max() <= _SAME)


def _known(memory: GlanceMemory) -> float:
    """How much is known of an object that was absent: the longer ago, the more it is worth a look."""
    return max(0.0, 1 - memory.gap / _FORGET)


def _absent(memory: GlanceMemory) -> dict[int, ObjectScore]:
    known = _known(memory)
    return {i: ObjectScore(known, absent=True, gate=known) for i in memory.ids}


def _scores(
    glance: Glance, labels: Labels, memory: GlanceMemory, gates: Float[Tensor, " objects"]
) -> dict[int, ObjectScore]:
    probabilities = glance.logits.float().sigmoid()
    inside = probabilities > 0.5
    means = (probabilities * inside).sum((1, 2)) / inside.sum((1, 2)).clamp_min(1)
    highest = probabilities.amax((1, 2))
    assert memory.window is not None
    part = memory.window.part(labels)
    found = {}
    rows = zip(*(x.tolist() for x in (means, highest, gates)), strict=True)
    for i, (mean, top, said) in zip(memory.ids, rows, strict=True):
        absent = not (part == i).any()
        gate = _known(memory) if absent and i not in memory.seen else said
        found[i] = ObjectScore(round(1 - top if absent else mean, 4), absent, gate)
    return found
