"""Train a temporal U-Net: labelled frames of videos -> clips around them -> cross-entropy, and what may be added."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8
from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn

from segue.data.catalog import find_layout
from segue.data.label_clips import LabelClipSettings, LabelFootage, draw_record, render
from segue.data.semantic_classes import CLASS_SETS
from segue.errors import SettingsError
from segue.metrics.confusion import ConfusionTally, class_table, confusion
from segue.metrics.consistency import ConsistencyMeter, ConsistencyTally
from segue.metrics.flicker import FlickerMeter, FlickerTally
from segue.models.temporal_unet import objective
from segue.models.temporal_unet.build import create_network
from segue.models.temporal_unet.model import TemporalUnetModel
from segue.models.temporal_unet.motion import find_motion, grey_of
from segue.models.temporal_unet.network import TemporalUnet
from segue.models.temporal_unet.settings import VARIANTS, TemporalUnetSettings
from segue.nn.flow import find_flow
from segue.nn.weights import load_weights
from segue.settings import Settings, look_up
from segue.training.curriculum import Conditions
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.catalog import RunSettings
from segue.types import VOID, Frame, Labels

_FLICKER_FPS = 15.0
Weight = Annotated[float, Field(ge=0)]


class DataSettings(Settings):
    """Where the labelled videos are."""

    layout: Literal["camvid", "cityscapes", "vspw"] = "camvid"
    root: Path
    split: str = "train"
    validation_split: str = "val"
    void_class: bool = False
    """Learn and score void as one more class, the last one, as the report does on Cityscapes."""
    in_memory: bool = False
    """Decode everything once; for data sets that fit."""


class ObjectiveSettings(Settings):
    """What is minimised."""

    supervise: Literal["labelled", "all"] = "labelled"
    """Cross-entropy on the one labelled frame that the clip was built around (the report), or on all that have
    labels."""
    smoothness: Weight = 0.0
    """Weight of the difference between the probabilities of successive frames."""
    warped_smoothness: Weight = 0.0
    """Weight of the same along the optical flow, where pixels are visible in both (ETC uses 0.1 on logits)."""
    mixup: Weight = 0.0
    """Parameter of the Beta distribution of mixup; 0 mixes nothing."""
    balance: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Weight of a class by its frequency to the power of minus this; 0 treats all pixels alike."""


class ValidationSettings(Settings):
    """What is scored after an epoch."""

    clip_length: Annotated[int, Field(ge=1)] | None = None
    """Frames seen for each scored frame; ``None`` streams whole videos, as ``segue label`` does."""
    position: Literal["uniform"] | Annotated[int, Field(ge=0)] = "uniform"
    """Index of the scored frame in its clip: anywhere but first, the same at every validation, or fixed."""
    resize: bool = False
    """Score at the size of the training clips, as the report does; otherwise at the size of the frames."""


class TrainingSettings(RunSettings):
    """Everything that a run of a temporal U-Net depends on."""

    task: Literal["temporal-unet"] = "temporal-unet"
    variant: str = "temporal-unet"
    """Where the settings of the model start: ``temporal-unet`` or ``temporal-unet-lite``."""
    model: TemporalUnetSettings
    imagenet: bool = True
    """Begin with ImageNet weights, where the encoder has them."""
    begin: Path | None = None
    """Begin with weights of a network of the same encoder and decoder, such as the frame-by-frame one."""
    data: DataSettings
    clips: LabelClipSettings = LabelClipSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    validation: ValidationSettings = ValidationSettings()

    @model_validator(mode="before")
    @classmethod
    def _fill_model(cls, values: Any) -> Any:
        """The variant's settings, and the classes of the data, where the file does not say otherwise."""
        data, model = values.get("data", {}), values.get("model", {})
        if not isinstance(data, dict) or not isinstance(model, dict):
            return values
        known = dict(VARIANTS.get(values.get("variant", "temporal-unet"), {}))
        layout = data.get("layout", "camvid")
        if layout in CLASS_SETS:
            void = ("void",) if data.get("void_class") else ()
            known["classes"] = (*CLASS_SETS[layout].names, *void)
        return {**values, "model": {**known, **model}}

    @field_validator("variant")
    @classmethod
    def _known_variant(cls, name: str) -> str:
        look_up(VARIANTS, "temporal U-Net", name)
        return name

    @model_validator(mode="after")
    def _mixable(self) -> "TrainingSettings":
        alone = self.objective.supervise == "labelled" and self.clips.position == "uniform"
        if self.objective.mixup and alone:
            raise ValueError(
                "mixup blends labelled frames, which must be at one place in all clips: set "
                "clips.position to a number, or objective.supervise to 'all'"
            )
        return self


