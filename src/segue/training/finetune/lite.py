"""Fine-tune segue-lite: from one masked frame to another, on its own predictions."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from segue.data.clips import damage
from segue.data.given_clips import GivenClipSettings, MaskedFrame, draw_given_clip
from segue.models.lite.network import LiteNetwork
from segue.models.lite.objective import ObjectiveSettings
from segue.models.lite.sizes import working_hw
from segue.nn.weights import load_weights
from segue.training.curriculum import Conditions
from segue.training.finetune.clips import Clips
from segue.training.finetune.footage import Footage
from segue.training.finetune.learning import as_images, at_size, clip_size
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
    torch.manual_seed(settings.seed)
    network = LiteNetwork()
    load_weights(network, weights, model_name=_NAME)
    as_images(network)
    seen_hw = working_hw(footage.size_hw, None)
    size_hw = clip_size(seen_hw, _PIXELS)
    masked = tuple(at_size(one, seen_hw) for one in footage.masked)
    return Task(
        model_name=_NAME,
        network=network,
        objective=LiteObjective(network, ObjectiveSettings()),
        samples=Clips(len(masked), partial(_sample, masked, settings.clips(size_hw, _RUN + 1))),
        uses=frozenset(),
        defaults=Conditions(size_hw=size_hw),
    )
