"""Processes of their own in an instant: forked from a server that has imported torch, which takes seconds.

For tests in which a process dies, fills its disk or works beside others. Where the start of Python itself matters (what
it imports, its environment), start Python.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

LOADED = [
    "segue.app.engine",
    "segue.inference.session",
    "segue.training.run",
    "segue.training.loop",
]


@dataclass(frozen=True)
class Done:
    """How a process ended: its exit code, or minus the signal that killed it, and what it said."""

    returncode: int | None
    stdout: str
    stderr: str


def run(work: Callable[..., object], *given: Any) -> Done:
    """Do some work in another process, in the current folder, and wait for its end.

    Args:
        work: A function of a module that can be imported (of ``fakes``, not of a test). What it raises is in
            ``stderr``.
        given: Its arguments.
    """
    (done,) = run_together((work, *given))
    return done


def run_together(*works: tuple[Any, ...]) -> list[Done]:
    """The same, several at once, each a function and its arguments."""
    with TemporaryDirectory() as folder:
        outputs = [Path(folder) / str(number) for number in range(len(works))]
        processes = [_start(*given) for given in zip(outputs, works, strict=True)]
        for process in processes:
            process.join(1800)
            process.kill()  # does nothing to one that has ended
            process.join()
        found = [_done(*pair) for pair in zip(processes, outputs, strict=True)]
    for process in processes:
        process.close()
    return found


def _done(process: ForkServerProcess, output: Path) -> Done:
    said = (output.with_suffix(end).read_text(errors="replace") for end in (".out", ".err"))
    return Done(process.exitcode, *said)


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    return context


def _start(output: Path, work: tuple[Any, ...]) -> ForkServerProcess:
    process = _server().Process(target=_child, args=(str(output), os.getcwd(), *work))
    process.start()
    return process


def _child(output: str, folder: str, work: Callable[..., object], *given: Any) -> None:
    for number, end in ((1, ".out"), (2, ".err")):
        file = os.open(output + end, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    work(*given)
