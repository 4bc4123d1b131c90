"""How many threads compute: one number for OpenVINO, torch, OpenCV, FFmpeg and BLAS while Segue works.

All but OpenVINO keep that number for the whole process, which may belong to somebody else. So it is set for as long as
a run lasts, and then given back.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def current() -> int:
    """With how many threads a network computes now: the number of the newest ``owned`` block, else torch's own.

    Where torch is not imported, that is the number of processors.
    """
    number = _owner.number
    if number is not None:
        return number
    torch = sys.modules.get("torch")
    return int(torch.get_num_threads()) if torch is not None else processors()


@contextmanager
def owned(number: int | None = None) -> Iterator[None]:
    """Threads are Segue's inside the block, and as they were behind it.

    OpenVINO, torch, OpenCV and FFmpeg (which takes OpenCV's number) compute with so many threads. BLAS computes with
    one: its idle threads go on spinning after each product, and take the processor from OpenVINO.

    Blocks may lie in one another, and run at the same time in several threads of the process. The newest number holds
    for all; what was there before is given back when the last of them ends.

    Args:
        number: Threads; ``None`` leaves all but BLAS as they are.
    """
    token = _owner.enter(number)
    try:
        yield
    finally:
        _owner.leave(token)


@dataclass(slots=True)
class _Before:
    """What was there when the first block began."""

    torch: int | None
    opencv: int | None
    blas: Any


@dataclass(slots=True)
class _Owner:
    """The blocks that are open in this process, in the order in which they began."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: dict[object, int | None] = field(default_factory=dict)
    before: _Before | None = None

    @property
    def number(self) -> int | None:
        with self.lock:
            return self._newest()

    def _newest(self) -> int | None:
        given = [number for number in self.numbers.values() if number is not None]
        return given[-1] if given else None

    def enter(self, number: int | None) -> object:
        token = object()
        with self.lock:
            if self.before is None:
                self.before = _Before(None, None, _blas().limit(limits=1, user_api="blas"))
            old, self.numbers[token] = self._newest(), number
            self._change(old, self.before)
        return token

    def leave(self, token: object) -> None:
        with self.lock:
            old, before = self._newest(), self.before
            del self.numbers[token]
            if before is None:
                return
            self._change(old, before)
            if not self.numbers:
                before.blas.restore_original_limits()
                self.before = None

    def _change(self, old: int | None, before: _Before) -> None:
        """Set the newest number where it is another one than ``old``; nothing is touched while all are ``None``."""
        new = self._newest()
        if new == old:
            return
        torch, cv2 = sys.modules.get("torch"), _opencv()
        if old is None:
            before.opencv = cv2.getNumThreads()
            before.torch = torch.get_num_threads() if torch is not None else None
        opencv_number = before.opencv if new is None else new
        torch_number = before.torch if new is None else new
        if opencv_number is not None:
            cv2.setNumThreads(opencv_number)
        if torch is not None and torch_number is not None:
            torch.set_num_threads(torch_number)


_owner = _Owner()


def _opencv() -> Any:
    import cv2  # a third of a second, which a list of models can do without

    return cv2


@cache
def _blas() -> Any:
    """The BLAS libraries that are loaded; found once, as looking for them takes milliseconds, and numpy's is there."""
    with suppress(ImportError):
        import numpy  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
