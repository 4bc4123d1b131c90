"""Train FRTM's decoder, gated or not: footage of single objects -> clips -> fitted target models -> masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from segue.data.clips import ClipSettings, Footage, draw_clip, load_footage
from segue.data.davis import davis_sequences
from segue.models.frtm.augmentation import views
from segue.models.frtm.build import make_network
from segue.models.frtm.network import FrtmNetwork
from segue.models.frtm.objective import ObjectiveSettings, fit_targets, objective
from segue.models.frtm.settings import OFFLINE, AugmentationSettings, FrtmSettings, variant
from segue.settings import Settings
from segue.training.curriculum import Conditions
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.catalog import RunSettings

Count = Annotated[int, Field(ge=1)]


class DataSettings(Settings):
    """Where the footage is."""

    root: Path
    """A folder in the DAVIS layout."""
    split: str = "train"


class TargetSettings(Settings):
    """How the target models are fitted that the decoder sees; all else is as in ``OFFLINE`` (released code)."""

    views: Count = 15
    """Views of the first frame, itself among them. Fewer are faster."""
    init_iterations: tuple[Count, ...] = (5, 10, 10, 10, 10)
    filter_iterations: Count = 10


class TrainingSettings(RunSettings):
    """Everything that a run of FRTM depends on."""

    task: Literal["frtm"] = "frtm"
    variant: str = "g-frtm-fast"
    """The model, as it is listed; with a ``g-`` its reuse gate learns too."""
    model: dict[str, Any] = Field(default_factory=dict)
    """Settings of the model that differ from those of the variant, such as ``width``. ``random_weights`` leaves out
    the ImageNet weights of the backbone."""
    data: DataSettings
    clips: ClipSettings = ClipSettings(run=5)
    order: Literal["time", "shuffled"] = "time"
    """Of the frames after the first; the released code shuffles them."""
    targets: TargetSettings = TargetSettings()
    objective: ObjectiveSettings = ObjectiveSettings()


@dataclass(frozen=True)
class FrtmSamples:
    """Clips drawn at random, with views of their first frames; an epoch is as many as there are frames."""

    footage: Sequence[Footage]
    clips: ClipSettings
    order: Literal["time", "shuffled"]
    augmentation: AugmentationSettings

    def __len__(self) -> int:
        return sum(len(item.frames) for item in self.footage)

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        rng = np.random.default_rng([seed, number])
        settings = self.clips.model_copy(update={"size_hw": conditions.size_hw})
        clip = draw_clip(self.footage, settings, rng)
        first, mask = clip.frames[0], clip.masks[0]
        seen = views(first, mask, np.ones_like(mask), self.augmentation, rng)
        order = np.arange(len(clip.frames))
        if self.order == "shuffled":
            rng.shuffle(order[1:])
        return {
            "frames": clip.frames[order],
            "masks": clip.masks[order],
            "views": np.stack([view.frame for view in seen]),
            "view_masks": np.stack([view.mask for view in seen]),
            "epoch": number / len(self),
            "name": str(number),
        }


class FrtmObjective(nn.Module):
    """The losses of a batch."""

    def __init__(
        self, network: FrtmNetwork, targets: FrtmSettings, settings: ObjectiveSettings
    ) -> None:
        super().__init__()
        self.network = network
        self._targets = targets
        self._settings = settings

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        seen = _as_input(batch["views"])
        models = fit_targets(self.network, seen, batch["view_masks"], self._targets)
        return objective(
            self.network,
            _as_input(batch["frames"]),
            batch["masks"],
            models,
            self._settings,
            float(batch["epoch"][0]),
        )


def _as_input(frames: Tensor) -> Tensor:
    return frames.movedim(-1, -3) / 255


def build(settings: TrainingSettings) -> Task:
    """The task of FRTM.

    Raises:
        SettingsError: No variant of that name, or a setting of the model that does not fit.
        WeightsError: The ImageNet weights of the backbone could not be had.
        NotFoundError: The footage is not there.
    """
    chosen = variant(settings.variant, settings.model)
    targets = FrtmSettings.parse(
        {
            **OFFLINE,
            "backbone": chosen.backbone,
            "memory_size": max(OFFLINE["memory_size"], settings.targets.views),
            "init_iterations": settings.targets.init_iterations,
            "filter_iterations": settings.targets.filter_iterations,
            "augmentation": {"samples": settings.targets.views},
        }
    )
    footage = load_footage(davis_sequences(settings.data.root, settings.data.split))
    torch.manual_seed(settings.loop.seed)
    network = make_network(chosen, pretrained=not chosen.random_weights)
    as_images: Any = {"memory_format": torch.channels_last}
    network.to(**as_images)
    return Task(
        model_name=settings.variant,
        network=network,
        objective=FrtmObjective(network, targets, settings.objective),
        samples=FrtmSamples(footage, settings.clips, settings.order, targets.augmentation),
        uses=frozenset({"size_hw"}),
        defaults=Conditions(size_hw=settings.clips.size_hw, frozen=("backbone",)),
    )
