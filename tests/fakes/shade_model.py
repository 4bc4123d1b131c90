"""A tiny semantic model for tests: names classes by colour, in pictures that are blended with all earlier ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fakes.scenes import COLOURS
from segue.errors import MaskError
from segue.nn.weights import load_weights
from segue.settings import Settings
from segue.types import Frame, Labels, ObjectScore, Prediction

GREY = (120, 120, 120)


class ShadeSettings(Settings):
    keep: float = 0.3
    classes: tuple[str, ...] = ("road", "car", "pedestrian")
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ShadeState:
    blend: Tensor
    waiting: tuple[Tensor, ...]


class ShadeModel:
    """Class 0 is grey, 1 and 2 are the colours of the scene's objects; answers depend on all earlier frames."""

    name = "shade"
    parameters_per_object = 0
    state_type = ShadeState

    def __init__(self, settings: ShadeSettings | None = None, lookahead: int = 0) -> None:
        self.settings = settings or ShadeSettings()
        self.lookahead = lookahead
        self.network = torch.nn.Linear(3, 2)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.settings.classes

    def start(
        self, frame: Frame, labels: Labels | None = None
    ) -> tuple[Prediction | None, ShadeState]:
        return self.step(frame, ShadeState(_floats(frame), ()), labels)

    def step(
        self, frame: Frame, state: ShadeState, labels: Labels | None = None
    ) -> tuple[Prediction | None, ShadeState]:
        if labels is not None:
            raise MaskError(f"{self.name} takes no mask.")
        blend = torch.lerp(_floats(frame), state.blend, self.settings.keep)
        colours = torch.tensor([GREY, *COLOURS.values()], dtype=torch.float32)
        found = torch.cdist(blend.reshape(-1, 3), colours).argmin(1).reshape(blend.shape[:2])
        queue = (*state.waiting, found.to(torch.uint8))
        if len(queue) <= self.lookahead:
            return None, ShadeState(blend, queue)
        return self._say(queue[0]), ShadeState(blend, queue[1:])

    def finish(self, state: ShadeState) -> Sequence[Prediction]:
        return [self._say(found) for found in state.waiting]

    def _say(self, found: Tensor) -> Prediction:
        shown = found.numpy()
        scores = {i: ObjectScore(0.5, not (shown == i).any()) for i in range(len(self.classes))}
        return Prediction(shown, scores)


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> ShadeModel:
    model = ShadeModel(ShadeSettings.parse(settings))
    if weights:
        load_weights(model.network, weights, model_name=name)
    return model


def _floats(frame: Frame) -> Tensor:
    return torch.from_numpy(frame.astype(np.float32))
