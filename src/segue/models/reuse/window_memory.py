"""What window inference remembers of a frame, and a look through one of its windows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

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
    computed: UInt8[np.ndarray, "thumb_rows thumb_columns 3"]
    """Thumbnail of the last computed frame, on which the objects that are away were looked for everywhere."""

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
    return WindowMemory(0, 0.0, labels, dict(scores), sights, pixel, now, now)


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


def patches_of(
    ids: Collection[int], answer: WindowAnswer, window: Window
) -> dict[int, painting.Patch]:
    """What was found of each object, as a part of the frame."""
    logits = answer.logits.float().cpu().numpy()
    return {i: window.patch(one) for i, one in zip(ids, logits, strict=True)}
