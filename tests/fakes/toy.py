"""A tiny task: a network that learns the sum of four numbers."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from segue.training.curriculum import Conditions
from segue.training.plan import Plan
from segue.training.settings import LoopSettings, OptimiserSettings, ScheduleSettings
from segue.training.task import Batch, Sample, Stream, Task


@dataclass(frozen=True)
class Numbers:
    """Random inputs; 12 are an epoch."""

    length: int = 12
    dies_at: int | None = None

    def __len__(self) -> int:
        return self.length

    def draw(self, seed: int, number: int, conditions: Conditions) -> Sample:
        if number == self.dies_at:
            import os

            os._exit(1)
        rng = np.random.default_rng([seed, number])
        values = rng.normal(size=(conditions.clip_length, 4)).astype(np.float32).mean(0)
        return {"values": values, "name": str(number)}


class SumObjective(nn.Module):
    """Squared error; stops or breaks at a call of choice."""

    def __init__(self, network: nn.Module, stop_at: int | None, nan_at: int | None) -> None:
        super().__init__()
        self.network, self.stop_at, self.nan_at, self.calls = network, stop_at, nan_at, 0

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        error = ((self.network(batch["values"])[:, 0] - batch["values"].sum(1)) ** 2).mean()
        self.calls += 1
        return {"error": error * float("nan") if self.calls - 1 == self.nan_at else error}


class Small(nn.Module):
    """Two layers with dropout between them, so that random generators matter."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2))
        self.head = nn.Linear(8, 1)

    def forward(self, values: Tensor) -> Tensor:
        out: Tensor = self.head(self.body(values))
        return out


def toy_task(
    stop_at: int | None = None,
    nan_at: int | None = None,
    samples: Numbers | None = None,
    *,
    validated: bool = True,
) -> Task:
    torch.manual_seed(0)
    network = Small()

    def validate() -> dict[str, float]:
        held = torch.randn(32, 4, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            return {"score": -float(((network(held)[:, 0] - held.sum(1)) ** 2).mean())}

    return Task(
        "toy",
        network,
        SumObjective(network, stop_at, nan_at),
        samples or Numbers(),
        uses=frozenset({"clip_length"}),
        defaults=Conditions(clip_length=2),
        validate=validate if validated else None,
    )


def toy_plan(**loop: object) -> Plan:
    values = {"steps": 8, "batch": 2, "accumulate": 2, "checkpoint_every": 3, "workers": 0}
    return Plan(
        LoopSettings.parse({**values, "average": 0.5, "device": "cpu", **loop}),
        OptimiserSettings(learning_rate=0.01, clip_norm=1.0),
        ScheduleSettings(name="cosine", warmup=2),
    )


class Follower(nn.Module):
    """A teacher: the running mean of the network, and a random number that it was given after a step."""

    def __init__(self) -> None:
        super().__init__()
        self.student = Small()
        self.given: Tensor
        self.register_buffer("given", torch.zeros(1))


def taught_task(stop_at: int | None = None, stop_after: int | None = None) -> Task:
    """The toy task with a second stream of three samples a batch, and a teacher that is shipped."""
    task = toy_task(stop_at)
    teacher = Follower()
    teacher.student.load_state_dict(task.network.state_dict())

    class Both(SumObjective):
        def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
            losses = super().forward(batch, conditions)
            values = batch["more"]["values"]
            answers = teacher.student(values).detach()
            return {**losses, "taught": ((self.network(values) - answers) ** 2).mean()}

    def follow(done: int) -> dict[str, float]:
        if done - 1 == stop_after:
            raise KeyboardInterrupt
        with torch.no_grad():
            for mine, its in zip(
                teacher.student.parameters(), task.network.parameters(), strict=True
            ):
                mine.lerp_(its, 0.5)
            teacher.given.copy_(torch.rand(1))
        return {"given": teacher.given.item()}

    return replace(
        task,
        objective=Both(task.network, stop_at, None),
        streams={"more": Stream(Numbers(length=5), batch=3)},
        kept={"teacher": teacher},
        after_step=follow,
        shipped=teacher.student,
    )
