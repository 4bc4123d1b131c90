"""A network that begins to learn one video, and the task that is made of it: the same for all models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from segue.data.given_clips import GivenClipSettings, MaskedFrame
from segue.nn.weights import load_weights
from segue.training.curriculum import Conditions
from segue.training.finetune.clips import Clips
from segue.training.finetune.learning import as_images, at_size
from segue.training.finetune.settings import FinetuneSettings
from segue.training.task import Sample, Task

NetworkT = TypeVar("NetworkT", bound=nn.Module)

DrawClip = Callable[[Sequence[MaskedFrame], GivenClipSettings, np.random.Generator], Sample]
"""A sample of masked frames; a function that its module can name, since it travels to worker processes."""


def begun(
    name: str,
    create: Callable[[], NetworkT],
    settings: FinetuneSettings,
    weights: Path,
    expected: Mapping[str, str] | None = None,
) -> NetworkT:
    """A network with the weights to begin with, and chance seeded.

    Args:
        name: Of the model.
        create: Makes the network.
        settings: With the seed.
        weights: Where to begin.
        expected: As in ``segue.nn.weights.load_weights``.

    Raises:
        WeightsError: They belong to another model.
    """
    torch.manual_seed(settings.seed)
    network = create()
    load_weights(network, weights, model_name=name, expected=expected)
    as_images(network)
    return network


@dataclass(frozen=True)
class Learner:
    """What learns a video."""

    name: str
    """Of the model."""
    network: nn.Module
    objective: nn.Module
    metadata: Mapping[str, str] | None = None
    """What the tuned weights say of themselves."""

    def task(self, samples: Clips, conditions: Conditions) -> Task:
        """The task, with nothing that changes on the way."""
        return Task(
            model_name=self.name,
            network=self.network,
            objective=self.objective,
            samples=samples,
            uses=frozenset(),
            defaults=conditions,
            metadata=self.metadata,
        )

    def from_clips(
        self,
        masked: Sequence[MaskedFrame],
        seen_hw: tuple[int, int],
        clips: GivenClipSettings,
        sample: DrawClip,
        conditions: Conditions | None = None,
    ) -> Task:
        """The task of a model that learns from clips of masked frames.

        Args:
            masked: The frames.
            seen_hw: The size at which the model works on the video.
            clips: What clips look like.
            sample: Draws one.
            conditions: By default none but the size of the clips.
        """
        seen = tuple(at_size(one, seen_hw) for one in masked)
        conditions = conditions or Conditions(size_hw=clips.size_hw)
        return self.task(Clips(len(seen), partial(sample, seen, clips)), conditions)
