"""A tiny video model for tests: carries objects by their mean colour, and remembers in every way a state can."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from segue.inference.restored import hold_given
from segue.models.given import check_first
from segue.settings import Settings
from segue.types import Frame, Labels, ObjectScore, Prediction


class ColourSettings(Settings):
    rate: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Looks:
    colour: Tensor
    seen: int


@dataclass(frozen=True, slots=True)
class Waiting:
    labels: Tensor
    ids: Tensor
    seen: Tensor


@dataclass(frozen=True, slots=True)
class ColourState:
    objects: dict[int, Looks]
    background: Tensor
    waiting: tuple[Waiting, ...]
    steps: int
    note: str | None


class ColourModel:
    """Colours follow what was predicted, so that every prediction depends on all earlier frames."""

    name = "colour"
    parameters_per_object = 3
    state_type = ColourState

    def __init__(self, settings: ColourSettings | None = None, lookahead: int = 0) -> None:
        self.settings = settings or ColourSettings()
        self.lookahead = lookahead
        self.network = torch.nn.Linear(3, 2)

    def start(
        self, frame: Frame, labels: Labels | None = None
    ) -> tuple[Prediction | None, ColourState]:
        labels = check_first(self.name, frame, labels)
        state = ColourState({}, _mean(frame, labels == 0), (), 0, None)
        return self._answer(labels, self._learn(frame, labels, state, rate=1.0))

    def step(
        self, frame: Frame, state: ColourState, labels: Labels | None = None
    ) -> tuple[Prediction | None, ColourState]:
        found = _nearest(frame, state)
        if labels is not None:
            found = hold_given(found, labels)
        learned = self._learn(frame, found, state, rate=self.settings.rate)
        return self._answer(found, replace(learned, steps=state.steps + 1, note=f"{state.steps}"))

    def _learn(self, frame: Frame, labels: Labels, state: ColourState, rate: float) -> ColourState:
        objects = dict(state.objects)
        for number in sorted({*np.unique(labels).tolist()} - {0, 255}):
            colour = _mean(frame, labels == number)
            old = objects.get(number, Looks(colour, 0))
            objects[number] = Looks(torch.lerp(old.colour, colour, rate), old.seen + 1)
        return replace(state, objects=objects)

    def finish(self, state: ColourState) -> Sequence[Prediction]:
        return [_say(found) for found in state.waiting]

    def _answer(self, labels: Labels, state: ColourState) -> tuple[Prediction | None, ColourState]:
        # What is said of a frame is what was known then, however late it is said.
        ids = torch.tensor(sorted(state.objects), dtype=torch.uint8)
        seen = torch.tensor([state.objects[int(i)].seen for i in ids])
        queue = (*state.waiting, Waiting(torch.from_numpy(labels.copy()), ids, seen))
        if len(queue) <= self.lookahead:
            return None, replace(state, waiting=queue)
        return _say(queue[0]), replace(state, waiting=queue[1:])


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> ColourModel:
    return ColourModel(ColourSettings.parse(settings))


def _say(found: Waiting) -> Prediction:
    shown = found.labels.numpy()
    scores = {
        number: ObjectScore(0.5 + 0.25 / (1 + seen), not (shown == number).any())
        for number, seen in zip(found.ids.tolist(), found.seen.tolist(), strict=True)
    }
    return Prediction(shown, scores)


def _mean(frame: Frame, mask: np.ndarray) -> Tensor:
    return torch.from_numpy(frame[mask].astype(np.float32)).mean(0)


def _nearest(frame: Frame, state: ColourState) -> Labels:
    ids = [0, *state.objects]
    colours = torch.stack([state.background, *(looks.colour for looks in state.objects.values())])
    pixels = torch.from_numpy(frame.reshape(-1, 3).astype(np.float32))
    best = torch.cdist(pixels, colours).argmin(1).numpy()
    return np.array(ids, np.uint8)[best].reshape(frame.shape[:2])
