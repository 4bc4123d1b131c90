"""A task of the training loop without data: a network of one number that grows by one a step; 2 scores best."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from segue.training.curriculum import Conditions
from segue.training.task import Batch, Sample, Task
from segue.training.tasks.catalog import RunSettings


class TrainingSettings(RunSettings):
    """How it fails, if it shall."""

    task: Literal["toy"] = "toy"
    fault: Literal["", "diverges", "memory"] = ""


class Number(nn.Module):
    """The network."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(1))


@dataclass(frozen=True)
class _Nothing:
    def __len__(self) -> int:
        return 1

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        return {"nothing": np.zeros(1, np.float32)}


class _Grow(nn.Module):
    def __init__(self, network: Number, fault: str) -> None:
        super().__init__()
        self.network, self._fault = network, fault

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        if self._fault == "memory":
            raise RuntimeError("CUDA out of memory.\n  Tried to allocate 20 GiB.")
        return {"loss": -self.network.value.sum() * (torch.inf if self._fault else 1)}


def build(settings: TrainingSettings) -> Task:
    """See ``segue.training.tasks.catalog``."""
    network = Number()

    def validate() -> Mapping[str, float]:
        value = network.value.item()
        return {"score": 1 - abs(value - 2) / 10, "value": value / 100}

    return Task("toy", network, _Grow(network, settings.fault), _Nothing(), frozenset(), validate=validate)  # fmt: skip
