"""A tiny network of scenes with every part that the task ``ssltm`` knows, and its streaming model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segue.models.ssltm.centres import Centres
from segue.settings import Settings
from segue.training.tasks.scene_networks import Family
from segue.types import Frame, GivenLabels, Prediction


class TinySettings(Settings):
    """Of ``TinyNetwork``."""

    classes: tuple[str, ...]
    reference: str = "distance"
    centres: int = 2
    centre_update: str = "mse"
    stt: bool = True
    """Of the settings from here on nothing depends."""
    blend: float = 0.0
    notice: bool = True
    distance: int = 60

    @property
    def trained_with(self) -> dict[str, str]:
        return {"classes": ", ".join(self.classes)}


def variant(name: str, values: Mapping[str, Any]) -> TinySettings:
    return TinySettings.parse(values)


@dataclass(frozen=True)
class Answer:
    logits: Tensor
    auxiliary: Tensor
    features: Tensor


class TinyTrunk(nn.Module):
    """One map, as a tuple of maps."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 8, 4, 4)

    def forward(self, frames: Tensor) -> tuple[Tensor, ...]:
        return (self.body(frames),)


class TinyNetwork(nn.Module):
    """A convolution with dropout, the mean of the reference, and the nearest centre."""

    multiple = 4
    reach = 2

    def __init__(self, num_classes: int, centres: int, update: str) -> None:
        super().__init__()
        self.trunk = TinyTrunk()
        self.neck = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.1))
        self.head, self.second = nn.Conv2d(8, num_classes, 1), nn.Conv2d(8, num_classes, 1)
        self.centres = Centres(num_classes, centres, 8, update) if centres else None

    def forward(self, frames: Tensor, reference: Tensor | None = None) -> Answer:
        seen = [self.neck(self.trunk(frame)[0]) for frame in frames.unbind(1)]
        far = seen[-1] if reference is None else self.neck(self.trunk(reference)[0])
        y = 0.7 * seen[-1] + 0.2 * seen[0] + 0.1 * far.mean((2, 3), keepdim=True)
        z = y
        if self.centres is not None and self.centres.begun:
            points, known = self.centres.contexts(len(y))
            weights = torch.einsum("bchw,bnc->bnhw", y, points)
            weights = weights.masked_fill(~known[..., None, None], -1e4).softmax(1)
            z = y + torch.einsum("bnhw,bnc->bchw", weights, points)
        logits = F.interpolate(self.head(z), scale_factor=4, mode="nearest")
        return Answer(logits, self.second(y), y)


def create_network(settings: TinySettings, *, imagenet: bool = False) -> TinyNetwork:
    return TinyNetwork(len(settings.classes), settings.centres, settings.centre_update)


class TinyModel:
    """Frame by frame."""

    lookahead = 0
    state_type = int
    parameters_per_object = 0

    def __init__(self, name: str, network: TinyNetwork, settings: TinySettings) -> None:
        self.name, self.network, self.classes = name, network, settings.classes
        self.settings = settings

    @torch.no_grad()
    def start(self, frame: Frame, labels: GivenLabels | None = None) -> tuple[Prediction, int]:
        pixels = torch.from_numpy(frame).permute(2, 0, 1)[None, None].float() / 255
        height, width = frame.shape[:2]
        padded = F.pad(pixels[0], (0, -width % 4, 0, -height % 4), "replicate")[None]
        labels_ = self.network(padded).logits[0].argmax(0).to(torch.uint8).numpy()
        return Prediction(np.ascontiguousarray(labels_[:height, :width]), {}), 1

    def step(
        self, frame: Frame, state: int, labels: GivenLabels | None = None
    ) -> tuple[Prediction, int]:
        return self.start(frame)


TINY = Family(
    "fakes.tiny_scenes:variant", "fakes.tiny_scenes:create_network", "fakes.tiny_scenes:TinyModel"
)
