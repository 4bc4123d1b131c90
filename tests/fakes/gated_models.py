"""The tiny models with a reuse gate that doubts more and more: object 1 is reused on two frames of three."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fakes.colour_model import ColourModel, ColourSettings
from fakes.shade_model import ShadeModel, ShadeSettings
from segue.models.reuse.model import GatedModel
from segue.models.reuse.propagator import Propagated
from segue.nn.reuse.settings import ReuseSettings
from segue.types import Frame, ObjectScore, Prediction


class GatedColourSettings(ColourSettings):
    reuse: ReuseSettings | None = ReuseSettings(threshold=0.75)


class GatedShadeSettings(ShadeSettings):
    reuse: ReuseSettings | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    labels: Tensor
    ids: tuple[int, ...]
    gap: int


class DoubtingPropagator:
    """Leaves labels where they were; the gate says 0.9, 0.8, 0.7 ... of object 1, and twice as much doubt of 2."""

    memory_type = Doubt

    def begin(self, frame: Frame, prediction: Prediction, host: Any) -> Doubt:
        return Doubt(torch.from_numpy(prediction.labels.copy()), tuple(prediction.scores), 0)

    def propagate(
        self, frame: Frame, memory: Doubt, host: Any, needed: float
    ) -> tuple[Propagated, Doubt]:
        gap = memory.gap + 1
        gates = {i: 1 - 0.1 * gap * (2 if i == 2 else 1) for i in memory.ids}
        scores = {i: ObjectScore(0.5, gate=gate) for i, gate in gates.items()}
        return Propagated(memory.labels.numpy().copy(), scores), replace(memory, gap=gap)


def gated_colour(settings: GatedColourSettings | None = None, lookahead: int = 0) -> Any:
    settings = settings or GatedColourSettings()
    host = ColourModel(settings, lookahead)
    return GatedModel(host, DoubtingPropagator(), settings.reuse) if settings.reuse else host


def gated_shade(settings: GatedShadeSettings | None = None, lookahead: int = 0) -> Any:
    settings = settings or GatedShadeSettings(reuse=ReuseSettings(threshold=0.5))
    host = ShadeModel(settings, lookahead)
    return GatedModel(host, DoubtingPropagator(), settings.reuse) if settings.reuse else host


def build_colour(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> Any:
    return gated_colour(GatedColourSettings.parse(settings))


def build_shade(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> Any:
    return gated_shade(GatedShadeSettings.parse(settings))
