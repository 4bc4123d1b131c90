"""Train segue-lite: footage of single objects -> clips -> the masks of a run, carried on its own predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from segue.data.clips import ClipSettings, Footage, draw_clip, load_footage
from segue.data.davis import davis_sequences
from segue.models.lite.network import LiteNetwork
from segue.models.lite.objective import ObjectiveSettings, objective
from segue.nn.fuse import for_inference
from segue.settings import Settings
from segue.training.curriculum import Conditions
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.catalog import RunSettings


class DataSettings(Settings):
    """Where the footage is."""

    root: Path
    """A folder in the DAVIS layout."""
    split: str = "train"


class TrainingSettings(RunSettings):
    """Everything that a run of segue-lite depends on."""

    task: Literal["segue-lite"] = "segue-lite"
    data: DataSettings
    clips: ClipSettings = ClipSettings()
    objective: ObjectiveSettings = ObjectiveSettings()


@dataclass(frozen=True)
class ClipSamples:
    """Clips drawn at random; an epoch is as many as there are frames."""

    footage: Sequence[Footage]
    settings: ClipSettings

    def __len__(self) -> int:
        return sum(len(item.frames) for item in self.footage)

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        settings = self.settings.model_copy(update={"size_hw": conditions.size_hw})
        clip = draw_clip(self.footage, settings, np.random.default_rng([seed, number]))
        return {
            "frames": clip.frames,
            "masks": clip.masks,
            "previous": clip.previous,
            "name": str(number),
        }


class LiteObjective(nn.Module):
    """The losses of a batch; the backbone does not learn, so a faster copy of it computes the features."""

    def __init__(self, network: LiteNetwork, settings: ObjectiveSettings) -> None:
        super().__init__()
        self.network = network
        self._settings = settings
        # In a tuple, so that it is no part of what is trained.
        self._frozen = (for_inference(network.backbone),)

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        frames = batch["frames"].permute(0, 1, 4, 2, 3) / 255
        return objective(
            self.network,
            frames,
            batch["masks"],
            batch["previous"],
            self._settings,
            self._features,
        )

    def _features(self, frames: Tensor) -> dict[int, Tensor]:
        with torch.no_grad():
            maps: dict[int, Tensor] = self._frozen[0].to(frames.device)(frames)
        return maps


def build(settings: TrainingSettings) -> Task:
    """The task of segue-lite.

    Raises:
        WeightsError: The ImageNet weights of the backbone are not installed.
        NotFoundError: The footage is not there.
    """
    footage = load_footage(davis_sequences(settings.data.root, settings.data.split))
    torch.manual_seed(settings.loop.seed)
    network = LiteNetwork()
    network.backbone.load_imagenet()
    as_images: Any = {"memory_format": torch.channels_last}
    network.to(**as_images)
    return Task(
        model_name="segue-lite",
        network=network,
        objective=LiteObjective(network, settings.objective),
        samples=ClipSamples(footage, settings.clips),
        uses=frozenset({"size_hw"}),
        defaults=Conditions(size_hw=settings.clips.size_hw, frozen=("backbone",)),
    )
