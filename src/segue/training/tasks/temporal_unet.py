"""Train a temporal U-Net: labelled frames of videos -> clips around them -> cross-entropy, and what may be added."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor, nn

from segue.data.catalog import find_layout
from segue.data.label_clips import LabelClipSettings, LabelFootage, draw_record, render
from segue.data.semantic_classes import CLASS_SETS
from segue.errors import SettingsError
from segue.models.temporal_unet import objective
from segue.models.temporal_unet.build import create_network
from segue.models.temporal_unet.network import TemporalUnet
from segue.nn.flow import find_flow
from segue.nn.motion import find_motion, grey_of
from segue.nn.weights import load_weights
from segue.training.curriculum import Conditions
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.temporal_unet_settings import (
    ObjectiveSettings,
    TrainingSettings,
    label_table,
)
from segue.training.tasks.temporal_unet_validation import SCORES, Validation
from segue.types import VOID

__all__ = ["TrainingSettings", "build"]


@dataclass(frozen=True)
class LabelClipSamples:
    """Clips around the labelled frames, each once an epoch, in a new order every time."""

    footage: LabelFootage
    settings: LabelClipSettings
    with_flow: bool
    with_motion: bool

    def __len__(self) -> int:
        return len(self.footage)

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        settings = self.settings.model_copy(
            update={
                "length": conditions.clip_length,
                "stride": conditions.frame_stride,
                "size_hw": conditions.size_hw,
            }
        )
        labelled = _order(seed, number // len(self), len(self))[number % len(self)]
        rng = np.random.default_rng([seed, number])
        record = draw_record(self.footage, labelled, settings, rng)
        clip = render(self.footage, record)
        sequence = self.footage.sequences[record.sequence]
        sample: Sample = {
            "frames": clip.frames,
            "labels": clip.labels,
            "labelled": np.array(clip.labelled),
            "name": f"{sequence.name}/{sequence.frame_paths[record.frames[record.labelled]].stem}",
        }
        if self.with_flow:
            find = find_flow("dis")
            pairs = zip(clip.frames[1:], clip.frames[:-1], strict=True)
            flows = [find(later, earlier).transpose(2, 0, 1) for later, earlier in pairs]
            sample["flow"] = np.stack(flows)
        if self.with_motion:
            sample["motion"] = _motion(clip.frames)
        return sample


def _motion(frames: UInt8[np.ndarray, "time height width 3"]) -> Float32[np.ndarray, "time 2 _ _"]:
    """What a streaming model finds between the frames; the first is compared with itself."""
    grey = [grey_of(frame) for frame in frames]
    pairs = zip(grey, [grey[0], *grey[:-1]], strict=True)
    return np.stack([find_motion(frame, before).numpy() for frame, before in pairs])


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, length: int) -> tuple[int, ...]:
    return tuple(np.random.default_rng([seed, epoch]).permutation(length).tolist())


class LabelObjective(nn.Module):
    """The losses of a batch of clips."""

    def __init__(
        self, network: TemporalUnet, settings: ObjectiveSettings, weights: Tensor | None
    ) -> None:
        super().__init__()
        self.network = network
        self._settings = settings
        self._weights = weights

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        settings = self._settings
        frames = batch["frames"].permute(0, 1, 4, 2, 3) / 255
        labels, times, motion = batch["labels"], batch["labelled"], batch.get("motion")
        mixup = None
        if settings.mixup:
            rng = np.random.default_rng(int(torch.randint(2**31, (1,))))
            mixup = objective.draw_mixup(len(frames), settings.mixup, rng)
            frames = objective.mix(frames, mixup)
        alone = settings.supervise == "labelled"
        smooth = bool(settings.smoothness or settings.warped_smoothness)
        if alone:
            labels = labels[torch.arange(len(labels), device=labels.device), times]
        if alone and not smooth:
            logits = self.network.at(frames, times, motion=motion)
            return {"cross_entropy": self._cross_entropy(logits, labels, mixup)}
        clips = self.network(frames, motion=motion)
        rows = torch.arange(len(clips), device=clips.device)
        logits = clips[rows, times] if alone else clips
        losses = {"cross_entropy": self._cross_entropy(logits, labels, mixup)}
        if settings.smoothness:
            losses["smoothness"] = settings.smoothness * objective.smoothness(clips.softmax(2))
        if settings.warped_smoothness:
            flow = batch["flow"]
            visible = objective.visibility(frames, flow)
            warped = objective.warped_smoothness(clips, flow, visible)
            losses["warped_smoothness"] = settings.warped_smoothness * warped
        return losses

    def _cross_entropy(
        self, logits: Tensor, labels: Tensor, mixup: objective.Mixup | None
    ) -> Tensor:
        weights = None if self._weights is None else self._weights.to(logits.device)
        if mixup is None:
            return objective.cross_entropy(logits, labels, weights=weights)
        return objective.mixed_cross_entropy(logits, labels, mixup, weights=weights)


def build(settings: TrainingSettings) -> Task:
    """The task of a temporal U-Net.

    Raises:
        WeightsError: ImageNet weights that are not installed, or weights to begin with that do not fit.
        NotFoundError: The data are not there.
        MaskError: A label file that cannot be used; it is named.
        SettingsError: The list of classes does not fit the data, or the size of the clips the network.
    """
    data, table = settings.data, label_table(settings.data)
    expected = len(set(table.tolist()) - {VOID})
    if len(settings.model.classes) != expected:
        raise SettingsError(
            f"model.classes names {len(settings.model.classes)} classes, the labels of {data.layout} "
            f"have {expected}. Leave model.classes out to take those of the data."
        )
    layout = find_layout(data.layout)
    torch.manual_seed(settings.loop.seed)
    network = create_network(settings.model, imagenet=settings.imagenet)
    _check_sizes(settings, network.multiple)
    footage, held_out = (
        LabelFootage(
            layout.sequences(data.root, split),
            table,
            values=CLASS_SETS[data.layout].values,
            in_memory=data.in_memory,
        )
        for split in (data.split, data.validation_split)
    )
    if settings.begin is not None:
        load_weights(
            network,
            settings.begin,
            model_name=settings.variant,
            strict=False,
            expected=settings.model.trained_with,
        )
    as_images: Any = {"memory_format": torch.channels_last}
    network.to(**as_images)
    return Task(
        model_name=settings.variant,
        network=network,
        objective=LabelObjective(network, settings.objective, _class_weights(settings, footage)),
        samples=LabelClipSamples(
            footage,
            settings.clips,
            with_flow=settings.objective.warped_smoothness > 0,
            with_motion=settings.model.align == "dis"
            and bool(network.cells or settings.model.blend),
        ),
        uses=frozenset({"clip_length", "frame_stride", "size_hw"}),
        defaults=Conditions(
            clip_length=settings.clips.length,
            frame_stride=settings.clips.stride,
            size_hw=settings.clips.size_hw,
        ),
        validate=Validation(network, settings, held_out),
        scores=SCORES,
        metadata=settings.model.trained_with,
    )


def _check_sizes(settings: TrainingSettings, multiple: int) -> None:
    sizes = {"clips": settings.clips.size_hw}
    sizes |= {
        f"stages.{i}": stage.size_hw for i, stage in enumerate(settings.stages) if stage.size_hw
    }
    for place, size_hw in sizes.items():
        if any(side % multiple for side in size_hw):
            near = [max(1, round(side / multiple)) * multiple for side in size_hw]
            raise SettingsError(
                f"{place}.size_hw = {list(size_hw)}: this network needs multiples of {multiple}, "
                f"such as {near}."
            )


def _class_weights(settings: TrainingSettings, footage: LabelFootage) -> Tensor | None:
    if not settings.objective.balance:
        return None
    pixels = np.zeros(256, np.int64)
    for sequence, index in footage.labelled:
        labels = footage.read(sequence, index)[1]
        assert labels is not None
        pixels += np.bincount(labels.ravel(), minlength=256)
    shares = pixels[: len(settings.model.classes)] / pixels.sum()
    weights = np.maximum(shares, 1e-4) ** -settings.objective.balance
    return torch.from_numpy((weights / (weights * shares).sum()).astype(np.float32))
