"""Train SSLTM, or a rival, from few labels: supervised, with a mean teacher, or in two rounds with pseudo-labels."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor, nn

from segue.data.label_budget import left_out
from segue.data.label_clips import LabelFootage
from segue.errors import InputError, SettingsError
from segue.models.ssltm.centres import Centres
from segue.nn.weights import load_weights
from segue.training.curriculum import Conditions
from segue.training.plan import Plan
from segue.training.task import Stream, Task
from segue.training.tasks.mean_teacher import MeanTeacher
from segue.training.tasks.ssltm_footage import (
    class_pixels,
    training_footage,
    validation_footage,
)
from segue.training.tasks.ssltm_objective import UNLABELLED, SceneObjective
from segue.training.tasks.ssltm_rounds import prepare
from segue.training.tasks.ssltm_samples import ContextSamples
from segue.training.tasks.ssltm_settings import TrainingSettings, check_classes
from segue.training.tasks.ssltm_steps import AfterStep, Gathering
from segue.training.tasks.ssltm_validation import SCORES, SceneValidation

__all__ = ["TrainingSettings", "build", "create", "prepare"]

_CALM = {"colour": 0.0, "frame_light": 0.0, "noise": 0.0}
"""What makes the teacher's view a weak one: mirrors, crops and zooms stay."""


def build(settings: TrainingSettings) -> Task:
    """The task of SSLTM, or of a rival.

    Raises:
        WeightsError: ImageNet weights that are not installed, or weights to begin with that do not fit.
        NotFoundError: The data are not there.
        MaskError: A label file that cannot be used; it is named.
        InputError: The label budget leaves no label, or there is nothing without labels for the teacher.
        SettingsError: The classes do not fit the data, the size of the clips the network, or the length of the run
            the centres.
    """
    check_classes(settings)
    footage = training_footage(settings.data)
    unlabelled = footage.unlabelled
    if settings.learn == "teacher" and not unlabelled:
        raise InputError(
            f"The teacher has nothing to teach: all {len(footage)} frames have labels that count. Set a smaller label "
            'budget, give more frames with data.unlabelled, or set learn to "supervised".'
        )
    pixels = class_pixels(footage, len(settings.data.class_names))
    _say_left_out(settings, footage, pixels)
    network = create(settings)
    teacher = MeanTeacher(network, settings.teacher.decay) if settings.learn == "teacher" else None
    objective = _objective(settings, network, teacher, pixels)
    length = settings.family.clip_length(network, settings.clips.length)
    task = Task(
        model_name=settings.variant,
        network=network,
        objective=objective,
        samples=ContextSamples(footage, footage.labelled, settings.clips, settings.has_reference),
        uses=frozenset({"size_hw"}),
        defaults=Conditions(clip_length=length, size_hw=settings.clips.size_hw),
        validate=_validation(settings, teacher.network if teacher else network),
        scores=SCORES if settings.data.validation_split else (),
        metadata=settings.model_setting("trained_with", None),
        streams=_streams(settings, footage) if teacher else {},
        kept={"teacher": teacher} if teacher else {},
        after_step=_after_step(settings, network, objective, teacher, footage),
        shipped=teacher.network if teacher else None,
    )
    _check_length(settings, task)
    return task


def create(settings: TrainingSettings) -> nn.Module:
    """The network as it begins to learn.

    Raises:
        WeightsError: ImageNet weights that are not installed, or weights to begin with that do not fit.
        SettingsError: The size of the clips does not fit it.
    """
    torch.manual_seed(settings.loop.seed)
    network = settings.family.network(settings.model, imagenet=settings.imagenet)
    _check_sizes(settings, int(getattr(network, "multiple", 1)))
    if settings.begin is not None:
        load_weights(network, settings.begin, model_name=settings.variant, strict=False)
    as_images: Any = {"memory_format": torch.channels_last}
    network.to(**as_images)
    return network


def _validation(settings: TrainingSettings, network: nn.Module) -> SceneValidation | None:
    if settings.data.validation_split is None:
        return None
    return SceneValidation(network, settings, validation_footage(settings.data))


def _streams(settings: TrainingSettings, footage: LabelFootage) -> Mapping[str, Stream]:
    weak = settings.clips.model_copy(update=_CALM)
    samples = ContextSamples(
        footage, footage.unlabelled, weak, settings.has_reference, settings.teacher.strong
    )
    return {UNLABELLED: Stream(samples, settings.teacher.batch)}


def _objective(
    settings: TrainingSettings,
    network: nn.Module,
    teacher: MeanTeacher | None,
    pixels: Int64[np.ndarray, " classes"],
) -> SceneObjective:
    return SceneObjective(
        settings.family,
        network,
        settings.objective,
        class_weights=_class_weights(pixels, settings.objective.balance),
        centres=_centres(network),
        teacher=teacher,
        teaching=settings.teacher,
        teach_centres=settings.centres.unlabelled,
    )


def _after_step(
    settings: TrainingSettings,
    network: nn.Module,
    objective: SceneObjective,
    teacher: MeanTeacher | None,
    footage: LabelFootage,
) -> AfterStep:
    gathering = Gathering(
        settings.family,
        footage,
        settings.centres.size_hw or settings.clips.size_hw,
        settings.clips.reference,
        settings.has_reference,
        settings.centres,
    )
    num_classes = len(settings.data.class_names)
    return AfterStep(
        network,
        objective,
        _centres(network),
        gathering,
        teacher,
        num_classes,
        settings.loop.seed,
    )


def _centres(network: nn.Module) -> Centres | None:
    """Its centres of classes, if it has some."""
    return next((part for part in network.children() if isinstance(part, Centres)), None)


def _say_left_out(
    settings: TrainingSettings, footage: LabelFootage, pixels: Int64[np.ndarray, " classes"]
) -> None:
    missing = left_out(pixels.tolist(), settings.data.class_names)
    if missing:
        warnings.warn(
            f"None of the {len(footage)} labels that count shows {', '.join(missing)}: the network cannot learn "
            f"{'it' if len(missing) == 1 else 'them'}, and will not name {'it' if len(missing) == 1 else 'them'}. "
            "Training goes on with the other classes; set a larger label budget to have all.",
            stacklevel=3,
        )


def _class_weights(pixels: Int64[np.ndarray, " classes"], balance: float) -> Tensor | None:
    if not balance:
        return None
    shares = pixels / max(1, pixels.sum())
    weights = np.maximum(shares, 1e-4) ** -balance
    return torch.from_numpy((weights / (weights * shares).sum()).astype(np.float32))


def _check_sizes(settings: TrainingSettings, multiple: int) -> None:
    sizes = {"clips": settings.clips.size_hw}
    if settings.centres.size_hw:
        sizes["centres"] = settings.centres.size_hw
    sizes |= {f"stages.{i}": s.size_hw for i, s in enumerate(settings.stages) if s.size_hw}
    for place, size_hw in sizes.items():
        if any(side % multiple for side in size_hw):
            near = [max(1, round(side / multiple)) * multiple for side in size_hw]
            raise SettingsError(
                f"{place}.size_hw = {list(size_hw)}: this network needs multiples of {multiple}, such as {near}."
            )


def _check_length(settings: TrainingSettings, task: Task) -> None:
    if _centres(task.network) is None:
        return
    plan = Plan(settings.loop, settings.optimiser, settings.schedule, settings.stages)
    num_steps = plan.curriculum(task).num_steps
    if settings.centres.start >= num_steps:
        raise SettingsError(
            f"The centres begin after step {settings.centres.start}, and the run ends after step {num_steps}: they "
            "would never be used. Lower centres.start, or set model.centres to 0."
        )
