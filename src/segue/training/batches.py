"""Batches in the order of their numbers, prepared by worker processes ahead of their turn."""

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from segue.errors import MaskError, TrainingError, VideoError
from segue.training.curriculum import Conditions, Curriculum
from segue.training.settings import LoopSettings
from segue.training.task import Batch, Sample, Samples, Stream
from segue.workers import end_with_parent

_AHEAD = 3
"""Batches under way for each worker."""
_TRIES = 20
"""Draws in the place of one whose files cannot be read, before the data are given up."""
FAR = 1_000_000
"""Epochs, more than any run has. A sample of such an epoch stands in for one that cannot be read; where samples have an
order, that must not be the one at the same place of it."""
UNREADABLE = "unreadable"
"""Key of a sample and of a batch: what could not be read when it was drawn, a sentence for each file."""
_MAIN = ""
"""The samples of the task itself among those of a batch; streams have names."""
Drawn = dict[str, list[Sample]]
"""The samples of one batch, by stream."""


@dataclass(frozen=True)
class Source:
    """Batches by their number in the run; the step, and so the conditions, follow from the number."""

    samples: Samples
    curriculum: Curriculum
    settings: LoopSettings
    streams: Mapping[str, Stream] = field(default_factory=dict)

    def batch(self, index: int) -> Drawn:
        """The samples of a batch by its number in the run."""
        conditions = self.curriculum.at(index // self.settings.accumulate)
        main = Stream(self.samples, self.settings.batch)
        return {
            name: [
                _readable(stream.samples, self._seed(name), number, conditions)
                for number in range(index * stream.batch, (index + 1) * stream.batch)
            ]
            for name, stream in {_MAIN: main, **self.streams}.items()
        }

    def _seed(self, name: str) -> int:
        """Of the stream of a name; the same footage in two streams is drawn differently."""
        seed = self.settings.seed
        if name == _MAIN:
            return seed
        return int(np.random.SeedSequence([seed, *name.encode()]).generate_state(1)[0])


def _readable(samples: Samples, seed: int, number: int, conditions: Conditions) -> Sample:
    """A sample; where its files cannot be read, another one in its place, the same each time."""
    problems: list[str] = []
    for chance in range(_TRIES):
        instead = number + chance * len(samples) * FAR
        try:
            drawn = samples.draw(seed, instead, conditions)
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
    numbers = [
        step * settings.accumulate + batch
        for step in range(first, source.curriculum.num_steps)
        for batch in range(share.process, settings.accumulate, share.num_processes)
    ]
    per_step = settings.accumulate // share.num_processes
    stream = _prepared(source, numbers) if settings.workers else map(source.batch, numbers)
    for step in range(first, source.curriculum.num_steps):
        try:
            yield step, [_stack_all(next(stream)) for _ in range(per_step)]
        except BrokenProcessPool:
            raise TrainingError(
                f"A process that prepares samples died before step {step}. It may have run out of "
                "memory: set loop.workers=0, or close other programs, and start again; the run "
                "goes on from its last checkpoint."
            ) from None


def _prepared(source: Source, numbers: Sequence[int]) -> Iterator[Drawn]:
    # A fork shares what the samples hold in memory; elsewhere it is copied to each worker.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    workers = source.settings.workers
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_begin_worker, initargs=(source,)
    ) as pool:
        waiting: deque[Future[Drawn]] = deque()
        try:
            for number in numbers:
                waiting.append(pool.submit(_draw, number))
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
    end_with_parent()
    # Ctrl-C reaches every process of a terminal; the one that trains ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Workers are many already; threads of their own would fight for the same cores.
    cv2.setNumThreads(0)


def _draw(number: int) -> Drawn:
    assert _source is not None
    return _source.batch(number)


def _stack_all(drawn: Drawn) -> Batch:
    streams = {name: stack(samples) for name, samples in drawn.items()}
    return {**streams.pop(_MAIN), **streams}


def stack(samples: Sequence[Sample]) -> Batch:
    """Arrays of the same name become one tensor with a batch axis; anything else a list."""
    return {name: _stack([sample[name] for sample in samples]) for name in samples[0]}


def _stack(values: Sequence[Any]) -> Any:
    if isinstance(values[0], np.ndarray):
        return torch.from_numpy(np.stack(values))
    return list(values)


def parts(batch: Batch) -> Iterator[tuple[str, Any]]:
    """What a batch holds, and what the batches of its streams hold as ``stream/name``."""
    for name, value in batch.items():
        if isinstance(value, dict):
            yield from ((f"{name}/{inner}", held) for inner, held in parts(value))
        else:
            yield name, value


def move(batch: Batch, device: torch.device) -> Batch:
    """The batch with its tensors on a device."""
    moved: Batch = {}
    for name, value in batch.items():
        if isinstance(value, dict):
            moved[name] = move(value, device)
        else:
            moved[name] = value.to(device) if isinstance(value, torch.Tensor) else value
    return moved
