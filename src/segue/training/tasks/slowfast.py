"""Train SlowFast VOS: the detector alone, on frames, or the module and the heads, on windows of frames.

Both stages are this task: without ``model.module`` a window is one frame, and all that is in the detector may learn;
with the module, ``stages.frozen`` says what stays as the detector left it (in the paper backbone and proposals).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import model_validator

from segue.data.scene_windows import WindowSettings
from segue.models.slowfast.build import create_network
from segue.models.slowfast.network import SlowFastNetwork
from segue.models.slowfast.pretrained import start_from_detector, start_from_segue_lite
from segue.models.slowfast.settings import LITE, SlowFastSettings, variant
from segue.training.curriculum import Conditions
from segue.training.task import Task
from segue.training.tasks.catalog import RunSettings
from segue.training.tasks.slowfast_objective import ObjectiveSettings, SlowFastObjective
from segue.training.tasks.slowfast_samples import DataSettings, samples_of
from segue.training.tasks.slowfast_validation import SCORES, Validation, ValidationSettings


class ModelSettings(SlowFastSettings):
    """What is trained, and from where. What is not given is as the model has it."""

    name: Literal["slowfast", "slowfast-lite"] = "slowfast-lite"
    initial: Path | None = None
    """The detector to begin with: weights of this model, or a ``.pth`` file of torchvision (``slowfast``). ``None``:
    ``slowfast-lite`` begins with backbone and pyramid of segue-lite, ``slowfast`` with random weights."""

    @model_validator(mode="before")
    @classmethod
    def _as_the_model(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {**variant(values.get("name", LITE), {}).model_dump(), **values}


class TrainingSettings(RunSettings):
    """Everything that a run of SlowFast VOS depends on."""

    task: Literal["slowfast"] = "slowfast"
    data: DataSettings
    scenes: WindowSettings = WindowSettings()
    """What drawn scenes look like; of footage as it is only the size holds."""
    model: ModelSettings = ModelSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    validation: ValidationSettings | None = None


def build(settings: TrainingSettings) -> Task:
    """The task of SlowFast VOS.

    Raises:
        WeightsError: The weights to begin with do not fit.
        NotFoundError: The pictures or the weights to begin with are not there.
        InputError: There is nothing to learn from.
        SettingsError: Footage as it is needs to be one; a sequence that is held out or scored is not there.
    """
    model, scenes = settings.model, settings.scenes
    network = _network(model, settings.loop.seed)
    validate = None
    if settings.validation is not None:
        validate = Validation(network, settings.validation, scenes.size_hw)
    uses = {"size_hw", "footage"} if settings.data.drawn else {"size_hw"}
    return Task(
        model_name=model.name,
        network=network,
        objective=SlowFastObjective(network, settings.objective),
        samples=samples_of(settings.data, scenes, model.window),
        uses=frozenset(uses),
        defaults=Conditions(size_hw=scenes.size_hw, footage=scenes.footage, frozen=_frozen(model)),
        validate=validate,
        scores=SCORES if validate else (),
        metadata=model.trained_with,
    )


def _frozen(model: ModelSettings) -> tuple[str, ...]:
    """What does not learn where no stage says anything."""
    if model.module:
        return ("backbone", "rpn")
    if model.name == LITE:
        return ("backbone.body",)
    return ("backbone.body.conv1", "backbone.body.layer1")


def _network(model: ModelSettings, seed: int) -> SlowFastNetwork:
    fields = SlowFastSettings.model_fields
    own = SlowFastSettings.parse({**model.model_dump(include=set(fields)), "seed": seed})
    network = create_network(model.name, own)
    if model.initial is not None:
        start_from_detector(network, model.name, model.initial)
    elif model.name == LITE:
        start_from_segue_lite(network)
    as_images: Any = {"memory_format": torch.channels_last}
    for part in (
        network.backbone,
        network.rpn,
        network.roi_heads,
    ):  # the module's weights have an axis more
        part.to(**as_images)
    return network
