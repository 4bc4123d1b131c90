"""Frames of a live source for a reader that is slower: the newest one waits, older ones are dropped."""

import time
from collections import deque
from collections.abc import Callable, Container, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from threading import Condition, Thread
from types import TracebackType

from segue.inference.pace.delays import Delays
from segue.inference.pipeline import LOOK_UP_S
from segue.inference.stopwatch import Stopwatch
from segue.media.live_feed import Deferred, Deferring
from segue.media.video import Video, VideoFrame

_PATIENCE_S = 0.1
"""How long the end of the block waits for a read that is under way; its own time-out ends it later."""
_STALE_S = 0.1
"""A first frame of this age tells that more of them wait inside the source, since it was opened long ago."""
_UNHURRIED = 3
"""So many frames in a row at their pace tell that the source is caught up with; one comes late on a busy machine."""
_CATCH_UP_S = 2.0
"""So long at most what piled up is passed over: the source may be faster than its times say."""


@dataclass(frozen=True, slots=True)
class LiveReport:
    """How a reader kept up with a live source; goes into the record of a run."""

    read: int
    """Frames that the source gave."""
    dropped: int
    """Of these, how many nobody saw, because a newer one came before they were asked for."""
    waited_ms_median: float | None
    """From the arrival of a frame to its being handed out."""
    waited_ms_max: float | None
    """The longest such time."""
    answered_ms_median: float | None
    """From the arrival of a frame to its answer, see ``LatestFrame.answered``; None if nobody said."""
    answered_ms_max: float | None
    """The longest such time."""


class LatestFrame:
    """The counterpart of ``ReadAhead`` for live sources: always the newest frame. Use as context manager.

    A thread reads the source as fast as it comes, so nothing piles up on the way. At most one frame waits: a newer one
    takes its place, and the older one is dropped. Frames that have to be seen, such as those with a mask, are never
    dropped; they wait in front, and their delays do not count, since a model may still have been loading. What piled up
    in the source meanwhile is passed over first. Memory is that of these frames, whatever the length of the stream.

    Args:
        video: The source. One that can put off the conversion of its pixels does so, and dropped frames cost none.
        busy: Gets the seconds of decoding and waiting for the source as part ``decode``.
        waited: Gets the seconds that the caller waited for frames as part ``wait_decode``.
        keep: Numbers of frames that are never dropped; asked when a frame arrives, so it may change.
        clock: Seconds, as ``time.monotonic``.
        stopped: Asked while no frame comes; the frames end once it says yes.
    """

    def __init__(
        self,
        video: Video,
        busy: Stopwatch,
        waited: Stopwatch,
        *,
        keep: Container[int] = (),
        clock: Callable[[], float] = time.monotonic,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.gave_up = False
        """Whether the frames ended because the caller was stopped."""
        self._stopped_by = stopped
        self._video = video
        self._busy = busy
        self._waited = waited
        self._keep = keep
        self._clock = clock
        self._change = Condition()
        self._kept: deque[_Item] = deque()
        self._newest: _Item | None = None
        self._end: BaseException | None = None
        self._ended = self._stopped = False
        self._backlog = Backlog(clock) if isinstance(video, Deferring) else None
        self._behind = False
        self._read_frames = self._dropped = 0
        self._out: _Item | None = None
        self._waits, self._answers = Delays(), Delays()
        self._thread = Thread(target=self._read, name="segue-live", daemon=True)

    def __enter__(self) -> "LatestFrame":
        self._thread.start()
        return self

    def __iter__(self) -> Iterator[VideoFrame]:
        """The frames in order, with gaps where some were dropped; also the last one before the end.

        Raises:
            DecodeError: The source failed; the newest frame before that was handed out.
        """
        while True:
            with self._waited.part("wait_decode"):
                item = self._next()
            if item is None:
                if self._end is not None and not self.gave_up:
                    raise self._end
                return
            self._out = item
            if not item.kept:
                self._waits.add(self.age)
            yield item.frame()

    @property
    def waiting(self) -> bool:
        """Whether a frame could be handed out at once."""
        return bool(self._kept) or (self._newest is not None and not self._behind)

    @property
    def age(self) -> float:
        """Seconds since the arrival of the frame that was handed out last; 0 before the first."""
        return self._clock() - self._out.arrived if self._out else 0.0

    def answered(self) -> None:
        """The frame that was handed out last has its answer: its delay goes into the report."""
        if self._out and not self._out.kept:
            self._answers.add(self.age)

    @property
    def report(self) -> LiveReport:
        """How it went so far."""
        return LiveReport(
            self._read_frames,
            self._dropped,
            self._waits.median_ms,
            self._waits.max_ms,
            self._answers.median_ms,
            self._answers.max_ms,
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop reading. A read that waits for the source is left to its time-out."""
        with self._change:
            self._stopped = True
        self._thread.join(_PATIENCE_S)

    def _next(self) -> "_Item | None":
        with self._change:
            while not self._change.wait_for(lambda: self.waiting or self._ended, LOOK_UP_S):
                if self._stopped_by():
                    self.gave_up = True
                    return None
            if self._kept:
                return self._kept.popleft()
            item, self._newest = self._newest, None
            return item

    def _read(self) -> None:
        end: BaseException | None = None
        try:
            with closing(self._items()) as items:
                for item in self._busy.each("decode", items):
                    if not self._put(item):
                        break
        except BaseException as error:  # whatever it is, it belongs to whoever asks for the frames
            end = error
        with self._change:
            self._end, self._ended = end, True
            self._change.notify_all()

    def _items(self) -> "Generator[_Item, None, None]":
        if isinstance(self._video, Deferring):
            for deferred in self._video.deferred():
                yield _Item(deferred.index, deferred.time, deferred.arrived, deferred)
        else:
            for frame in self._video:
                yield _Item(frame.index, frame.time, self._clock(), frame)

    def _put(self, item: "_Item") -> bool:
        with self._change:
            if self._stopped:
                return False
            self._read_frames += 1
            self._behind = self._backlog is not None and self._backlog.is_behind(item)
            self._dropped += self._newest is not None
            if item.index in self._keep:
                self._newest = None
                self._kept.append(replace(item, kept=True))
            else:
                self._newest = item
            self._change.notify_all()
            return True


class Backlog:
    """Tells, at the beginning, whether newer frames are there already: they come faster than they were taken.

    Args:
        clock: See ``LatestFrame``.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begin: float | None = None
        self._before: _Item | None = None
        self._unhurried = 0
        self._over = False

    def is_behind(self, item: "_Item") -> bool:
        """Whether a frame is one of those that piled up; asked for each in order."""
        now = self._clock()
        if self._begin is None:
            self._begin = now
            self._over = now - item.arrived <= _STALE_S
        elif not self._over:
            before = self._before or item
            fast = item.arrived - before.arrived < float(item.time - before.time) / 2
            self._unhurried = 0 if fast or before is item else self._unhurried + 1
            self._over = self._unhurried == _UNHURRIED or now - self._begin > _CATCH_UP_S
            self._before = item
        return not self._over


@dataclass(frozen=True, slots=True)
class _Item:
    index: int
    time: Fraction
    arrived: float
    source: VideoFrame | Deferred
    kept: bool = False

    def frame(self) -> VideoFrame:
        return self.source.frame() if isinstance(self.source, Deferred) else self.source
