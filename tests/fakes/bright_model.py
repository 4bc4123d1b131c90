"""A SlowFast VOS without a network: bright pixels are the object, and every answer comes a frame late."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from segue.models.slowfast.model import SlowFastModel
from segue.models.slowfast.settings import variant
from segue.types import Frame, Prediction


@dataclass(frozen=True)
class BrightState:
    last: Frame


class BrightModel(SlowFastModel):
    """Finds what is brighter than a threshold.

    Args:
        threshold: Of grey values.
        on_step: Called at each step.
    """

    def __init__(self, threshold: int = 100, on_step: Callable[[], None] = lambda: None) -> None:
        self.name, self.lookahead = "slowfast-lite", 1
        self.settings = variant(self.name, {"slow": 1, "fast": 3})
        self.network: Any = nn.Linear(3, 2)
        self._threshold, self._on_step = threshold, on_step

    def start(self, frame: Frame, labels: Any = None) -> tuple[None, Any]:
        return None, BrightState(frame)

    def step(self, frame: Frame, state: Any, labels: Any = None) -> tuple[Prediction, Any]:
        self._on_step()
        return self._said(state.last), BrightState(frame)

    def finish(self, state: Any) -> Sequence[Prediction]:
        return [self._said(state.last)]

    def _said(self, frame: Frame) -> Prediction:
        labels = (frame[..., 0] > self._threshold).astype(np.uint8)
        return Prediction(labels)
