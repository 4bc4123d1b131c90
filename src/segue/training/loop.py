"""The one training loop.

It asks a task for samples and losses, and does the rest: processes, precision, accumulation, schedules, curricula,
validation, checkpoints, journal. A step is a function of the seed and its number, so a run that was killed goes on to
the last digit, and several processes compute what one would. Start them with ``torchrun`` or ``accelerate launch``.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from safetensors.torch import save
from torch import Tensor, nn

from segue.errors import DivergedError, SettingsError
from segue.files import write_bytes
from segue.nn.device import check_device
from segue.nn.weights import save_weights
from segue.training import average, checkpoint, journal
from segue.training.batches import Share, Source, steps
from segue.training.curriculum import Conditions, Curriculum, Stage, lay_out
from segue.training.schedule import Plateau, rate_factor
from segue.training.settings import LoopSettings, OptimiserSettings, ScheduleSettings
from segue.training.task import Batch, Task
from segue.training.unreadable import count_unreadable, say_unreadable, write_unreadable

_PRECISION = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}
WEIGHTS = "weights.safetensors"


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train, whatever is trained."""

    loop: LoopSettings
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    stages: tuple[Stage, ...] = ()

    def curriculum(self, task: Task) -> Curriculum:
        """What holds at each step.

        Raises:
            SettingsError: No length, two lengths, a stage that the task cannot follow, or a schedule that watches
                what the task does not measure.
        """
        lengths = self.loop.stages()
        if self.stages and lengths:
            raise SettingsError("The run has two lengths: give [[stages]], or loop.steps/epochs.")
        self._check_watched(task)
        return lay_out(self.stages or lengths, self.steps_per_epoch(task), task.defaults, task.uses)

    def steps_per_epoch(self, task: Task) -> float:
        """Optimiser steps that see every sample once."""
        return len(task.samples) / (self.loop.batch * self.loop.accumulate)

    def _check_watched(self, task: Task) -> None:
        if self.schedule.name != "plateau":
            return
        if task.validate is None:
            raise SettingsError(
                f'schedule.name = "plateau" needs a validation, and {task.model_name} has none. '
                'Take another schedule, such as "cosine".'
            )
        watched = self.schedule.watch
        if watched is not None and watched not in task.scores:
            raise SettingsError(
                f"schedule.watch = {watched!r} is not among what the validation of {task.model_name} "
                f"measures: {', '.join(task.scores) or 'nothing that has a name'}."
            )


