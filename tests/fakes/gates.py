"""A model with a reuse gate for tests: it always says what it was given, and reuses what its gate lets it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from segue.types import Frame, Labels, ObjectScore, Prediction

GateOverride = Callable[[int, int], float]


@dataclass(frozen=True)
class StillState:
    index: int
    labels: Tensor


class StillModel:
    """Objects stay where they were given.

    Args:
        threshold: A frame is reused above it.
        override: The gate; without one, odd frames are alike and even ones are not.
        on_step: Called at each step.
    """

    name = "still"
    lookahead = 0
    parameters_per_object = 0
    state_type = StillState

    def __init__(
        self,
        threshold: float,
        override: GateOverride | None = None,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._threshold = threshold
        self._override = override or (lambda object_id, index: float(index % 2))
        self._on_step = on_step

    def start(self, frame: Frame, labels: Labels | None = None) -> tuple[Prediction, StillState]:
        assert labels is not None
        state = StillState(0, torch.from_numpy(np.where(labels == 255, 0, labels).astype(np.uint8)))
        return self._answer(state, computed=True), state

    def step(
        self, frame: Frame, state: StillState, labels: Labels | None = None
    ) -> tuple[Prediction, StillState]:
        self._on_step()
        state = replace(state, index=state.index + 1)
        if labels is not None:
            known = state.labels.numpy()
            state = replace(state, labels=torch.from_numpy(np.where(labels > 0, labels, known)))
        return self._answer(state, computed=labels is not None), state

    def _answer(self, state: StillState, computed: bool) -> Prediction:
        labels = state.labels.numpy()
        ids = [int(i) for i in np.unique(labels) if i]
        said = {i: 0.0 if computed else self._override(i, state.index) for i in ids}
        scores = {i: ObjectScore(1.0, gate=p, reused=p > self._threshold) for i, p in said.items()}
        return Prediction(labels, scores)
