"""One model through one video: what it says, how long each frame takes, and what was reused."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from segue.models.interface import VideoModel
from segue.studies.reuse_gate.clip import Clip
from segue.types import Mask, Prediction


@dataclass(frozen=True)
class Passage:
    """What was measured; frames are those after the first."""

    start_seconds: float
    """Of the first frame, on which objects are learned."""
    seconds: tuple[float, ...]
    """Of each frame in ``model.step``: no decoding, no writing, no scoring."""
    computed: tuple[bool, ...]
    """Whether the frame was computed for any object."""
    asked: int
    """Objects by frames."""
    reused: int
    """Those of them that were carried over."""


class Oracle:
    """A gate that knows the truth: the IoU of an object's true masks now and on its last computed frame."""

    def __init__(self) -> None:
        self._clip: Clip | None = None
        self._last: dict[int, int] = {}
        self._masks: dict[int, Mapping[int, Mask]] = {}

    def begin(self, clip: Clip) -> None:
        """Another video."""
        self._clip, self._last, self._masks = clip, {}, {}

    def hear(self, index: int, prediction: Prediction) -> None:
        """What became of a frame."""
        for object_id, score in prediction.scores.items():
            if not score.reused:
                self._last[object_id] = index
        kept = {index, *self._last.values()}
        self._masks = {i: masks for i, masks in self._masks.items() if i in kept}

    def __call__(self, object_id: int, index: int) -> float:
        """The IoU; 1 if the object is on neither frame."""
        now, last = (self._mask(object_id, i) for i in (index, self._last.get(object_id, 0)))
        if now is None or last is None:
            return float(now is last)
        return float((now & last).sum() / (now | last).sum())

    def _mask(self, object_id: int, index: int) -> Mask | None:
        if index not in self._masks:
            assert self._clip
            self._masks[index] = self._clip.masks(index)
        return self._masks[index].get(object_id)


@dataclass
class _Notes:
    seconds: list[float] = field(default_factory=list)
    computed: list[bool] = field(default_factory=list)
    asked: int = 0
    reused: int = 0

    def add(self, seconds: float, prediction: Prediction) -> None:
        reused = [bool(score.reused) for score in prediction.scores.values()]
        self.seconds.append(seconds)
        self.computed.append(not all(reused) or not reused)
        self.asked += len(reused)
        self.reused += sum(reused)


def go_through(
    model: VideoModel[Any], clip: Clip, masks: Path, oracle: Oracle | None = None
) -> Passage:
    """Carry the objects of a video through it.

    Args:
        model: What is measured.
        clip: The video.
        masks: A folder for the predicted masks.
        oracle: The model's gate, if it is one.

    Raises:
        MaskError: The first mask holds no object.
    """
    if oracle:
        oracle.begin(clip)
    start, notes = 0.0, _Notes()
    state: Any = None
    for index, path in enumerate(clip.frame_paths):
        frame, labels = clip.frame(index), clip.given(index)
        began = time.perf_counter()
        if index:
            prediction, state = model.step(frame, state, labels)
        else:
            prediction, state = model.start(frame, labels)
        seconds = time.perf_counter() - began
        assert prediction is not None  # a model with a gate looks ahead by no frame
        if index:
            notes.add(seconds, prediction)
        else:
            start = seconds
        if oracle:
            oracle.hear(index, prediction)
        cv2.imwrite(str(masks / f"{path.stem}.png"), prediction.labels)
    return Passage(start, tuple(notes.seconds), tuple(notes.computed), notes.asked, notes.reused)


def warm_up(model: VideoModel[Any], clip: Clip, oracle: Oracle | None = None) -> None:
    """Both ways of taking a frame once, before anything is measured."""
    if oracle:
        oracle.begin(clip)
    frame, given = clip.frame(0), clip.given(0)
    assert given is not None
    _, state = model.start(frame, given)
    for labels in (given, None, None):
        _, state = model.step(np.array(frame), state, labels)