def label_table(data: DataSettings) -> UInt8[np.ndarray, " 256"]:
    """Class by stored label value; void is 255, or the last class."""
    classes = CLASS_SETS[data.layout]
    table = class_table(classes.class_of)
    if data.void_class:
        table[table == VOID] = len(classes.names)
    return table


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


@dataclass(frozen=True)
class Passage:
    """Frames that are streamed for the sake of some scored ones."""

    sequence: int
    frames: range
    scored: frozenset[int]


def passages(
    footage: LabelFootage, settings: ValidationSettings, seed: int = 0
) -> Iterator[Passage]:
    """What a validation streams: whole videos, or a clip for each labelled frame."""
    if settings.clip_length is None:
        for number, sequence in enumerate(footage.sequences):
            scored = frozenset(index for other, index in footage.labelled if other == number)
            if scored:
                yield Passage(number, range(len(sequence.frame_paths)), scored)
        return
    rng = np.random.default_rng(seed)
    for number, index in footage.labelled:
        last = settings.clip_length - 1
        drawn = int(rng.integers(1, last + 1)) if last else 0
        position = drawn if settings.position == "uniform" else min(settings.position, last)
        yield Passage(number, range(max(0, index - position), index + 1), frozenset({index}))


class Validation:
    """Scores of a network on labelled videos, by the counts that ``segue evaluate`` uses."""

    def __init__(
        self, network: TemporalUnet, settings: TrainingSettings, footage: LabelFootage
    ) -> None:
        self._network, self._settings, self._footage = network, settings, footage

    def __call__(self) -> Mapping[str, float]:
        """The mean IoU first; consistency where frames follow one another."""
        model = TemporalUnetModel(
            self._settings.variant, self._network.float(), self._settings.model
        )
        num_classes = len(self._settings.model.classes)
        counts = ConfusionTally.empty(num_classes)
        steady, flicker = ConsistencyTally(), FlickerTally()
        for passage in passages(self._footage, self._settings.validation):
            meter, flips = ConsistencyMeter(), FlickerMeter(_FLICKER_FPS)
            for predicted, truth in self._stream(model, passage):
                counts += confusion(predicted, truth, num_classes)
                meter.add(predicted, truth)
                flips.add(predicted)
            steady, flicker = steady + meter.tally, flicker + flips.tally
        scores = {"miou": counts.mean_iou, "pixel_accuracy": counts.pixel_accuracy}
        if self._settings.data.void_class:
            scores |= _with_and_without_void(counts)
        if steady.windows and steady.windows[8].plain:
            scores |= {"vc8": steady.plain(8), "flips_per_second": flicker.flips_per_second}
        return scores

    def _stream(
        self, model: TemporalUnetModel, passage: Passage
    ) -> Iterator[tuple[Labels, Labels]]:
        state = None
        for index in passage.frames:
            frame, truth = self.sized(*self._footage.read(passage.sequence, index))
            if state is None:
                prediction, state = model.start(frame)
            else:
                prediction, state = model.step(frame, state)
            if index in passage.scored and truth is not None:
                yield prediction.labels, truth

    def sized(
        self, frame: Frame, truth: Labels | None
    ) -> tuple[
        UInt8[np.ndarray, "scored_height scored_width 3"],
        UInt8[np.ndarray, "scored_height scored_width"] | None,
    ]:
        """A frame and its labels at the size at which they are scored."""
        if not self._settings.validation.resize:
            return frame, truth
        size_wh = self._settings.clips.size_hw[::-1]
        small: np.ndarray = cv2.resize(frame, size_wh, interpolation=cv2.INTER_LINEAR)
        if truth is None:
            return small, None
        labels: np.ndarray = cv2.resize(truth, size_wh, interpolation=cv2.INTER_NEAREST)
        return small, labels


def _with_and_without_void(counts: ConfusionTally) -> dict[str, float]:
    """What the report prints, and what the benchmark scores, where void was learned as the last class."""
    # The row and the column of the last class become those of pixels that are, or are called, no class.
    official = ConfusionTally(counts.counts[:-1, :-1])
    return {
        "miou_smoothed": counts.smoothed_mean_iou,
        "mean_binary_accuracy": counts.mean_binary_accuracy,
        "miou_without_void": official.mean_iou,
        "class_accuracy_without_void": official.class_accuracy,
    }


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
        load_weights(network, settings.begin, model_name=settings.variant, strict=False)
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
