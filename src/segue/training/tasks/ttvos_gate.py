"""Train the gate of G-TTVOS: footage in time order, through a host that is trained already and stays as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from segue.data.clips import ClipSettings, Footage, draw_clip, load_footage
from segue.data.davis import davis_sequences
from segue.models.ttvos.carrier import Carrier, carrier_for
from segue.models.ttvos.gate_objective import GateObjectiveSettings, gate_objective
from segue.models.ttvos.network import TTVOSNetwork
from segue.nn.fuse import for_inference
from segue.nn.weights import load_weights, shipped_weights
from segue.settings import Settings
from segue.training.curriculum import Conditions
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.catalog import RunSettings
from segue.training.tasks.ttvos import DataSettings


class ModelSettings(Settings):
    """What is trained, and around what."""

    name: Literal["g-ttvos", "g-ttvos-fast", "g-ttvos-mobile", "g-ttvos-lite"] = "g-ttvos-lite"
    host: Path | None = None
    """Weights of the host; by default what ships with it."""


class TrainingSettings(RunSettings):
    """Everything that a run depends on."""

    task: Literal["ttvos-gate"] = "ttvos-gate"
    data: DataSettings
    model: ModelSettings = ModelSettings()
    clips: ClipSettings = ClipSettings()
    objective: GateObjectiveSettings = GateObjectiveSettings()


@dataclass(frozen=True)
class Stretches:
    """Frames that follow one another, forwards or backwards in time."""

    footage: Sequence[Footage]
    settings: ClipSettings

    def __len__(self) -> int:
        return sum(len(item.frames) for item in self.footage)

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        settings = self.settings.model_copy(
            update={
                "size_hw": conditions.size_hw,
                "run": conditions.clip_length,
                "max_stride": conditions.frame_stride,
            }
        )
        clip = draw_clip(self.footage, settings, np.random.default_rng([seed, number]))
        return {"frames": clip.frames[1:], "masks": clip.masks[1:], "name": str(number)}


class GateObjective(nn.Module):
    """The losses of a batch; the host is a fast copy that does not learn."""

    def __init__(
        self, network: TTVOSNetwork, carrier: Carrier, settings: GateObjectiveSettings
    ) -> None:
        super().__init__()
        self.carrier = carrier
        self._settings = settings
        # In a tuple, so that it is no part of what is trained.
        self._host = (for_inference(network).requires_grad_(False),)

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        frames = batch["frames"].permute(0, 1, 4, 2, 3) / 255
        host = self._host[0].to(frames.device)
        return gate_objective(host, self.carrier, frames, batch["masks"], self._settings)


def build(settings: TrainingSettings) -> Task:
    """The task.

    Raises:
        WeightsError: The host has no weights, or they do not fit.
        NotFoundError: The footage or a weights file is not there.
    """
    footage = load_footage(davis_sequences(settings.data.root, settings.data.split))
    torch.manual_seed(settings.loop.seed)
    name = settings.model.name
    host = name.removeprefix("g-")
    network = TTVOSNetwork(host)
    load_weights(network, settings.model.host or shipped_weights(host), model_name=host)
    carrier = carrier_for(network, name)
    as_images: Any = {"memory_format": torch.channels_last}
    carrier.to(**as_images)
    return Task(
        model_name=name,
        network=carrier,
        objective=GateObjective(network, carrier, settings.objective),
        samples=Stretches(footage, settings.clips),
        uses=frozenset({"size_hw", "clip_length", "frame_stride"}),
        defaults=Conditions(
            clip_length=settings.clips.run,
            frame_stride=settings.clips.max_stride,
            size_hw=settings.clips.size_hw,
        ),
    )
