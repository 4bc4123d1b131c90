"""Train segue-lite: stills and footage -> clips of several objects -> masks of a run, on its own predictions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from segue.data.davis import davis_sequences
from segue.data.layout import MaskKind
from segue.data.object_footage import ObjectFootage
from segue.data.scene_clips import SceneSettings, draw_scene
from segue.data.scene_layers import Material
from segue.data.stills import find_stills
from segue.models.lite.network import LiteNetwork
from segue.models.lite.objective import ObjectiveSettings, objective
from segue.nn.fuse import for_inference
from segue.nn.weights import load_narrower
from segue.settings import Settings
from segue.training.curriculum import Conditions
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.catalog import RunSettings


class FootageSettings(Settings):
    """Sequences in the DAVIS layout."""

    root: Path
    split: str = "train"
    kind: MaskKind = "objects"
    """Whether masks hold ids, or anything but 0 is the one object (``foreground``)."""


class DataSettings(Settings):
    """Where pictures are."""

    stills: tuple[Path, ...] = ()
    """Folders with ``JPEGImages`` and ``Annotations``, one mask per picture."""
    footage: tuple[FootageSettings, ...] = ()


class TrainingSettings(RunSettings):
    """Everything that a run of segue-lite depends on."""

    task: Literal["segue-lite"] = "segue-lite"
    data: DataSettings
    scenes: SceneSettings = SceneSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    initial: Path | None = None
    """Weights to begin with; where they have fewer inputs, the new ones begin at 0. ``None``: the ImageNet backbone."""


@dataclass(frozen=True)
class SceneSamples:
    """Clips drawn at random; an epoch is as many as there are pictures and frames."""

    material: Material
    settings: SceneSettings

    def __len__(self) -> int:
        return len(self.material.stills) + sum(map(len, self.material.footage))

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        changes = {"size_hw": conditions.size_hw, "footage": conditions.footage}
        settings = self.settings.model_copy(update=changes)
        clip = draw_scene(self.material, settings, np.random.default_rng([seed, number]))
        return {
            "frames": clip.frames,
            "labels": clip.labels,
            "previous": clip.previous,
            "name": str(number),
        }


class LiteObjective(nn.Module):
    """The losses of a batch; while the backbone does not learn, a faster copy of it computes the features."""

    def __init__(self, network: LiteNetwork, settings: ObjectiveSettings) -> None:
        super().__init__()
        self.network = network
        self._settings = settings
        # In a tuple, so that it is no part of what is trained.
        self._frozen = (for_inference(network.backbone),)

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        frames = batch["frames"].permute(0, 1, 4, 2, 3) / 255
        backbone = self._features if "backbone" in conditions.frozen else None
        return objective(
            self.network, frames, batch["labels"], batch["previous"], self._settings, backbone
        )

    def _features(self, frames: Tensor) -> dict[int, Tensor]:
        with torch.no_grad():
            maps: dict[int, Tensor] = self._frozen[0].to(frames.device)(frames)
        return maps


def build(settings: TrainingSettings) -> Task:
    """The task of segue-lite.

    Raises:
        WeightsError: The ImageNet weights of the backbone are not installed.
        NotFoundError: The pictures or the weights to begin with are not there.
        InputError: There is nothing to learn from.
    """
    footage = [
        ObjectFootage(davis_sequences(one.root, one.split), one.kind)
        for one in settings.data.footage
    ]
    material = Material(find_stills(settings.data.stills), footage)
    torch.manual_seed(settings.loop.seed)
    network = LiteNetwork()
    network.backbone.load_imagenet()
    if settings.initial is not None:
        load_narrower(network, settings.initial, model_name="segue-lite")
    as_images: Any = {"memory_format": torch.channels_last}
    network.to(**as_images)
    return Task(
        model_name="segue-lite",
        network=network,
        objective=LiteObjective(network, settings.objective),
        samples=SceneSamples(material, settings.scenes),
        uses=frozenset({"size_hw", "footage"}),
        defaults=Conditions(
            size_hw=settings.scenes.size_hw,
            footage=settings.scenes.footage,
            frozen=("backbone",),
        ),
    )
