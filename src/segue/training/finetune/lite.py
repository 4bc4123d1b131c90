"""Fine-tune segue-lite: from one masked frame to another, on its own predictions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from segue.data.clips import damage
from segue.data.given_clips import GivenClipSettings, MaskedFrame, draw_given_clip
from segue.models.lite.network import LiteNetwork
from segue.models.lite.objective import ObjectiveSettings
from segue.models.lite.sizes import working_hw
from segue.training.finetune.footage import Footage
from segue.training.finetune.learner import Learner, begun
from segue.training.finetune.learning import clip_size
from segue.training.finetune.settings import FinetuneSettings
from segue.training.task import Sample, Task
from segue.training.tasks.lite import LiteObjective

_NAME = "segue-lite"
_PIXELS = 320 * 448
_RUN = 3
_PREVIOUS_LOST = 0.1
"""Share of objects that enter the run without a mask of the frame before it."""


def _sample(
    masked: Sequence[MaskedFrame], settings: GivenClipSettings, rng: np.random.Generator
) -> Sample:
    clip = draw_given_clip(masked, settings, rng)
    order = np.r_[0, 2 : len(clip.frames)]
    return {
        "frames": clip.frames[order],
        "labels": clip.labels[order],
        "previous": _previous(clip.labels[1], rng),
    }


def _previous(
    labels: UInt8[np.ndarray, "height width"], rng: np.random.Generator
) -> UInt8[np.ndarray, "height width"]:
    """What is known of the frame before the run, with the faults that predictions have."""
    previous = np.zeros_like(labels)
    for number in np.unique(labels[labels > 0]):
        if rng.random() >= _PREVIOUS_LOST:
            previous[damage(labels == number, rng)] = number
    return previous


def build(footage: Footage, settings: FinetuneSettings, weights: Path) -> Task:
    """The task.

    Raises:
        WeightsError: The weights to begin with belong to another model.
    """
    network = begun(_NAME, LiteNetwork, settings, weights)
    seen_hw = working_hw(footage.size_hw, None)
    clips = settings.clips(clip_size(seen_hw, _PIXELS), _RUN + 1)
    learner = Learner(_NAME, network, LiteObjective(network, ObjectiveSettings()))
    return learner.from_clips(footage.masked, seen_hw, clips, _sample)
