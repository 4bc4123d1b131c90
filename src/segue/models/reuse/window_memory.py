"""What window inference remembers of a frame, and a look through one of its windows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import UInt8

from segue.models import painting
from segue.models.given import size_of
from segue.models.reuse.gate import Evidence, gather
from segue.models.reuse.grouping import boxes_of, group
from segue.models.reuse.host import WindowAnswer, WindowHost
from segue.models.reuse.window import Box, Window, around
from segue.models.scene import thumbnail
from segue.types import Frame, Labels, ObjectScore

_CLOSER = 1.5
"""How many times as large as the host works on it a window may show a video that has the pixels.

The host learns given masks also on a view that is 1.5 times as large. On DAVIS-2016 train, worked on at 427 pixels and
seen through windows of 640, J&F is 92.5, and 91.5 through windows of 427.
"""


_COARSE = 2.0
"""Pixels of the host's frame along a pixel of the view in which objects that are away are looked for."""
_COVERED = 0.01
"""Share of a pixel there from which other objects cover it."""
_NOTICED = 200.0
"""Area, in pixels of the host's frame, from which something may be an object that is back."""
_STEP = 32
"""Sides of views are multiples of so many pixels."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Some objects on the last frame that was looked at, through the window for the next one."""

    ids: tuple[int, ...]
    """Of the objects for which the window is; others may be in it."""
    window: Window
    view: UInt8[np.ndarray, "rows columns 3"]


@dataclass(frozen=True, slots=True)
class WindowMemory:
    """The last frame that was looked at, through the windows for the next one."""

    gap: int
    """Frames since the last computed one, without those that were shown again."""
    loss: float
    """What the gate has missed since then, in objects: 1 for one of which it said 0."""
    labels: UInt8[np.ndarray, "height width"]
    scores: dict[int, ObjectScore]
    """Of every object known."""
    sights: tuple[Sight, ...]
    """Around all that are in view, each in one of them."""
    pixel: float
    """Pixels of the frame along a pixel of the frames that the host works on."""
    last: UInt8[np.ndarray, "thumb_rows thumb_columns 3"]
    """Thumbnail of the last frame."""
    searched: UInt8[np.ndarray, "thumb_rows thumb_columns 3"]
    """Thumbnail of the last frame on which the objects that are away were looked for everywhere."""
    waited: int
    """Frames since then."""

    @property
    def ids(self) -> tuple[int, ...]:
        """Of the objects."""
        return tuple(self.scores)


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
    sights = sights_of(frame, labels, boxes_of(labels, scores), pixel)
    now = thumbnail(frame)
    return WindowMemory(0, 0.0, labels, dict(scores), sights, pixel, now, now, 0)


def sights_of(
    frame: Frame,
    labels: Labels,
    boxes: Mapping[int, Box],
    pixel: float,
    doubtful: Collection[int] = (),
) -> tuple[Sight, ...]:
    """The windows for the next frame.

    Args:
        frame: The frame.
        labels: Its result.
        boxes: Of the objects in view.
        pixel: As in ``WindowMemory``.
        doubtful: Objects that the gate has refused.
    """
    least_scale = max(min(1.0, pixel), pixel / _CLOSER)
    if len(boxes) > 1:
        groups = group(boxes, size_of(labels), least_scale, doubtful)
        return tuple(Sight(g.ids, g.window, g.window.see(frame)) for g in groups)
    window = around(labels, least_scale)
    return () if window is None else (Sight(tuple(boxes), window, window.see(frame)),)


def look(
    host: WindowHost[Any],
    now: Frame,
    sight: Sight,
    memory: WindowMemory,
    state: Any,
    away: Collection[int] = (),
) -> tuple[tuple[int, ...], WindowAnswer, Evidence]:
    """What the host sees through a window, of which objects, and what that says to the gate.

    Args:
        host: Looks.
        now: The frame through the window.
        sight: Of the frame before.
        memory: Of that frame.
        state: The host's memory.
        away: Objects that are looked for beside those of the window.
    """
    window = sight.window
    ids = tuple(i for i in memory.ids if i in sight.ids or i in away)
    shown = np.bincount(window.part(memory.labels).ravel(), minlength=256)
    near = tuple(i for i in memory.ids if i not in ids and shown[i])
    rows = [memory.ids.index(i) for i in ids + near]
    shares = np.stack([window.shares(memory.labels, i) for i in ids + near])[:, None]
    last, scale = torch.from_numpy(shares), window.scale / memory.pixel
    answer = host.infer_window(now, last, state, scale, rows, len(ids))
    last = last[: len(ids)].to(answer.logits.device)
    evidence = gather(answer, last, now, sight.view, memory.gap, scale)
    return ids, answer, evidence


def is_back(
    host: WindowHost[Any], frame: Frame, memory: WindowMemory, state: Any, away: Collection[int]
) -> bool:
    """Whether any of the objects that are away seems to be somewhere in the frame, which is seen coarsely.

    Args:
        host: Looks.
        frame: The frame.
        memory: Of the frame before.
        state: The host's memory.
        away: The objects.
    """
    height, width = size_of(memory.labels)
    coarse = memory.pixel * _COARSE
    rows, columns = (max(1, round(side / coarse / _STEP)) * _STEP for side in (height, width))
    window = Window(0, 0, height, width, rows, columns)
    view = window.see(frame)
    _, answer, _ = look(host, view, Sight((), window, view), memory, state, away)
    # Where other objects were, an object that is away is no more than a mistake.
    found = (answer.logits > 0).any(0).cpu().numpy()
    others = cv2.resize((memory.labels > 0).astype(np.float32), found.shape[::-1])
    free = found & (cv2.dilate(others, np.ones((5, 5), np.uint8)) < _COVERED)
    return float(free.sum()) * (2 * window.scale / memory.pixel) ** 2 > _NOTICED


def patches_of(
    ids: Collection[int], answer: WindowAnswer, window: Window
) -> dict[int, painting.Patch]:
    """What was found of each object, as a part of the frame."""
    logits = answer.logits.float().cpu().numpy()
    return {i: window.patch(one) for i, one in zip(ids, logits, strict=True)}
