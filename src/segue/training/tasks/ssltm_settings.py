"""What a training run of SSLTM, or of one of its rivals, depends on."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import UInt8
from pydantic import Field, SerializeAsAny, model_validator

from segue.data.context_clips import ReferenceSettings
from segue.data.label_budget import LabelBudget
from segue.data.label_clips import LabelClipSettings
from segue.data.semantic_classes import CLASS_SETS
from segue.data.strong_views import StrongViewSettings
from segue.errors import SettingsError
from segue.metrics.confusion import class_table
from segue.settings import Settings
from segue.training.tasks.catalog import RunSettings
from segue.training.tasks.scene_networks import Family, find_family

Weight = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class MoreFrames(Settings):
    """Videos that are only looked at: their labels, if they have any, are not used."""

    layout: Literal["camvid", "cityscapes", "vspw"]
    root: Path
    split: str = "train"


class DataSettings(Settings):
    """Where the videos are, and how many labels count."""

    layout: Literal["camvid", "cityscapes", "vspw"] = "camvid"
    root: Path
    split: str = "train"
    validation_split: str | None = "val"
    """``None``: nothing is scored in training."""
    labels: LabelBudget = LabelBudget()
    """Which labels count; frames without count as unlabelled."""
    unlabelled: MoreFrames | None = None
    """Frames beside those that the label budget leaves without label."""
    videos: tuple[str, ...] | None = None
    """Names of the videos to learn from; ``None``: all of the split."""
    validation_videos: tuple[str, ...] | None = None
    """Names of the videos to score; ``None``: all of the validation split. With both, a drive is left out."""
    pseudo: Path | None = None
    """Folder of pseudo-labels that stand in for labels, see ``segue.training.tasks.pseudo_labels``."""
    in_memory: bool = False
    """Decode everything once; for data sets that fit."""

    @property
    def table(self) -> UInt8[np.ndarray, " 256"]:
        """Class by stored label value; void is 255."""
        return class_table(CLASS_SETS[self.layout].class_of)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of the classes, in their order."""
        return CLASS_SETS[self.layout].names


class ClipSettings(LabelClipSettings):
    """What samples look like; the answered frame is always the last one of its clip."""

    length: Count = 2
    """Frames of a clip; a network that looks at fewer gets fewer."""
    reverse: Share = 0.0
    """Share of the clips that run backwards in time (VSPW's baselines: 0.5)."""
    reference: ReferenceSettings = ReferenceSettings()
    views: Count | None = None
    """So many fixed views of each frame, in turn: the same ones for every seed, and, without noise, for clips of any
    length; ``None``: a new one each time."""


class ObjectiveSettings(Settings):
    """What is minimised on labelled frames."""

    auxiliary: Weight = 0.4
    """Weight of the cross-entropy of the second head (VSPW's baselines)."""
    centres: Weight = 1.0
    """Weight of the squared distance of the centres to the features of their class (ours)."""
    balance: Share = 0.0
    """Weight of a class by its frequency to the power of minus this; 0 treats all pixels alike."""
    maps: Path | None = None
    """Folder of maps of fixed views, which runs with the same frozen trunk share; of EfficientNet-Lite0 some 6 bytes a
    pixel."""


class CentreSettings(Settings):
    """How the centres of the data set begin, and what becomes of dead ones (ours)."""

    start: Count = 500
    """Steps after which they begin, as the clusters of features; until then the network passes them over."""
    frames: Count = 64
    """Labelled frames whose features are gathered for that, evenly spaced."""
    size_hw: tuple[int, int] | None = None
    """Size at which they are seen, whole; ``None``: that of clips. Clips that are windows of frames at their own scale
    want the size of frames here."""
    cells: Count = 2000
    """Features of a class that are clustered, at most, evenly spaced."""
    patience: Count = 200
    """Steps with features of its class, but none for it, after which a centre gets a new place."""
    unlabelled: bool = False
    """Learn from the teacher's labels, too."""


