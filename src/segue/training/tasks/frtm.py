"""Train FRTM's decoder, gated or not: footage and stills of objects -> clips -> fitted target models -> masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from segue.data.clips import ClipSettings, Footage, damage, draw_clip, load_footage
from segue.data.davis import davis_sequences
from segue.data.still_footage import StillFootage
from segue.data.stills import find_stills
from segue.errors import SettingsError
from segue.models.frtm.augmentation import views
from segue.models.frtm.build import make_network
from segue.models.frtm.gate_objective import gate_objective
from segue.models.frtm.network import Features, FrtmNetwork
from segue.models.frtm.objective import ObjectiveSettings, fit_targets, objective
from segue.models.frtm.settings import OFFLINE, AugmentationSettings, FrtmSettings, variant
from segue.nn.fuse import for_inference
from segue.nn.reuse.objective import GateLossSettings
from segue.nn.weights import MODEL_KEY, load_weights, read_metadata
from segue.settings import Settings
from segue.training.curriculum import Conditions
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.catalog import RunSettings

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class DataSettings(Settings):
    """Where the footage is."""

    root: Path
    """A folder in the DAVIS layout."""
    split: str = "train"
    stills: tuple[Path, ...] = ()
    """Folders with ``JPEGImages`` and ``Annotations``, one mask per picture; what is in a mask is one object."""
    still_share: Share = 0.0
    """Share of the clips that are made of still images; the others are of footage."""


class TargetSettings(Settings):
    """How the target models are fitted that the decoder sees; all else is as in ``OFFLINE`` (released code)."""

    views: Count = 15
    """Views of the first frame, itself among them. Fewer are faster."""
    init_iterations: tuple[Count, ...] = (5, 10, 10, 10, 10)
    filter_iterations: Count = 10
    label_stride: Count = 1
    """See ``FrtmSettings``."""


class TrainingSettings(RunSettings):
    """Everything that a run of FRTM depends on."""

    task: Literal["frtm"] = "frtm"
    variant: str = "g-frtm-fast"
    """The model, as it is listed; with a ``g-`` its reuse gate learns too."""
    model: dict[str, Any] = Field(default_factory=dict)
    """Settings of the model that differ from those of the variant, such as ``width``. ``random_weights`` leaves out
    the ImageNet weights of the backbone."""
    initial: Path | None = None
    """Weights to begin with, of the variant with or without its gate; ``None``: the ImageNet backbone alone."""
    data: DataSettings
    clips: ClipSettings = ClipSettings(run=5)
    order: Literal["time", "shuffled"] = "time"
    """Of the frames after the first; the released code shuffles them."""
    targets: TargetSettings = TargetSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    gate_alone: GateLossSettings | None = None
    """Train the gate and nothing else, in place of ``objective``; on the given frame and two of the run."""


@dataclass(frozen=True)
class FrtmSamples:
    """Clips drawn at random, with views of their first frames; an epoch is as many as there are frames of footage."""

    footage: Sequence[Footage]
    stills: Sequence[Footage]
    still_share: float
    clips: ClipSettings
    order: Literal["time", "shuffled"]
    augmentation: AugmentationSettings
    gate_alone: bool = False
    """Masks as they would be predicted, in place of the views of the first frame."""

    def __len__(self) -> int:
        return sum(len(item.frames) for item in self.footage)

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        rng = np.random.default_rng([seed, number])
        changes = {"size_hw": conditions.size_hw} | ({"run": 2} if self.gate_alone else {})
        settings = self.clips.model_copy(update=changes)
        still = bool(self.stills) and rng.random() < self.still_share
        clip = draw_clip(self.stills if still else self.footage, settings, rng)
        if self.gate_alone:
            damaged = np.stack([damage(mask, rng) for mask in clip.masks])
            clips = {"frames": clip.frames, "masks": clip.masks, "damaged": damaged}
            return {**clips, "epoch": number / len(self), "name": str(number)}
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
    """The losses of a batch; the backbone does not learn, so a faster copy of it computes the features."""

    def __init__(
        self, network: FrtmNetwork, targets: FrtmSettings, settings: TrainingSettings
    ) -> None:
        super().__init__()
        self.network = network
        self._targets = targets
        self._settings = settings
        # In a tuple, so that it is no part of what is trained.
        self._frozen = (for_inference(network.backbone),)

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        clip = _as_input(batch["frames"]), batch["masks"]
        epoch = float(batch["epoch"][0])
        if self._settings.gate_alone:
            alone = self._settings.gate_alone
            return gate_objective(self.network, *clip, batch["damaged"], alone, epoch, self._look)
        seen = _as_input(batch["views"])
        models = fit_targets(self.network, seen, batch["view_masks"], self._targets, self._look)
        return objective(self.network, *clip, models, self._settings.objective, epoch, self._look)

    def _look(self, frames: Tensor, deepest: int) -> Features:
        normal = (frames - self.network.mean) / self.network.deviation
        images = normal.contiguous(memory_format=torch.channels_last)
        maps: Features = self._frozen[0].to(frames.device)(images, deepest)
        return maps


def _as_input(frames: Tensor) -> Tensor:
    return frames.movedim(-1, -3) / 255


def build(settings: TrainingSettings) -> Task:
    """The task of FRTM.

    Raises:
        SettingsError: No variant of that name, or a setting of the model that does not fit.
        WeightsError: The ImageNet weights of the backbone could not be had.
        NotFoundError: The footage, the stills or the weights to begin with are not there.
    """
    chosen = variant(settings.variant, settings.model)
    if settings.gate_alone and not (chosen.reuse and chosen.compared == "mask"):
        raise SettingsError(
            f'{settings.variant} has no gate that can be trained alone: model.compared must be "mask".'
        )
    targets = FrtmSettings.parse(
        {
            **OFFLINE,
            "backbone": chosen.backbone,
            "memory_size": max(OFFLINE["memory_size"], settings.targets.views),
            "init_iterations": settings.targets.init_iterations,
            "filter_iterations": settings.targets.filter_iterations,
            "label_stride": settings.targets.label_stride,
            "augmentation": {"samples": settings.targets.views},
        }
    )
    data = settings.data
    footage = load_footage(davis_sequences(data.root, data.split))
    stills = StillFootage(tuple(find_stills(data.stills)))
    torch.manual_seed(settings.loop.seed)
    network = _network(settings, chosen)
    as_images: Any = {"memory_format": torch.channels_last}
    network.to(**as_images)
    return Task(
        model_name=settings.variant,
        network=network,
        objective=FrtmObjective(network, targets, settings),
        samples=FrtmSamples(
            footage,
            stills,
            data.still_share,
            settings.clips,
            settings.order,
            targets.augmentation,
            settings.gate_alone is not None,
        ),
        uses=frozenset({"size_hw"}),
        defaults=Conditions(size_hw=settings.clips.size_hw, frozen=("backbone",)),
    )


def _network(settings: TrainingSettings, chosen: FrtmSettings) -> FrtmNetwork:
    """What is trained, filled as ``initial`` says; the parts of a gate that it does not have stay as drawn."""
    if settings.initial is None:
        return make_network(chosen, pretrained=not chosen.random_weights)
    network = make_network(chosen, pretrained=False)
    plain = settings.variant.removeprefix("g-")
    own = read_metadata(settings.initial).get(MODEL_KEY) == settings.variant
    name = settings.variant if own else plain
    load_weights(network, settings.initial, model_name=name, optional=("reuse.",))
    return network
