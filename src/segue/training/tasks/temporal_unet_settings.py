"""What a training run of a temporal U-Net depends on."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import UInt8
from pydantic import Field, field_validator, model_validator

from segue.data.label_clips import LabelClipSettings
from segue.data.semantic_classes import CLASS_SETS
from segue.metrics.confusion import class_table
from segue.models.temporal_unet.settings import VARIANTS, TemporalUnetSettings
from segue.settings import Settings, look_up
from segue.training.tasks.catalog import RunSettings
from segue.types import VOID

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
