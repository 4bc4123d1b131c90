"""What a model brings to the loop: samples, an objective, and a way to see how good it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from torch import nn

from segue.training.curriculum import Conditions

Sample = dict[str, Any]
"""Arrays and numbers by name; arrays of the same name stack to a batch. ``"name"`` says where it came from."""
Batch = dict[str, Any]


@runtime_checkable
class Samples(Protocol):
    """Training samples, each a function of its number alone, so that any run can be repeated and resumed.

    They travel to worker processes and therefore pickle.
    """

    def __len__(self) -> int:
        """Samples of an epoch."""
        ...

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        """Sample ``number`` of the run (epochs follow one another), under the conditions of its step.

        Raises:
            VideoError: A picture that cannot be read; another sample is then drawn in the place of this one.
            MaskError: The same for a mask.
        """
        ...


@dataclass(frozen=True, slots=True)
class Stream:
    """Further samples of every batch, such as frames without labels."""

    samples: Samples
    batch: int
    """How many of them are in a batch, beside those of the task."""


@dataclass(frozen=True)
class Task:
    """All that the loop needs to know of a model."""

    model_name: str
    """For weights files."""
    network: nn.Module
    """What is trained and kept."""
    objective: nn.Module
    """``objective(batch, conditions) -> losses by name``; holds the network, which learns through its ``forward``."""
    samples: Samples
    uses: frozenset[str]
    """Which ``Conditions`` it acts on; a curriculum that sets others is refused."""
    defaults: Conditions = field(default_factory=Conditions)
    validate: Callable[[], Mapping[str, float]] | None = None
    """Scores of the network as it stands, by name; the first one, higher is better, picks the best weights."""
    scores: tuple[str, ...] = ()
    """Names that every validation returns, for ``schedule.watch``."""
    metadata: Mapping[str, str] | None = None
    """Kept in the weights file, such as the names of classes."""
    streams: Mapping[str, Stream] = field(default_factory=dict)
    """By name; ``batch[name]`` is then a batch of its own, drawn with a seed of its own."""
    kept: Mapping[str, nn.Module] = field(default_factory=dict)
    """Parts that are in the checkpoint without being trained, by name, such as a teacher; in evaluation mode."""
    after_step: Callable[[int], Mapping[str, float]] | None = None
    """Called after each optimiser step with the number of steps done; returns values for the journal. What it changes
    is in ``network`` or ``kept``, so that a run that goes on finds it; torch's generators are seeded for it."""
    shipped: nn.Module | None = None
    """What ``validate`` looks at and the weights file holds, one of ``kept``; ``None``: the network, or its running
    average."""
