"""Standard input or another pipe, read with a time-out, so that a silent sender is no hang."""

import os
import select
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from segue.errors import StalledError, VideoError

_SLICE_S = 0.1
"""So often a waiting reader looks whether it was closed."""
_CHUNK = 1 << 16
_HEAD = 16
"""Bytes that tell pictures from everything else."""
TS_PACKET = 188
"""Bytes of a packet of an MPEG transport stream."""


@runtime_checkable
class ByteStream(Protocol):
    """A binary file object of the system, such as the output of a process."""

    def fileno(self) -> int:
        """Its descriptor."""
        ...

    def read(self, size: int = -1, /) -> Any:
        """Bytes."""
        ...


class Pipe:
    """Bytes of a file descriptor as they come; a file-like object that cannot seek, as PyAV takes it.

    Where the system cannot wait for pipes (Windows), reads wait without end.

    Args:
        descriptor: Of the open pipe.
        place: What the pipe is, for messages.
        timeout_s: Seconds without a byte after which a read gives up.
        close: Called once at the end.
    """

    def __init__(
        self,
        descriptor: int,
        place: str,
        timeout_s: float,
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self.place = place
        self.timeout_s = timeout_s
        self.num_bytes = 0
        """Bytes read so far."""
        self.ended = False
        """Whether the sender has closed it."""
        self._descriptor = descriptor
        self._close = close
        self._closed = False
        self._ahead = b""
        self._begin = b""

    def head(self) -> bytes:
        """The first bytes, which later reads give again."""
        while len(self._ahead) < _HEAD and (more := self._receive(_CHUNK)):
            self._ahead += more
        self._begin = self._ahead[:_HEAD]
        return self._begin

    @property
    def cut(self) -> bool:
        """Whether it ended inside a packet of an MPEG transport stream."""
        return self.ended and self._begin[:1] == b"\x47" and self.num_bytes % TS_PACKET != 0

    def read(self, size: int = _CHUNK) -> bytes:
        """The next bytes, at most so many, as soon as there are any; none at the end.

        Raises:
            StalledError: None came in time.
        """
        if not self._ahead:
            return self._receive(size)
        now, self._ahead = self._ahead[:size], self._ahead[size:]
        return now

    def close(self) -> None:
        """A waiting read ends at once; the descriptor is let go of."""
        if not self._closed:
            self._closed = True
            self._close()

    def _receive(self, size: int) -> bytes:
        if self.ended or not self._wait():
            return b""
        data = os.read(self._descriptor, size)
        self.num_bytes += len(data)
        self.ended = not data
        return data

    def _wait(self) -> bool:
        """Until there are bytes, or the end; False if it was closed meanwhile."""
        deadline = time.monotonic() + self.timeout_s
        while not self._closed:
            if os.name == "nt" or select.select([self._descriptor], [], [], _SLICE_S)[0]:
                return True
            if time.monotonic() >= deadline:
                raise stalled(self.place, self.timeout_s)
        return False


def stalled(place: str, timeout_s: float, came: str = "sent nothing") -> StalledError:
    """The error for a source that is silent.

    Args:
        place: The source.
        timeout_s: How long it was waited for.
        came: What it did instead of sending frames.
    """
    return StalledError(
        f"{place} {came} for {timeout_s:g} s. All frames before are kept. "
        "Check the sender, then resume, or wait longer.",
        option="Pass --resume to go on, and --timeout SECONDS to wait longer.",
    )


def standard_input(timeout_s: float) -> Pipe:
    """Standard input.

    Raises:
        VideoError: It is a terminal, or closed.
    """
    try:
        descriptor = sys.__stdin__.fileno() if sys.__stdin__ else 0
        terminal = os.isatty(descriptor)
        os.fstat(descriptor)
    except (OSError, ValueError) as error:
        raise VideoError(f"Standard input is closed ({error}). Pipe a video into it.") from None
    if terminal:
        raise VideoError(
            "Standard input is the keyboard. Pipe a video into it, such as MPEG-TS or JPEG pictures."
        )
    return Pipe(descriptor, "standard input", timeout_s)


def named_pipe(path: Path, timeout_s: float) -> Pipe:
    """A FIFO in the file system; opened although nobody writes into it yet.

    Raises:
        VideoError: It cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        os.set_blocking(descriptor, True)
    except OSError as error:
        raise VideoError(
            f"{path} cannot be opened ({error.strerror}). Give a pipe that may be read."
        ) from None
    return Pipe(descriptor, str(path), timeout_s, lambda: os.close(descriptor))


def open_file(source: ByteStream, timeout_s: float) -> Pipe:
    """A binary file object with a descriptor, of which nothing was read yet."""
    name = getattr(source, "name", "")
    place = name if isinstance(name, str) and name else "a pipe"
    return Pipe(source.fileno(), place, timeout_s)


def is_named_pipe(path: str) -> bool:
    """Whether a path is a FIFO."""
    try:
        return stat.S_ISFIFO(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return False