class TeacherSettings(Settings):
    """The mean teacher, an average of the student that labels what has no labels (ours; the paper tells no details)."""

    batch: Count = 2
    """Unlabelled clips beside the labelled ones of a batch."""
    decay: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Of the average; lower in the first steps, min(1 - 1 / (step + 1), decay)."""
    weight: Weight = 1.0
    """Of the loss of unlabelled clips, after the ramp."""
    ramp: Annotated[int, Field(ge=0)] = 150
    """Steps over which the weight rises, as exp(-5 (1 - step / ramp)^2)."""
    threshold: Share = 0.9
    """A pixel teaches where the teacher is so sure; the loss is averaged over all pixels, so that unsure clips teach
    less."""
    targets: Literal["hard", "soft"] = "hard"
    """``hard``: cross-entropy with the surest class; ``soft``: squared difference of probabilities, of all pixels."""
    cutmix: Share = 1.0
    """Share of the batches in which a box of each clip comes from another one, the same box in all its frames."""
    strong: StrongViewSettings = StrongViewSettings()


class IterativeSettings(Settings):
    """The rival of the mean teacher: train, write what the network says as labels, train anew."""

    threshold: Share = 0.9
    """A pixel gets a label where the network is so sure."""


class TrainingSettings(RunSettings):
    """Everything that a run depends on."""

    task: Literal["ssltm"] = "ssltm"
    learn: Literal["supervised", "teacher", "iterative"] = "supervised"
    """From labelled frames alone, from all with a mean teacher, or from all in two rounds."""
    variant: str = "ssltm"
    """Where the settings of the model start: a name of ``segue.training.tasks.scene_networks``."""
    model: SerializeAsAny[Settings]
    imagenet: bool = True
    """Begin with ImageNet weights of the trunk."""
    begin: Path | None = None
    """Begin with weights of a network that has the same parts, or some of them."""
    data: DataSettings
    clips: ClipSettings = ClipSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    centres: CentreSettings = CentreSettings()
    teacher: TeacherSettings = TeacherSettings()
    iterative: IterativeSettings = IterativeSettings()

    @model_validator(mode="before")
    @classmethod
    def _fill_model(cls, values: Any) -> Any:
        """The variant's settings with the classes of the data, where the file does not say otherwise."""
        data, model = values.get("data", {}), values.get("model", {})
        if not isinstance(data, dict) or not isinstance(model, dict):
            return values
        name = str(values.get("variant", "ssltm"))
        layout = data.get("layout", "camvid")
        classes = {"classes": CLASS_SETS[layout].names} if layout in CLASS_SETS else {}
        return {**values, "model": find_family(name).settings(name, {**classes, **model})}

    @model_validator(mode="after")
    def _maps_can_be_kept(self) -> "TrainingSettings":
        if self.objective.maps is None:
            return self
        if self.clips.views is None:
            raise ValueError("objective.maps needs views that come again: set clips.views")
        if not self.stages or any("trunk" not in (stage.frozen or ()) for stage in self.stages):
            raise ValueError(
                'objective.maps needs a trunk that rests: frozen = ["trunk"] in all stages'
            )
        return self

    @property
    def family(self) -> Family:
        """How the network is made."""
        return find_family(self.variant)

    def model_setting(self, name: str, otherwise: Any) -> Any:
        """A setting of the model that only some families have."""
        return getattr(self.model, name, otherwise)

    @property
    def has_reference(self) -> bool:
        """Whether the network is shown another frame far away."""
        return bool(self.model_setting("reference", "self") != "self")


def check_classes(settings: TrainingSettings) -> None:
    """Refuse a model whose classes are not those of the data.

    Raises:
        SettingsError: Their numbers differ.
    """
    names, found = settings.data.class_names, settings.model_setting("classes", ())
    if len(found) != len(names):
        raise SettingsError(
            f"model.classes names {len(found)} classes, the labels of {settings.data.layout} have {len(names)}. "
            "Leave model.classes out to take those of the data."
        )
