"""Two threads beside the network's: one decodes frames ahead, one writes results behind.

What is decoded but not yet asked for, and what is answered but not yet written, waits in queues of a few frames, of 4K
only one, so memory stays flat and the slowest of the three sets the pace.
"""

from collections.abc import Callable, Iterator
from queue import Empty, Queue
from threading import Semaphore, Thread
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from segue.inference.stopwatch import Stopwatch
from segue.media.video import VideoFrame

_WAITING = 4
"""Frames in each queue at most: enough to even out a slow one now and then."""
_WAITING_BYTES = 32 << 20
"""In each queue at most, unless one frame is larger."""
_PATIENCE_S = 0.1
"""How long the end waits for a read of a source without known end: a stream or an iterator may be silent."""

LOOK_UP_S = 0.05
"""So often who waits for a silent source looks whether it was told to stop."""


@runtime_checkable
class Frames(Protocol):
    """A video, or some frames of one."""

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width that every frame has."""
        ...

    @property
    def num_frames(self) -> int | None:
        """See ``Video``; ``None`` also for a source that may be silent for long."""
        ...

    def __iter__(self) -> Iterator[VideoFrame]:
        """The frames in order."""
        ...


def room_for(size_hw: tuple[int, int]) -> int:
    """How many frames of a size may wait in a queue: 4, fewer beyond 1080p, at least 1."""
    return max(1, min(_WAITING, _WAITING_BYTES // (3 * size_hw[0] * size_hw[1])))


class ReadAhead:
    """The frames of a video, decoded while the caller works on earlier ones. Use as context manager.

    Args:
        video: The source.
        busy: Gets the seconds of decoding as part ``decode``.
        waited: Gets the seconds that the caller waited for frames as part ``wait_decode``.
        stopped: Asked while no frame comes; the frames end once it says yes.
    """

    def __init__(
        self,
        video: Frames,
        busy: Stopwatch,
        waited: Stopwatch,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.gave_up = False
        """Whether the frames ended because the caller was stopped."""
        self._stopped_by = stopped
        self._video = video
        self._busy = busy
        self._waited = waited
        self._queue: Queue[VideoFrame | BaseException | None] = Queue()
        self._room = Semaphore(room_for(video.size_hw))
        self._stopped = False
        self._thread = Thread(target=self._read, name="segue-decode", daemon=True)

    def __enter__(self) -> "ReadAhead":
        self._thread.start()
        return self

    def __iter__(self) -> Iterator[VideoFrame]:
        """The frames in order.

        Raises:
            DecodeError: A frame does not decode, after all before it.
        """
        while True:
            with self._waited.part("wait_decode"):
                item = self._next()
            self._room.release()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                return
            yield item

    def _next(self) -> VideoFrame | BaseException | None:
        while True:
            try:
                return self._queue.get(timeout=LOOK_UP_S)
            except Empty:
                if self._stopped_by():
                    self.gave_up = True
                    return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop decoding; frames that nobody asked for are dropped."""
        self._stopped = True
        self._room.release()  # should the thread wait for it
        self._thread.join(_PATIENCE_S if self._video.num_frames is None else None)

    def _read(self) -> None:
        end: BaseException | None = None
        frames = self._busy.each("decode", self._video)
        try:
            # Room first: a decoded frame that has to wait for room would be one more in memory.
            while self._room.acquire() and not self._stopped:
                self._queue.put(next(frames))
        except StopIteration:
            pass
        except BaseException as error:  # whatever it is, it belongs to whoever asks for the frames
            end = error
        self._queue.put(end)


class WriteBehind:
    """Work done in the order in which it is handed over, while the caller goes on. Use as context manager.

    After a failure nothing more is done, and the failure is raised to the caller.

    Args:
        waited: Gets the seconds that the caller waited for room as part ``wait_write``.
        room: How many pieces of work may wait, see ``room_for``.
    """

    def __init__(self, waited: Stopwatch, room: int = _WAITING) -> None:
        self._waited = waited
        self._queue: Queue[Callable[[], Any] | None] = Queue(room)
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._work, name="segue-write", daemon=True)

    def __enter__(self) -> "WriteBehind":
        self._thread.start()
        return self

    def hand(self, work: Callable[[], Any]) -> None:
        """Leave something to be done; waits while too much is.

        Raises:
            BaseException: What an earlier piece of work raised.
        """
        with self._waited.part("wait_write"):
            self._queue.put(work)
        self._raise()

    def finish(self) -> None:
        """Wait until all is done.

        Raises:
            BaseException: What a piece of work raised.
        """
        with self._waited.part("wait_write"):
            self._queue.join()
        self._raise()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait until all is done, also after a failure of the caller; raises only in its absence."""
        self._queue.put(None)
        self._thread.join()
        if error is None:
            self._raise()

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                if self._failure is None:
                    work()
            except BaseException as error:  # raised again where it can be seen
                self._failure = error
            finally:
                self._queue.task_done()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure
