"""Fine-tune rvos-lite: from one masked frame to another, on its own predictions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segue.data.given_clips import GivenClipSettings, MaskedFrame, draw_given_clip
from segue.models.rvos.build import metadata
from segue.models.rvos.network import RVOSNetwork
from segue.models.rvos.objective import ObjectiveSettings
from segue.models.rvos.settings import LITE, variant
from segue.training.curriculum import Conditions
from segue.training.finetune.footage import Footage
from segue.training.finetune.learner import Learner, begun
from segue.training.finetune.settings import FinetuneSettings
from segue.training.task import Sample, Task
from segue.training.tasks.rvos import RVOSObjective

_LENGTH = 4
_MOST_OBJECTS = 4
"""Of a clip; chance takes them from those that there are."""


def _sample(
    masked: Sequence[MaskedFrame], settings: GivenClipSettings, rng: np.random.Generator
) -> Sample:
    clip = draw_given_clip(masked, settings, rng)
    found = np.unique(clip.labels[0])
    chosen = rng.permutation(found[found > 0])[:_MOST_OBJECTS]
    slots = np.zeros(256, np.uint8)
    slots[chosen] = np.arange(1, len(chosen) + 1)
    return {"frames": clip.frames, "labels": slots[clip.labels]}


def build(footage: Footage, settings: FinetuneSettings, weights: Path) -> Task:
    """The task.

    Raises:
        WeightsError: The weights to begin with belong to another model, or find objects by themselves.
    """
    resolved = variant(LITE, {})
    assert resolved.size_hw is not None
    height, width = footage.size_hw
    size_hw = resolved.size_hw if height <= width else resolved.size_hw[::-1]
    told = metadata(resolved)
    network = begun(LITE, lambda: RVOSNetwork(LITE, resolved), settings, weights, told)
    objective = RVOSObjective(network, ObjectiveSettings(cross_entropy=1.0), resolved.slots)
    return Learner(LITE, network, objective, told).from_clips(
        footage.masked,
        size_hw,
        settings.clips(size_hw, _LENGTH),
        _sample,
        Conditions(size_hw=size_hw, clip_length=_LENGTH, feed_prediction=1.0),
    )
