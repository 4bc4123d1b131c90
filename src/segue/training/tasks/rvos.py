"""Train RVOS: clips of several objects, entered with true or predicted masks as a curriculum says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import model_validator
from torch import Tensor, nn

from segue.data.catalog import find_layout
from segue.data.object_clips import ObjectClipSettings, draw_object_clip
from segue.data.object_footage import ObjectFootage
from segue.data.sample import VideoSequence
from segue.errors import SettingsError
from segue.models.rvos.build import metadata
from segue.models.rvos.encoder import LiteEncoder
from segue.models.rvos.network import RVOSNetwork
from segue.models.rvos.objective import ObjectiveSettings, look_at, objective, unroll
from segue.models.rvos.settings import NetworkSettings, check
from segue.nn.fuse import for_inference
from segue.nn.weights import read_weights
from segue.settings import Settings
from segue.training.curriculum import Conditions
from segue.training.feeding import draw_fed
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.catalog import RunSettings

_USES = frozenset({"size_hw", "clip_length", "frame_stride", "feed_prediction", "feed_draw"})


class DataSettings(Settings):
    """Where the footage is."""

    layout: str = "davis2016"
    """Any layout of objects."""
    root: Path
    split: str = "train"
    classes: tuple[int, ...] | None = None
    """Of tracks: the classes to follow, 1 for cars and 2 for pedestrians; ``None``: all."""
    held_out: tuple[str, ...] = ()
    """Sequences of the split that are not trained on but choose the best weights."""
    in_memory: bool = False
    """Decode everything once."""


class ModelSettings(NetworkSettings):
    """What is trained, and from where."""

    name: Literal["rvos", "rvos-50", "rvos-34", "rvos-lite"] = "rvos"
    imagenet: bool = True
    """Start from ImageNet weights of the backbone."""
    pyramid: Path | None = None
    """Weights of segue-lite whose neck the pyramid starts from (``rvos-lite``)."""
    weights: Path | None = None
    """Weights of the same model to start from."""

    @model_validator(mode="after")
    def _has_what_it_asks_for(self) -> "ModelSettings":
        check(self.name, self)
        return self


class TrainingSettings(RunSettings):
    """Everything that a run of RVOS depends on."""

    task: Literal["rvos"] = "rvos"
    data: DataSettings
    model: ModelSettings = ModelSettings()
    clips: ObjectClipSettings = ObjectClipSettings()
    objective: ObjectiveSettings = ObjectiveSettings()


@dataclass(frozen=True)
class ClipSamples:
    """Clips drawn at random; an epoch is as many as fit into the footage side by side."""

    footage: ObjectFootage
    settings: ObjectClipSettings
    anchor: bool
    """Whether a frame for the reference comes first."""

    def __len__(self) -> int:
        return max(1, len(self.footage) // self.settings.length)

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        settings = self.settings.model_copy(
            update={
                "size_hw": conditions.size_hw,
                "length": conditions.clip_length,
                "stride": conditions.frame_stride,
            }
        )
        rng = np.random.default_rng([seed, number])
        clip = draw_object_clip(self.footage, settings, rng, anchor=self.anchor)
        return {"frames": clip.frames, "labels": clip.labels, "name": str(number)}


class RVOSObjective(nn.Module):
    """The losses of a batch. A backbone that does not learn is computed by a faster copy of it."""

    def __init__(self, network: RVOSNetwork, settings: ObjectiveSettings, slots: int) -> None:
        super().__init__()
        self.network = network
        self._settings, self._slots = settings, slots
        # In a tuple, so that it is no part of what is trained.
        self._frozen = (for_inference(network.encoder.backbone),)

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        frozen = "encoder.backbone" in conditions.frozen or "encoder" in conditions.frozen
        return objective(
            self.network,
            as_values(batch["frames"]),
            batch["labels"],
            draw_fed(conditions, conditions.clip_length),
            self._settings,
            slots=self._slots,
            backbone=self._features if frozen else None,
        )

    def _features(self, frames: Tensor) -> dict[int, Tensor]:
        with torch.no_grad():
            maps: dict[int, Tensor] = self._frozen[0].to(frames.device)(frames)
        return maps


@dataclass(frozen=True)
class Validation:
    """Mean IoU of objects on clips of sequences that are not trained on, entered with predictions."""

    network: RVOSNetwork
    samples: ClipSamples
    conditions: Conditions
    slots: int

    def __call__(self) -> Mapping[str, float]:
        """The score by its name."""
        found = [self._score(number) for number in range(len(self.samples))]
        return {"iou": float(torch.cat(found).mean())}

    @torch.no_grad()
    def _score(self, number: int) -> Tensor:
        sample = self.samples.draw(0, number, self.conditions)
        device = next(self.network.parameters()).device
        labels = torch.from_numpy(sample["labels"])[None].to(device)
        looks = look_at(
            self.network, as_values(torch.from_numpy(sample["frames"])[None].to(device))
        )
        fed = [True] * len(looks)
        clip = unroll(self.network, looks, labels, fed, slots=self.slots)
        scores = []
        for logits, truth in zip(clip.logits[1:], clip.truth[1:], strict=True):
            shown, true = (logits > 0).flatten(1), (truth > 0).flatten(1)
            both, either = (shown & true).sum(1), (shown | true).sum(1)
            scores.append((both / either.clamp_min(1))[true.any(1)])
        return torch.cat(scores) if scores else torch.zeros(0)


def as_values(frames: Tensor) -> Tensor:
    """Frames ``batch time height width 3`` of bytes as ``batch time 3 height width`` in [0, 1]."""
    return frames.permute(0, 1, 4, 2, 3) / 255


def build(settings: TrainingSettings) -> Task:
    """The task of RVOS.

    Raises:
        SettingsError: A reference where there is none, or a sequence held out that is not in the split.
        WeightsError: The ImageNet weights of the backbone are not there, or weights to start from do not fit.
        NotFoundError: The footage is not there.
        InputError: It is not annotated.
    """
    model, clips = settings.model, settings.clips
    trained, held_out = _footage(settings.data)
    torch.manual_seed(settings.loop.seed)
    network = _network(model)
    defaults = Conditions(
        clip_length=clips.length, frame_stride=clips.stride, size_hw=clips.size_hw
    )
    validate = None
    if held_out is not None:
        plain = clips.model_copy(
            update={"flip": 0.0, "rotation_degrees": 0.0, "shift": 0.0, "shear": 0.0, "paste": 0.0}
            | {"zoom": (1.0, 1.0), "centre": 0.0, "colour": 0.0}
        )
        samples = ClipSamples(held_out, plain, anchor=False)
        validate = Validation(network, samples, defaults, model.slots)
    return Task(
        model_name=model.name,
        network=network,
        objective=RVOSObjective(network, settings.objective, model.slots),
        samples=ClipSamples(trained, clips, anchor=model.reference),
        uses=_USES,
        defaults=defaults,
        validate=validate,
        scores=("iou",) if validate else (),
        metadata=metadata(model),
    )


def _footage(data: DataSettings) -> tuple[ObjectFootage, ObjectFootage | None]:
    layout = find_layout(data.layout)
    sequences = layout.sequences(data.root, data.split)
    unknown = sorted(set(data.held_out) - {sequence.name for sequence in sequences})
    if unknown:
        raise SettingsError(
            f"data.held_out names {', '.join(unknown)}, which split {data.split!r} does not have; it has "
            f"{', '.join(sequence.name for sequence in sequences)}."
        )
    kind = layout.object_kind()

    def footage(chosen: Sequence[VideoSequence]) -> ObjectFootage:
        return ObjectFootage(chosen, kind, classes=data.classes, in_memory=data.in_memory)

    trained = footage([s for s in sequences if s.name not in data.held_out])
    return trained, footage(
        [s for s in sequences if s.name in data.held_out]
    ) if data.held_out else None


def _network(model: ModelSettings) -> RVOSNetwork:
    imagenet = model.imagenet and model.weights is None
    network = RVOSNetwork(model.name, model, pretrained=imagenet)
    if isinstance(network.encoder, LiteEncoder):
        if imagenet:
            network.encoder.backbone.load_imagenet()
        if model.pyramid:
            saved = read_weights(model.pyramid, model_name="segue-lite")
            neck = {k.removeprefix("neck."): v for k, v in saved.items() if k.startswith("neck.")}
            own = network.encoder.pyramid.state_dict()
            network.encoder.pyramid.load_state_dict({k: neck[k] for k in own})
    if model.weights:
        saved = read_weights(model.weights, model_name=model.name, expected=metadata(model))
        network.load_state_dict(saved)
    as_images: Any = {"memory_format": torch.channels_last}
    network.to(**as_images)
    return network
