"""Batches in the order of their numbers, prepared by worker processes ahead of their turn."""

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from segue.errors import MaskError, TrainingError, VideoError
from segue.training.curriculum import Conditions, Curriculum
from segue.training.settings import LoopSettings
from segue.training.task import Batch, Sample, Samples

_AHEAD = 3
"""Batches under way for each worker."""
_TRIES = 20
"""Draws in the place of one whose files cannot be read, before the data are given up."""
FAR = 1_000_000
"""Epochs, more than any run has. A sample of such an epoch stands in for one that cannot be read; where samples have an
order, that must not be the one at the same place of it."""
UNREADABLE = "unreadable"
"""Key of a sample and of a batch: what could not be read when it was drawn, a sentence for each file."""


@dataclass(frozen=True)
class Source:
    """Samples by their number in the run; the step, and so the conditions, follow from the number."""

    samples: Samples
    curriculum: Curriculum
    settings: LoopSettings

    @property
    def samples_per_step(self) -> int:
        """Of all processes together."""
        return self.settings.batch * self.settings.accumulate

    def batch(self, first: int) -> list[Sample]:
        """The samples of the batch that begins with a number."""
        conditions = self.curriculum.at(first // self.samples_per_step)
        numbers = range(first, first + self.settings.batch)
        return [self._readable(n, conditions) for n in numbers]

    def _readable(self, number: int, conditions: Conditions) -> Sample:
        """A sample; where its files cannot be read, another one in its place, the same each time."""
        problems: list[str] = []
        for chance in range(_TRIES):
            instead = number + chance * len(self.samples) * FAR
            try:
                drawn = self.samples.draw(self.settings.seed, instead, conditions)
            except (VideoError, MaskError) as error:
                problems.append(str(error))
                continue
            return {**drawn, UNREADABLE: tuple(problems)}
        raise TrainingError(
            f"{_TRIES} draws in a row found files that cannot be read; the last: {problems[-1]} Check the data with "
            "segue data check."
        )


@dataclass(frozen=True)
class Share:
    """Which of a step's batches this process computes."""

    process: int = 0
    num_processes: int = 1


def steps(source: Source, share: Share, first: int) -> Iterator[tuple[int, list[Batch]]]:
    """Each step from ``first`` on with this process's batches.

    All processes together see the samples that one process would see.

    Raises:
        TrainingError: A worker process died.
    """
    settings = source.settings
    begins = [
        step * source.samples_per_step + batch * settings.batch
        for step in range(first, source.curriculum.num_steps)
        for batch in range(share.process, settings.accumulate, share.num_processes)
    ]
    per_step = settings.accumulate // share.num_processes
    stream = _prepared(source, begins) if settings.workers else map(source.batch, begins)
    for step in range(first, source.curriculum.num_steps):
        try:
            yield step, [stack(next(stream)) for _ in range(per_step)]
        except BrokenProcessPool:
            raise TrainingError(
                f"A process that prepares samples died before step {step}. It may have run out of "
                "memory: set loop.workers=0, or close other programs, and start again; the run "
                "goes on from its last checkpoint."
            ) from None


def _prepared(source: Source, begins: Sequence[int]) -> Iterator[list[Sample]]:
    # A fork shares what the samples hold in memory; elsewhere it is copied to each worker.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    workers = source.settings.workers
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_begin_worker, initargs=(source,)
    ) as pool:
        waiting: deque[Future[list[Sample]]] = deque()
        try:
            for begin in begins:
                waiting.append(pool.submit(_draw, begin))
                if len(waiting) > _AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_source: Source | None = None
"""In a worker process: what it draws from."""


def _begin_worker(source: Source) -> None:
    import cv2

    global _source
    _source = source
    # Ctrl-C reaches every process of a terminal; the one that trains ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Workers are many already; threads of their own would fight for the same cores.
    cv2.setNumThreads(0)


def _draw(begin: int) -> list[Sample]:
    assert _source is not None
    return _source.batch(begin)


def stack(samples: Sequence[Sample]) -> Batch:
    """Arrays of the same name become one tensor with a batch axis; anything else a list."""
    return {name: _stack([sample[name] for sample in samples]) for name in samples[0]}


def _stack(values: Sequence[Any]) -> Any:
    if isinstance(values[0], np.ndarray):
        return torch.from_numpy(np.stack(values))
    return list(values)
