"""How many threads compute: one number for OpenVINO, torch, OpenCV, FFmpeg and BLAS while Segue works.

All but OpenVINO keep that number for the whole process, which may belong to somebody else. So it is set for as long as
a run lasts, and then given back.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def current() -> int:
    """With how many threads a network computes now: the number of the ``owned`` block around, else torch's own.

    Outside a block that is the number of the newest block of another thread; where torch is not imported, that of the
    processors.
    """
    number = _newest(_open.blocks) or _owner.number
    if number is not None:
        return number
    torch = sys.modules.get("torch")
    return int(torch.get_num_threads()) if torch is not None else processors()


@contextmanager
def owned(number: int | None = None) -> Iterator[None]:
    """Threads are Segue's inside the block, and as they were behind it.

    OpenVINO, torch, OpenCV and FFmpeg (which takes OpenCV's number) compute with so many threads. BLAS computes with
    one: its idle threads go on spinning after each product, and take the processor from OpenVINO.

    Blocks may lie in one another, and be open in several threads of the process at once. Torch's number belongs to the
    thread of the block. OpenCV's belongs to the process: the newest number holds for all, and what was there before is
    given back when the last block ends. BLAS may have one pool for the process, too; then the block that came first
    decides on it.

    Args:
        number: Threads; ``None`` leaves all but BLAS as they are.
    """
    block = _Block(number)
    blas = nullcontext() if _open.blocks else _blas().limit(limits=1, user_api="blas")
    _owner.enter(block)
    _open.blocks.append(block)
    try:
        with blas, _torch_threads(number):
            yield
    finally:
        _open.blocks.remove(block)
        _owner.leave(block)


@dataclass(eq=False, frozen=True, slots=True)
class _Block:
    number: int | None


class _Open(threading.local):
    """Blocks that are open in a thread, the oldest first."""

    def __init__(self) -> None:
        self.blocks: list[_Block] = []


_open = _Open()


def _newest(blocks: list[_Block]) -> int | None:
    return next((b.number for b in reversed(blocks) if b.number is not None), None)


@contextmanager
def _torch_threads(number: int | None) -> Iterator[None]:
    """Torch in this thread; nothing where torch is not imported."""
    torch = sys.modules.get("torch")
    if number is None or torch is None or torch.get_num_threads() == number:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Owner:
    """What belongs to the process: the blocks of all threads, and OpenCV."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: list[_Block] = []
        self._opencv: int | None = None
        """What OpenCV had before; ``None`` while no block has a number."""

    @property
    def number(self) -> int | None:
        """The newest of all blocks."""
        with self._lock:
            return _newest(self._blocks)

    def enter(self, block: _Block) -> None:
        with self._lock:
            self._blocks.append(block)
            self._set_opencv()

    def leave(self, block: _Block) -> None:
        with self._lock:
            self._blocks.remove(block)
            self._set_opencv()

    def _set_opencv(self) -> None:
        number = _newest(self._blocks)
        if number is None and self._opencv is None:
            return  # not even imported
        import cv2  # a third of a second, which a list of models can do without

        if self._opencv is None:
            self._opencv = cv2.getNumThreads()
        wanted = self._opencv if number is None else number
        if cv2.getNumThreads() != wanted:
            cv2.setNumThreads(wanted)
        if number is None:
            self._opencv = None


_owner = _Owner()


@cache
def _blas() -> Any:
    """The BLAS libraries that are loaded; found once, as looking for them takes milliseconds, and numpy's is there."""
    with suppress(ImportError):
        import numpy  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
