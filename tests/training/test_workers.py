"""Processes that prepare samples end with the one that trains, also when that is killed."""

import os
import select
import signal
import sys
import time

import pytest

from fakes.toy import Numbers, toy_plan, toy_task
from segue.training.batches import Share, Source, steps

_SECONDS = 20.0
"""In which the last worker must have gone; it takes milliseconds."""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_workers_end_when_the_training_is_killed() -> None:
    reading, writing = os.pipe()
    trainer = os.fork()
    if trainer == 0:
        _train(writing)
    os.close(writing)
    try:
        assert os.read(reading, 1) == b"1", "the first batch came"
        os.kill(trainer, signal.SIGKILL)
        os.waitpid(trainer, 0)
        # The workers hold the other end of the pipe, too: it closes when the last one has ended.
        assert select.select([reading], [], [], _SECONDS)[0], "a worker is left"
        assert os.read(reading, 1) == b""
    finally:
        os.close(reading)


def _train(writing: int) -> None:
    try:
        plan = toy_plan(average=0.0, workers=2)
        batches = steps(Source(Numbers(), plan.curriculum(toy_task()), plan.loop), Share(), 0)
        next(batches)
        os.write(writing, b"1")
        time.sleep(60)
    finally:
        os._exit(1)
