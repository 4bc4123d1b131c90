"""A tiny semantic model of two graphs and a constant, for tests of exports; and what may be wrong with such a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from segue.models.entry import Entry
from segue.nn.backends.catalog import Precision, create_backend
from segue.nn.backends.int8 import Ranges, calibrate
from segue.nn.backends.interface import Backend
from segue.nn.weights import load_weights, save_weights
from segue.settings import Settings
from segue.types import Frame, GivenLabels, ObjectScore, Prediction

NAME = "exportable"
ENTRY = Entry("fakes.exportable:build", "for tests", kind="classes", begins_with="nothing")

Fault = Literal["none", "leaks", "fixed", "unknown", "twice", "graphless"]


class ExportableSettings(Settings):
    backend: str = "auto"
    precision: Precision = "float32"
    share: float = 0.5
    fault: Fault = "none"
    seed: int = 0


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU()
        )
        self.tell = nn.Conv2d(8, 3, 1)
        self.gain = nn.Parameter(torch.tensor([1.0, 1.5, 0.8]))


class Look(nn.Module):
    def __init__(self, network: Network, fault: Fault) -> None:
        super().__init__()
        self.layers, self.fault = network.look, fault

    def forward(self, frames: Tensor) -> tuple[Tensor]:
        found = self.layers(frames.permute(0, 3, 1, 2).float() / 255)
        if self.fault == "fixed":  # a number from the shape, which a trace keeps
            found = found + 0.01 * float(int(frames.shape[1]))
        if self.fault == "unknown":
            found = torch.special.bessel_j0(found)
        return (found,)


class TellClasses(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.tell = network.tell

    def forward(self, features: Tensor, *memory: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.tell(torch.cat([features, *memory], 1))
        return scores, scores.argmax(1).to(torch.uint8)


@dataclass(frozen=True, slots=True)
class ExportableState:
    features: Tensor


class ExportableModel:
    name = NAME
    lookahead = 0
    parameters_per_object = 0
    state_type = ExportableState
    classes = ("road", "car", "pedestrian")

    def __init__(
        self,
        network: Network,
        settings: ExportableSettings,
        backend: Backend,
        ranges: Ranges | None = None,
    ) -> None:
        self.network, self.settings = network, settings
        self._look = self._tell = lambda *inputs: inputs
        if settings.fault == "graphless":
            return
        self._look = backend.prepare(Look(network, settings.fault), ranges)
        self._tell = backend.prepare(TellClasses(network))
        if settings.fault == "twice":
            backend.prepare(TellClasses(network))

    def start(
        self, frame: Frame, labels: GivenLabels | None = None
    ) -> tuple[Prediction, ExportableState]:
        rows, columns = frame.shape[:2]
        return self.step(frame, ExportableState(torch.zeros(1, 4, rows, columns)))

    @torch.no_grad()
    def step(
        self, frame: Frame, state: ExportableState, labels: GivenLabels | None = None
    ) -> tuple[Prediction, ExportableState]:
        if self.settings.fault == "graphless":
            return self._say(torch.zeros(frame.shape[:2], dtype=torch.uint8)), state
        (features,) = self._look(torch.from_numpy(frame.copy())[None])
        scores, _ = self._tell(features, state.features)
        scores = scores * self.network.gain[:, None, None]
        if self.settings.fault == "leaks":  # reads what a graph holds
            scores = scores + self.network.tell.bias[:, None, None]
        memory = torch.lerp(features, state.features, self.settings.share)
        return self._say(scores[0].argmax(0).to(torch.uint8)), ExportableState(memory)

    def _say(self, labels: Tensor) -> Prediction:
        return Prediction(labels.numpy(), {i: ObjectScore(0.5) for i in range(3)})


def network() -> Network:
    """With statistics that are not the initial ones; the same on every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        made = Network()
        with torch.no_grad():
            made.train().look(torch.rand(2, 3, 16, 16))
    return made.eval()


def write(path: Path) -> Path:
    """Trained weights."""
    save_weights(network(), path, model_name=NAME)
    return path


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> ExportableModel:
    resolved = ExportableSettings.parse(settings)
    backend = create_backend(resolved.backend, device)
    made, ranges = network(), None
    if weights:
        load_weights(made, weights, model_name=name)
    if resolved.precision == "int8":
        look = Look(network(), "none")
        frames = torch.randint(0, 256, (1, 24, 24, 3), dtype=torch.uint8)
        ranges = calibrate(look, [(frames,)])
    return ExportableModel(made, resolved, backend, ranges)