@dataclass(slots=True)
class State:
    """What the loop itself remembers from step to step; all of it is in the checkpoint."""

    step: int = 0
    stage: int = -1
    best: float | None = None
    plateau: Plateau = field(default_factory=Plateau)
    unreadable: dict[str, int] = field(default_factory=dict)
    """Files that this process could not read, see ``segue.training.unreadable``."""

    def to_json(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "State":
        """The reverse."""
        return cls(**{**values, "plateau": Plateau(**values["plateau"])})


Watch = Callable[[int, int, Mapping[str, float]], None]
"""Called after each step with steps done, steps in all, and the values of the journal."""


def train(
    task: Task,
    plan: Plan,
    folder: Path,
    watch: Watch | None = None,
    stop: Callable[[], bool] | None = None,
) -> int:
    """Train until the last step; goes on from the newest checkpoint in the folder if there is one.

    Args:
        task: What is trained; its network is changed in place.
        plan: Length, optimiser, schedule, curriculum.
        folder: Receives ``checkpoint.safetensors``, ``metrics.jsonl``, ``curves.png`` and ``weights.safetensors``,
            the best weights by the task's validation, or the last ones without; and ``unreadable.json`` where files
            of the data could not be read.
        watch: Progress.
        stop: Asked after each step; when it says true, a checkpoint is written and the run ends there. For one process.

    Returns:
        How many steps are done.

    Raises:
        SettingsError: The plan does not fit the task, the device or the number of processes.
        DivergedError: The loss is not finite; the batch is saved and named, the last checkpoint stays.
        TrainingError: A worker process died.
        WriteError: Disk full; the last checkpoint stays.
        WeightsError: The checkpoint in the folder belongs to something else.
    """
    return _Run(task, plan, folder).train(watch, stop)


class _Run:
    def __init__(self, task: Task, plan: Plan, folder: Path) -> None:
        self.task, self.plan, self.folder = task, plan, folder
        self.curriculum = plan.curriculum(task)
        self.accelerator = _accelerator(plan.loop)
        self.share = Share(self.accelerator.process_index, self.accelerator.num_processes)
        if plan.loop.accumulate % self.share.num_processes:
            raise SettingsError(
                f"loop.accumulate = {plan.loop.accumulate} batches cannot be shared by "
                f"{self.share.num_processes} processes; set it to a multiple."
            )
        self.optimiser = _optimiser(task.network, plan.optimiser)
        self.average = average.begin(task.network)
        found = checkpoint.restore(folder, task.network, self.optimiser, self.average)
        self.state = State.from_json(found) if found else State()
        self.rates = [group["base"] for group in self.optimiser.param_groups]
        self.objective, self.prepared = self.accelerator.prepare(task.objective, self.optimiser)
        self.average = {k: v.to(self.accelerator.device) for k, v in self.average.items()}

    @property
    def leads(self) -> bool:
        """True in the process that writes files."""
        return bool(self.accelerator.is_main_process)

    def train(self, watch: Watch | None, stop: Callable[[], bool] | None) -> int:
        events = self.folder / "tensorboard" if self.plan.loop.tensorboard else None
        book = journal.Journal(
            self.folder / "metrics.jsonl", self.state.step, enabled=self.leads, tensorboard=events
        )
        with closing(book):
            self._take_steps(book, watch, stop)
        say_unreadable(self.state.unreadable, self.folder)
        self.accelerator.wait_for_everyone()
        return self.state.step

    def _take_steps(
        self, book: journal.Journal, watch: Watch | None, stop: Callable[[], bool] | None
    ) -> None:
        num_steps = self.curriculum.num_steps
        self._enter_stage(self.curriculum.stage_at(max(0, self.state.step - 1)), fresh=False)
        source = Source(self.task.samples, self.curriculum, self.plan.loop)
        stream = steps(source, self.share, self.state.step)
        clock = Clock()
        for step, batches in clock.waiting(stream):
            self._enter_stage(self.curriculum.stage_at(step), fresh=True)
            count_unreadable(self.state.unreadable, batches)
            values = self._step(step, batches)
            self.state.step = step + 1
            book.write(step, values)
            validated = self._is_due(step + 1)
            if validated:
                book.write(step, {journal.VALIDATION: self._validate()})
            stopped = stop is not None and stop()
            if (
                validated
                or stopped
                or (step + 1) % self.plan.loop.checkpoint_every == 0
                or step + 1 == num_steps
            ):
                self._checkpoint()
            if watch:
                watch(step + 1, num_steps, {**values, **clock.shares()})
            if stopped:
                return

    def _step(self, step: int, batches: list[Batch]) -> dict[str, float]:
        conditions = self.curriculum.at(step)
        rate = self._set_rate(step, conditions)
        sums: dict[str, Tensor] = {}
        for index, batch in enumerate(batches):
            number = index * self.share.num_processes + self.share.process
            torch.manual_seed(_seed(self.plan.loop.seed, step, number))
            last = index == len(batches) - 1
            with self._gradients_shared(last), self.accelerator.autocast():
                losses = self.objective(_to(batch, self.accelerator.device), conditions)
                total = torch.stack([loss.float() for loss in losses.values()]).sum()
                if not torch.isfinite(total):
                    raise self._diverged(step, batch, total)
                self.accelerator.backward(total / self._divisor(len(batches)))
            for name, loss in losses.items():
                sums[name] = sums.get(name, torch.zeros_like(total)) + loss.detach().float()
        norm = self.accelerator.clip_grad_norm_(
            self.task.network.parameters(), self.plan.optimiser.clip_norm or float("inf")
        )
        self.prepared.step()
        self.prepared.zero_grad(set_to_none=True)
        decay = min(self.plan.loop.average, (1 + step) / (10 + step))
        average.update(self.average, self.task.network, decay)
        means = {
            name: self.accelerator.reduce(value / len(batches), "mean").item()
            for name, value in sums.items()
        }
        return {
            "total": sum(means.values()),
            **means,
            "gradient": float(norm),
            "learning_rate": rate,
        }

    def _divisor(self, num_batches: int) -> float:
        """Of the loss of each of this process's batches; the gradients of processes are averaged."""
        return (
            float(num_batches) if self.plan.loop.gather == "mean" else 1 / self.share.num_processes
        )

    def _set_rate(self, step: int, conditions: Conditions) -> float:
        plan = self.plan
        factor = conditions.learning_rate * self.state.plateau.factor
        factor *= rate_factor(
            step, self.curriculum.num_steps, self.curriculum.steps_per_epoch, plan.schedule
        )
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        return plan.optimiser.learning_rate * factor

    @contextmanager
    def _gradients_shared(self, last: bool) -> Iterator[None]:
        """Processes exchange gradients only with the last batch of a step."""
        if last:
            yield
        else:
            with self.accelerator.no_sync(self.objective):
                yield

    def _enter_stage(self, stage: int, *, fresh: bool) -> None:
        """Freeze what the stage freezes; a fresh one may also forget the optimiser's moments."""
        if stage == self.state.stage and fresh:
            return
        network = self.task.network
        network.requires_grad_(True).train()
        for name in self.curriculum.at(self.curriculum.starts[stage]).frozen:
            _module(network, name).requires_grad_(False).eval()
        if fresh and self.curriculum.stages[stage].reset_optimiser:
            self.optimiser.state.clear()
        if fresh:
            self.state.stage = stage

    def _is_due(self, done: int) -> bool:
        if self.task.validate is None:
            return False
        every = self.plan.loop.validate_every * self.curriculum.steps_per_epoch
        ended = done == self.curriculum.num_steps
        return ended or (every > 0 and int(done / every) > int((done - 1) / every))

    def _validate(self) -> dict[str, float]:
        assert self.task.validate is not None
        with average.standing_in(self.task.network, self.average):
            scores = dict(self.task.validate())
            main = next(iter(scores.values()))
            if self.state.best is None or main > self.state.best:
                self.state.best = main
                self._save_weights()
        if self.plan.schedule.name == "plateau":
            self.state.plateau = self.state.plateau.after(scores, self.plan.schedule)
        return scores

    def _checkpoint(self) -> None:
        if not self.leads:
            return
        if self.task.validate is None:
            with average.standing_in(self.task.network, self.average):
                self._save_weights()
        checkpoint.save(
            self.folder, self.state.to_json(), self.task.network, self.optimiser, self.average
        )
        write_unreadable(self.state.unreadable, self.folder)
        journal.draw_curves(self.folder / "metrics.jsonl", self.folder / "curves.png")

    def _save_weights(self) -> None:
        if self.leads:
            path = self.folder / WEIGHTS
            save_weights(
                self.task.network,
                path,
                model_name=self.task.model_name,
                metadata=self.task.metadata,
            )

    def _diverged(self, step: int, batch: Batch, total: Tensor) -> DivergedError:
        path = self.folder / f"diverged_step_{step}_process_{self.share.process}.safetensors"
        tensors = {k: v.contiguous() for k, v in batch.items() if isinstance(v, Tensor)}
        write_bytes(path, save(tensors))
        names = ", ".join(map(str, batch.get("name", ()))) or "without names"
        return DivergedError(
            f"The loss is {total.item()} at step {step}. Its samples ({names}) are in {path}; "
            f"{self.folder} keeps the last checkpoint. Lower the learning rate, or clip gradients."
        )


class Clock:
    """Where the time of a run goes: waiting for samples, or computing."""

    def __init__(self) -> None:
        self.waited = 0.0
        self.started = time.perf_counter()

    def waiting(self, stream: Iterator[Any]) -> Iterator[Any]:
        """The stream, with the time it takes to answer counted."""
        while True:
            asked = time.perf_counter()
            try:
                item = next(stream)
            except StopIteration:
                return
            self.waited += time.perf_counter() - asked
            yield item

    def shares(self) -> dict[str, float]:
        """Share of the time since the start that was spent waiting."""
        return {"waiting": self.waited / max(1e-9, time.perf_counter() - self.started)}


def _accelerator(settings: LoopSettings) -> Accelerator:
    if settings.device == "cuda":
        check_device("cuda")
    # Frozen or skipped parts of a network get no gradient; processes must not wait for one.
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    return Accelerator(
        cpu=settings.device == "cpu" or not torch.cuda.is_available(),
        mixed_precision=_PRECISION[settings.precision],
        kwargs_handlers=[unused],
    )


def _optimiser(network: nn.Module, settings: OptimiserSettings) -> torch.optim.Optimizer:
    """One group of parameters per factor; names that fit no factor get 1."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        fitting = [f for prefix, f in settings.factors.items() if name.startswith(prefix)]
        groups.setdefault(fitting[0] if fitting else 1.0, []).append(parameter)
    rate, decay = settings.learning_rate, settings.weight_decay
    made = [
        {"params": parameters, "lr": rate * factor, "base": rate * factor}
        for factor, parameters in groups.items()
    ]
    if settings.name == "sgd":
        return torch.optim.SGD(made, lr=rate, momentum=settings.momentum, weight_decay=decay)
    kind = torch.optim.AdamW if settings.name == "adamw" else torch.optim.Adam
    return kind(made, lr=rate, weight_decay=decay)


def _module(network: nn.Module, name: str) -> nn.Module:
    try:
        return network.get_submodule(name)
    except AttributeError:
        known = ", ".join(child for child, _ in network.named_children())
        raise SettingsError(f"No part {name!r} to freeze; the network has {known}.") from None


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _to(batch: Batch, device: torch.device) -> Batch:
    return {k: v.to(device) if isinstance(v, Tensor) else v for k, v in batch.items()}
