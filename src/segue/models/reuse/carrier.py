"""Carrying labels over from the last computed frame, and saying how good the result is."""

from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, runtime_checkable

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from segue.models.reuse.evidence import Motion, gather, places_of
from segue.models.reuse.network import CarryNetwork
from segue.models.reuse.window import Window, around
from segue.nn.fuse import for_inference
from segue.types import BACKGROUND, Frame, Labels, ObjectScore

MemoryT = TypeVar("MemoryT")

_FORGET = 50
"""Frames after which nothing is known any more of an object that was absent."""
_SAME = 20
"""Brightness values (of 255) by which a place may change and count as the same."""
_SIDE = 352
"""Longer side, in pixels, at which motion of whole frames is found."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Labels of a frame that was not computed."""

    labels: Labels
    scores: dict[int, ObjectScore]
    """With what the gate says."""


@runtime_checkable
class Carrier(Protocol[MemoryT]):
    """Carries the labels of the last computed frame along, frame by frame."""

    @property
    def memory_type(self) -> type[MemoryT]:
        """The frozen dataclass that holds what is remembered, as in ``VideoModel.state_type``."""
        ...

    def begin(self, frame: Frame, labels: Labels, ids: tuple[int, ...]) -> MemoryT:
        """What to remember of a computed frame.

        Args:
            frame: The frame.
            labels: Its result.
            ids: The objects or classes in question.
        """
        ...

    def carry(self, frame: Frame, memory: MemoryT) -> tuple[Carried, MemoryT]:
        """The labels of the next frame, carried over from the computed one, and what to remember now."""
        ...


@dataclass(frozen=True, slots=True)
class MaskMemory:
    """The computed frame through its window, and how the picture has moved since."""

    ids: tuple[int, ...]
    here: tuple[int, ...]
    """Those of the ids that were seen."""
    gap: int
    """Frames since."""
    labels: UInt8[np.ndarray, "height width"]
    window: Window | None
    masks: UInt8[np.ndarray, "objects rows columns"]
    """Of what was seen, 0 to 255."""
    last: UInt8[np.ndarray, "rows columns 3"]
    """The computed frame."""
    before: UInt8[np.ndarray, "rows columns 3"]
    """The frame before the one to come."""
    flow: Float32[np.ndarray, "rows columns 2"] | None
    """From ``before`` back to ``last``."""


class MaskCarrier:
    """Masks of objects: moved along the flow inside a window around them, and corrected by a small network.

    Args:
        network: With trained weights, where it shall run.
    """

    memory_type = MaskMemory

    def __init__(self, network: CarryNetwork) -> None:
        self._network = for_inference(network)
        self._device = next(network.parameters()).device
        self._motion = Motion()

    def begin(self, frame: Frame, labels: Labels, ids: tuple[int, ...]) -> MaskMemory:
        """See ``Carrier.begin``."""
        here = tuple(i for i in ids if (labels == i).any())
        window = around(np.isin(labels, here)) if here else None
        if window is None:
            nothing = np.zeros((0, 0, 3), np.uint8)
            masks = np.zeros((0, 0, 0), np.uint8)
            return MaskMemory(ids, (), 0, labels, None, masks, nothing, nothing, None)
        masks = window.see_masks(np.stack([labels == i for i in here]))
        seen = window.see(frame)
        return MaskMemory(ids, here, 0, labels, window, masks, seen, seen, None)

    @torch.no_grad()
    def carry(self, frame: Frame, memory: MaskMemory) -> tuple[Carried, MaskMemory]:
        """See ``Carrier.carry``. A window that is the same to the last bit keeps its labels to the last pixel."""
        gap = memory.gap + 1
        scores = {i: _absent(gap) for i in memory.ids}
        if memory.window is None:
            return Carried(np.zeros_like(memory.labels), scores), replace(memory, gap=gap)
        now = memory.window.see(frame)
        flow = self._motion.further(now, memory.before, memory.flow)
        remembered = replace(memory, gap=gap, before=now, flow=flow)
        if np.array_equal(now, memory.last):
            scores |= {i: ObjectScore(1.0, gate=1.0) for i in memory.here}
            return Carried(memory.labels.copy(), scores), remembered
        found = gather(now, memory.last, memory.masks, flow, gap)
        evidence = torch.from_numpy(found).to(self._device)
        logits, gate = self._network(evidence.contiguous(memory_format=torch.channels_last))
        scores |= dict(zip(memory.here, _scores(logits, gate), strict=True))
        size = memory.labels.shape
        labels = _paint(logits.cpu().numpy(), memory.here, memory.window, size)
        return Carried(labels, scores), remembered


@dataclass(frozen=True, slots=True)
class FlowMemory:
    """The computed frame, small, and how the picture has moved since."""

    ids: tuple[int, ...]
    labels: UInt8[np.ndarray, "height width"]
    last: UInt8[np.ndarray, "rows columns 3"]
    before: UInt8[np.ndarray, "rows columns 3"]
    flow: Float32[np.ndarray, "rows columns 2"] | None


class FlowCarrier:
    """Labels of any kind, classes among them: moved along the flow of the whole frame; nothing is learned.

    The gate says, of every class, the share of the frame whose brightness is that of the place it came from.
    """

    memory_type = FlowMemory

    def __init__(self) -> None:
        self._motion = Motion()

    def begin(self, frame: Frame, labels: Labels, ids: tuple[int, ...]) -> FlowMemory:
        """See ``Carrier.begin``."""
        small = _shrunk(frame)
        return FlowMemory(ids, labels, small, small, None)

    def carry(self, frame: Frame, memory: FlowMemory) -> tuple[Carried, FlowMemory]:
        """See ``Carrier.carry``."""
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
        return Carried(labels, scores), replace(memory, before=now, flow=flow)


def _shrunk(frame: Frame) -> UInt8[np.ndarray, "rows columns 3"]:
    height, width = frame.shape[:2]
    shrink = min(1.0, _SIDE / max(height, width))
    size = max(round(width * shrink), 16), max(round(height * shrink), 16)
    small: np.ndarray = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return small


def _absent(gap: int) -> ObjectScore:
    """Of an object that was not there: the longer ago, the more it is worth a look."""
    known = max(0.0, 1 - gap / _FORGET)
    return ObjectScore(known, absent=True, gate=known)


def _scores(logits: Tensor, gate: Tensor) -> list[ObjectScore]:
    probabilities = logits.sigmoid()
    inside = logits > 0
    areas = inside.sum((1, 2))
    means = (probabilities * inside).sum((1, 2)) / areas.clamp_min(1)
    highest = probabilities.amax((1, 2))
    rows = zip(*(x.tolist() for x in (areas, means, highest, gate.sigmoid())), strict=True)
    return [
        ObjectScore(round(mean if area else 1 - top, 4), not area, gate=said)
        for area, mean, top, said in rows
    ]


def _paint(
    logits: Float32[np.ndarray, "objects rows columns"],
    ids: tuple[int, ...],
    window: Window,
    size_hw: tuple[int, ...],
) -> Labels:
    """Labels of the whole frame: each pixel goes to the object that is surest of it."""
    size = window.width, window.height
    large = np.stack([cv2.resize(one, size, interpolation=cv2.INTER_LINEAR) for one in logits])
    numbers = np.array(ids, np.uint8)[large.argmax(0)]
    labels = np.full(size_hw, BACKGROUND, np.uint8)
    labels[window.top : window.top + window.height, window.left : window.left + window.width] = (
        np.where(large.max(0) > 0, numbers, BACKGROUND)
    )
    return labels
