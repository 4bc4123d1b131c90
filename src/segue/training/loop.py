"""The one training loop.

It asks a task for samples and losses, and does the rest: processes, precision, accumulation, schedules, curricula,
validation, checkpoints, journal. A step is a function of the seed and its number, so a run that was killed goes on to
the last digit, and several processes compute what one would. Start them with ``torchrun`` or ``accelerate launch``.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from torch import Tensor

from segue.errors import SettingsError
from segue.nn.device import check_device
from segue.nn.weights import save_weights
from segue.training import average, checkpoint, journal
from segue.training.batches import Share, Source, move, steps
from segue.training.clock import Clock
from segue.training.cost import Meter
from segue.training.curriculum import Conditions
from segue.training.diverged import diverged
from segue.training.optimiser import create_optimiser, freeze
from segue.training.plan import Plan
from segue.training.schedule import rate_factor
from segue.training.settings import LoopSettings
from segue.training.state import State
from segue.training.task import Batch, Task
from segue.training.unreadable import count_unreadable, say_unreadable, write_unreadable

_PRECISION = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}
WEIGHTS = "weights.safetensors"
_AFTER = 2**32 - 1
"""In the place of a batch's number: what is random after a step."""


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
            the best weights by the task's validation, or the last ones without; ``cost.json``, how long it took; and
            ``unreadable.json`` where files of the data could not be read.
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
        if task.shipped is not None and plan.loop.average:
            raise SettingsError(
                f"loop.average = {plan.loop.average:g} averages weights that nobody would see: this task keeps "
                "an average of its own, which is validated and written. Set loop.average to 0."
            )
        if plan.loop.accumulate % self.share.num_processes:
            raise SettingsError(
                f"loop.accumulate = {plan.loop.accumulate} batches cannot be shared by "
                f"{self.share.num_processes} processes; set it to a multiple."
            )
        self.optimiser = create_optimiser(task.network, plan.optimiser)
        self.average = average.begin(task.network)
        found = checkpoint.restore(folder, task.network, self.optimiser, self.average, task.kept)
        self.state = State.from_json(found) if found else State()
        self.meter = Meter(folder, fresh=found is None)
        self.rates = [group["base"] for group in self.optimiser.param_groups]
        self.objective, self.prepared = self.accelerator.prepare(task.objective, self.optimiser)
        self.average = {k: v.to(self.accelerator.device) for k, v in self.average.items()}
        for part in task.kept.values():
            part.to(self.accelerator.device).requires_grad_(False).eval()

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
        source = Source(self.task.samples, self.curriculum, self.plan.loop, self.task.streams)
        stream = steps(source, self.share, self.state.step)
        clock = Clock()
        for step, batches in clock.waiting(stream):
            self._enter_stage(self.curriculum.stage_at(step), fresh=True)
            count_unreadable(self.state.unreadable, batches)
            values = {**self._step(step, batches), **self._after_step(step)}
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
                losses = self.objective(move(batch, self.accelerator.device), conditions)
                total = torch.stack([loss.float() for loss in losses.values()]).sum()
                if not torch.isfinite(total):
                    raise diverged(self.folder, batch, step, self.share.process, total.item())
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

    def _after_step(self, step: int) -> Mapping[str, float]:
        if self.task.after_step is None:
            return {}
        torch.manual_seed(_seed(self.plan.loop.seed, step, _AFTER))
        return self.task.after_step(step + 1)

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
        freeze(self.task.network, self.curriculum.at(self.curriculum.starts[stage]).frozen)
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
        with self._shown():
            scores = dict(self.task.validate())
            main = next(iter(scores.values()))
            if self.state.best is None or main > self.state.best:
                self.state.best = main
                self._save_weights()
        if self.plan.schedule.name == "plateau":
            self.state.plateau = self.state.plateau.after(scores, self.plan.schedule)
        return scores

    @contextmanager
    def _shown(self) -> Iterator[None]:
        """What is validated and written is ready to be, in evaluation mode."""
        if self.task.shipped is not None:
            yield
        else:
            with average.standing_in(self.task.network, self.average):
                yield

    def _checkpoint(self) -> None:
        if not self.leads:
            return
        if self.task.validate is None:
            with self._shown():
                self._save_weights()
        checkpoint.save(
            self.folder,
            self.state.to_json(),
            self.task.network,
            self.optimiser,
            self.average,
            self.task.kept,
        )
        self.meter.write(self.state.step)
        write_unreadable(self.state.unreadable, self.folder)
        journal.draw_curves(self.folder / "metrics.jsonl", self.folder / "curves.png")

    def _save_weights(self) -> None:
        if self.leads:
            path = self.folder / WEIGHTS
            save_weights(
                self.task.shipped or self.task.network,
                path,
                model_name=self.task.model_name,
                metadata=self.task.metadata,
            )


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


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
