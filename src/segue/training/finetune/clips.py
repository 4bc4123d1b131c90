"""The samples of a fine-tuning: each a function of chance alone, which is seeded by its number."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from segue.training.curriculum import Conditions
from segue.training.task import Sample

Draw = Callable[[np.random.Generator], Sample]
"""What one sample is, but for its name. It travels to worker processes: a ``functools.partial`` of a function that its
module can name."""


@dataclass(frozen=True)
class Clips:
    """Clips, or windows, of the masked frames of one video; see ``segue.training.task.Samples``."""

    num_masked: int
    """Masked frames; an epoch is as many samples."""
    sample: Draw
    different: int | None = None
    """So many differ, and then they come again; ``None``: all differ."""

    def __len__(self) -> int:
        return self.num_masked

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """See ``segue.training.task.Samples``."""
        which = number % self.different if self.different else number
        return {**self.sample(np.random.default_rng([seed, which])), "name": str(number)}
