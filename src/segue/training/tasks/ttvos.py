"""Train TTVOS: footage of single objects -> clips -> the masks of a run, carried on its own predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from segue.data.clips import ClipSettings, Footage, damage, draw_clip, load_footage
from segue.data.davis import davis_sequences
from segue.models.ttvos.network import TTVOSNetwork
from segue.models.ttvos.objective import ObjectiveSettings, objective
from segue.models.ttvos.trunk import LiteTrunk, Look
from segue.nn.fuse import for_inference
from segue.nn.weights import read_weights
from segue.settings import Settings
from segue.training.curriculum import Conditions
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.catalog import RunSettings


class DataSettings(Settings):
    """Where the footage is."""

    root: Path
    """A folder in the DAVIS layout."""
    split: str = "train"


class ModelSettings(Settings):
    """What is trained, and from where."""

    name: Literal["ttvos", "ttvos-fast", "ttvos-mobile", "ttvos-lite"] = "ttvos-lite"
    pyramid: Path | None = None
    """Weights of segue-lite whose neck the pyramid starts from (``ttvos-lite``)."""
    weights: Path | None = None
    """Weights of the same model to start from."""


class TrainingSettings(RunSettings):
    """Everything that a run of TTVOS depends on."""

    task: Literal["ttvos"] = "ttvos"
    data: DataSettings
    model: ModelSettings = ModelSettings()
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
        """See ``segue.training.task.Samples``. Clips have the given frame, the frame before the run, and the run."""
        settings = self.settings.model_copy(
            update={
                "size_hw": conditions.size_hw,
                "run": conditions.clip_length - 1,
                "max_stride": conditions.frame_stride,
            }
        )
        rng = np.random.default_rng([seed, number])
        clip = draw_clip(self.footage, settings, rng)
        lost = rng.random() < settings.previous_lost
        previous = np.zeros_like(clip.masks[1]) if lost else damage(clip.masks[1], rng)
        return {
            "frames": clip.frames,
            "masks": clip.masks,
            "previous": previous,
            "name": str(number),
        }


class TTVOSObjective(nn.Module):
    """The losses of a batch. A backbone that does not learn is computed by a faster copy of it."""

    def __init__(self, network: TTVOSNetwork, settings: ObjectiveSettings) -> None:
        super().__init__()
        self.network = network
        self._settings = settings
        trunk = network.trunk
        # In a tuple, so that it is no part of what is trained.
        lite = isinstance(trunk, LiteTrunk)
        self._frozen = (for_inference(trunk.backbone) if lite else None,)

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        frames = batch["frames"].permute(0, 1, 4, 2, 3) / 255
        frozen = "trunk.backbone" in conditions.frozen and self._frozen[0] is not None
        look = self._look if frozen else None
        return objective(
            self.network, frames, batch["masks"], batch["previous"], self._settings, look
        )

    def _look(self, frames: Tensor) -> Look:
        trunk: Any = self.network.trunk
        backbone: Any = self._frozen[0]
        with torch.no_grad():
            maps = backbone.to(frames.device)(frames)
        return Look(*trunk.pyramid(maps))


def build(settings: TrainingSettings) -> Task:
    """The task of TTVOS.

    Raises:
        WeightsError: The ImageNet weights of the backbone are not there, or weights to start from do not fit.
        NotFoundError: The footage is not there.
    """
    footage = load_footage(davis_sequences(settings.data.root, settings.data.split))
    torch.manual_seed(settings.loop.seed)
    model = settings.model
    network = TTVOSNetwork(model.name, pretrained=model.weights is None)
    if isinstance(network.trunk, LiteTrunk):
        network.trunk.backbone.load_imagenet()
        if model.pyramid:
            saved = read_weights(model.pyramid, model_name="segue-lite")
            neck = {k[5:]: v for k, v in saved.items() if k.startswith("neck.")}
            own = network.trunk.pyramid.state_dict()
            network.trunk.pyramid.load_state_dict({k: neck[k] for k in own})
    if model.weights:
        network.load_state_dict(read_weights(model.weights, model_name=model.name))
    as_images: Any = {"memory_format": torch.channels_last}
    network.to(**as_images)
    return Task(
        model_name=model.name,
        network=network,
        objective=TTVOSObjective(network, settings.objective),
        samples=ClipSamples(footage, settings.clips),
        uses=frozenset({"size_hw", "clip_length", "frame_stride"}),
        defaults=Conditions(
            clip_length=settings.clips.run + 2,
            frame_stride=settings.clips.max_stride,
            size_hw=settings.clips.size_hw,
            frozen=("trunk.backbone",),
        ),
    )
