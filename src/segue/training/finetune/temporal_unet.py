"""Fine-tune temporal-unet-lite: frames whose every pixel has a class."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segue.data.given_clips import GivenClipSettings, MaskedFrame, draw_labelled_clip
from segue.models.temporal_unet.build import create_network
from segue.models.temporal_unet.settings import variant
from segue.training.curriculum import Conditions
from segue.training.finetune.footage import Footage
from segue.training.finetune.learner import Learner, begun
from segue.training.finetune.learning import clip_size
from segue.training.finetune.settings import FinetuneSettings
from segue.training.task import Sample, Task
from segue.training.tasks.temporal_unet import LabelObjective
from segue.training.tasks.temporal_unet_settings import ObjectiveSettings

_NAME = "temporal-unet-lite"
_PIXELS = 288 * 384
CLASSES = variant(_NAME).classes
"""What label maps may hold, by number."""


def _sample(
    masked: Sequence[MaskedFrame], settings: GivenClipSettings, rng: np.random.Generator
) -> Sample:
    """A single frame: the memory of this network is at its output, and has nothing to learn."""
    clip = draw_labelled_clip(masked, settings, rng)
    return {"frames": clip.frames, "labels": clip.labels, "labelled": np.array(0)}


def build(footage: Footage, settings: FinetuneSettings, weights: Path) -> Task:
    """The task.

    Raises:
        WeightsError: The weights to begin with belong to another model, or to other classes.
    """
    resolved = variant(_NAME, {"blend": 0.0})
    told = resolved.trained_with
    network = begun(_NAME, lambda: create_network(resolved), settings, weights, told)
    size_hw = clip_size(footage.size_hw, _PIXELS, network.multiple)
    objective = LabelObjective(network, ObjectiveSettings(supervise="all"), None)
    return Learner(_NAME, network, objective, told).from_clips(
        footage.masked,
        footage.size_hw,
        settings.clips(size_hw, 1),
        _sample,
        Conditions(size_hw=size_hw, clip_length=1),
    )
