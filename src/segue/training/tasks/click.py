"""Train segue-click: stills and single frames -> crops with objects -> masks from simulated clicks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from segue.data.davis import davis_sequences
from segue.data.object_scenes import SceneSettings, draw_scene
from segue.data.stills import Still, find_stills
from segue.models.click.network import ClickNetwork
from segue.nn.fuse import for_inference
from segue.nn.weights import read_weights, shipped_weights
from segue.settings import Settings
from segue.training.curriculum import Conditions
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.catalog import RunSettings
from segue.training.tasks.click_objective import ObjectiveSettings, objective


class SourceSettings(Settings):
    """One source of pictures."""

    root: Path
    """A folder with ``JPEGImages`` and ``Annotations``; with ``split``, one in the DAVIS layout."""
    split: str | None = None
    share: float = 1.0
    """How often it is drawn, against the others."""


class TrainingSettings(RunSettings):
    """Everything that a run of segue-click depends on."""

    task: Literal["segue-click"] = "segue-click"
    data: tuple[SourceSettings, ...]
    scenes: SceneSettings = SceneSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    start: Path | None = None
    """Weights of segue-click to go on from; ``None``: the backbone and the pyramid of segue-lite."""


@dataclass(frozen=True)
class SceneSamples:
    """Pictures drawn at random; an epoch is as many as there are stills."""

    groups: Sequence[Sequence[Still]]
    shares: Sequence[float]
    settings: SceneSettings

    def __len__(self) -> int:
        return sum(len(group) for group in self.groups)

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        settings = self.settings.model_copy(update={"size_hw": conditions.size_hw})
        rng = np.random.default_rng([seed, number])
        scene = draw_scene(self.groups, self.shares, settings, rng)
        return {
            "frames": scene.frame,
            "targets": scene.targets,
            "valid": scene.valid,
            "name": str(number),
        }


class ClickObjective(nn.Module):
    """The losses of a batch; while the backbone does not learn, a faster copy of it computes the features."""

    def __init__(self, network: ClickNetwork, settings: ObjectiveSettings) -> None:
        super().__init__()
        self.network = network
        self._settings = settings
        # In a tuple, so that it is no part of what is trained.
        self._frozen = (for_inference(network.backbone),)

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        frames = (batch["frames"].permute(0, 3, 1, 2) / 255).contiguous(
            memory_format=torch.channels_last
        )
        looked = self.network.view(frames, self._features(frames, conditions))
        times = batch["targets"].shape[1]
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        return objective(
            self.network,
            looked.repeated(times),
            batch["targets"].flatten(0, 1),
            batch["valid"].repeat_interleave(times, 0),
            self._settings,
            rng,
        )

    def _features(self, frames: Tensor, conditions: Conditions) -> dict[int, Tensor]:
        if "backbone" not in conditions.frozen:
            learning: dict[int, Tensor] = self.network.backbone(frames)
            return learning
        with torch.no_grad():
            maps: dict[int, Tensor] = self._frozen[0].to(frames.device)(frames)
        return maps


def build(settings: TrainingSettings) -> Task:
    """The task of segue-click.

    Raises:
        WeightsError: The weights to start from are not there or do not fit.
        NotFoundError: The pictures are not there.
    """
    groups = [_stills(source) for source in settings.data]
    total = sum(source.share for source in settings.data)
    shares = [source.share / total for source in settings.data]
    torch.manual_seed(settings.loop.seed)
    network = ClickNetwork()
    _fill(network, settings.start)
    as_images: Any = {"memory_format": torch.channels_last}
    network.to(**as_images)
    return Task(
        model_name="segue-click",
        network=network,
        objective=ClickObjective(network, settings.objective),
        samples=SceneSamples(groups, shares, settings.scenes),
        uses=frozenset({"size_hw"}),
        defaults=Conditions(size_hw=settings.scenes.size_hw, frozen=("backbone",)),
    )


def _stills(source: SourceSettings) -> list[Still]:
    if source.split is None:
        return find_stills([source.root])
    return [
        Still(frame, mask)
        for sequence in davis_sequences(source.root, source.split)
        for frame, mask in zip(sequence.frame_paths, sequence.mask_paths, strict=True)
        if mask
    ]


def _fill(network: ClickNetwork, start: Path | None) -> None:
    if start is not None:
        network.load_state_dict(read_weights(start, model_name="segue-click"))
        return
    saved = read_weights(shipped_weights("segue-lite"), model_name="segue-lite")
    network.backbone.load_state_dict(
        {k.removeprefix("backbone."): v for k, v in saved.items() if k.startswith("backbone.")}
    )
    own = network.view.pyramid.state_dict()
    network.view.pyramid.load_state_dict({k: saved[f"neck.{k}"] for k in own})
