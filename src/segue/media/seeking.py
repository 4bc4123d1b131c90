"""Any frame of a video file, and spans in both directions."""

import os
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from threading import Lock

from av.video.frame import VideoFrame as AvFrame

from segue.errors import DecodeError
from segue.media.colour import ScreenColours
from segue.media.cursors import CountingCursor, Cursor, IndexCursor, IndexMismatchError
from segue.media.decoding import Findings, Source, check_end, decoded, gap_finder
from segue.media.frames import HELD_BYTES, VideoFrame, index_name
from segue.media.seek_index import Group, SeekIndex, build_index
from segue.media.streams import opened

_FEWEST_HELD = 32
"""Frames: so many are decoded together going backwards, also where each could be decoded alone."""
_IDLE_CURSORS = 2
_LOST = "the decoder gives no picture for it"

Convert = Callable[[int, AvFrame, Fraction, ScreenColours], VideoFrame]
"""Makes what a video yields of a frame's number, the decoded frame, its time and the pass's colours."""

Held = tuple[AvFrame, Fraction] | DecodeError | None
"""A decoded frame and its time, or why it does not decode; None if it is lost."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the frames of a file become those of a video."""

    begin: int | None
    """Time of the first frame in ticks."""
    decoded_bytes: int
    """Of a frame as the decoder gives it, mostly half of the next."""
    rgb_bytes: int
    """Of an RGB frame."""
    colours: Callable[[], ScreenColours]
    """For a new pass."""
    convert: Convert


class Seeker:
    """Goes to any frame of a video file; several threads may ask at once.

    The index is made by the first call that needs one, and read from the packets without decoding. Decoders stay open
    for the next call, two at most.

    Args:
        source: The stream.
        look: What its frames become.
    """

    def __init__(self, source: Source, look: Look) -> None:
        self.decoded_frames = 0
        self._source, self._look = source, look
        self._lock = Lock()
        self._index_lock = Lock()
        self._index: SeekIndex | None = None
        self._indexed = False
        self._idle: list[Cursor] = []

    def index(self) -> SeekIndex | None:
        """The index; None where frames can only be counted from the start."""
        with self._index_lock:
            if not self._indexed:
                source = self._source
                with opened(source.path, source.number) as (container, stream):
                    self._index = build_index(
                        container, stream, self._look.begin, skip_damaged=source.skip_damaged
                    )
                self._indexed = True
            return self._index

    def known_index(self) -> SeekIndex | None:
        """The index if it was made before."""
        return self._index

    def frame(self, number: int) -> VideoFrame | None:
        """One frame; None if there is none.

        Raises:
            DecodeError: It does not decode.
        """
        index = self.index()
        if index is None:
            return self._counted_frame(number)
        if number >= len(index):
            if not self._source.skip_damaged:
                self._check_end(index, number, Findings())
            return None
        try:
            with self._cursor(number) as cursor:
                came = cursor.take(number, bound=True)
                if came is None:
                    raise self._source.broken(number, _LOST)
                return self._look.convert(number, *came, cursor.colours)
        except IndexMismatchError:
            self._distrust()
            return self._counted_frame(number)

    def forward(self, wanted: range, findings: Findings) -> Iterator[VideoFrame]:
        """Frames in order; parts of the file without any of them are left out.

        Args:
            wanted: Their numbers, ascending.
            findings: Where it is written what the pass lacks.

        Raises:
            DecodeError: At a frame that does not decode, unless damage is skipped.
        """
        index = self.index()
        if index is None:
            yield from self.counted(wanted, findings)
            return
        self._prepare(index, wanted, findings)
        inside = wanted[: bisect_left(wanted, len(index))]
        done = wanted.start
        try:
            with self._cursor(min(done, len(index) - 1)) as cursor:
                for done in inside:
                    came = cursor.take(done, bound=False)
                    if came is None:
                        findings.lost.append(done)
                        continue
                    findings.gaps.see(done, came[1])
                    yield self._look.convert(done, *came, cursor.colours)
        except IndexMismatchError:
            self._distrust()
            yield from self.counted(range(done, wanted.stop, wanted.step), findings)
            return
        if wanted.stop > len(index):
            self._check_end(index, len(index), findings)

    def backward(self, wanted: range, findings: Findings) -> Iterator[VideoFrame]:
        """Frames from the last one back; each group is decoded once if its wanted frames fit in ``HELD_BYTES``.

        They are held as the decoder gives them, and become RGB one by one. Of larger groups the last frames that fit
        come first, and for those before them the group is decoded again up to there.

        Args:
            wanted: Their numbers, ascending.
            findings: Where it is written what the pass lacks.

        Raises:
            DecodeError: At a frame that does not decode, unless damage is skipped.
        """
        index = self.index()
        if index is None:
            yield from self._counted_back(wanted, findings)
            return
        if wanted.stop > len(index):
            self._check_end(index, len(index), findings)
        wanted = wanted[: bisect_left(wanted, len(index))]
        done = wanted.stop
        colours = self._look.colours()
        try:
            for piece in self._pieces(index, wanted):
                held = self._piece(index, piece)
                while held:
                    done, came = held.popitem()
                    if isinstance(came, DecodeError):
                        raise came
                    if came is None:
                        findings.lost.insert(0, done)
                    else:
                        yield self._look.convert(done, *came, colours)
        except IndexMismatchError:
            self._distrust()
            yield from self._counted_back(wanted[: bisect_left(wanted, done)], findings)

    def counted(self, wanted: range, findings: Findings) -> Iterator[VideoFrame]:
        """Frames in order, by a pass from the start of the file; others are decoded, but not converted.

        Args:
            wanted: Their numbers, ascending.
            findings: Where it is written what the pass lacks.

        Raises:
            DecodeError: At a frame that does not decode, unless damage is skipped.
        """
        source = self._source
        with opened(source.path, source.number) as (container, stream):
            colours = self._look.colours()
            for number, frame, time in decoded(source, container, stream, findings):
                if number >= wanted.stop:
                    return
                if number in wanted:
                    yield self._look.convert(number, frame, time, colours)

    def close(self) -> None:
        """Close what is open and not in use; a later call opens the file again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for cursor in idle:
            cursor.close()

    @contextmanager
    def _cursor(self, number: int) -> Iterator[Cursor]:
        """The open decoder that is nearest to a frame, or a new one."""
        cursor = self._taken(number) or self._new()
        try:
            yield cursor
        except (DecodeError, GeneratorExit):
            self._give_back(cursor)
            raise
        except BaseException:
            cursor.close()
            raise
        self._give_back(cursor)

    def _taken(self, number: int) -> Cursor | None:
        with self._lock:
            # A forked process shares the place in the file with its parent, so it opens its own.
            self._idle = [cursor for cursor in self._idle if cursor.process == os.getpid()]
            if not self._idle:
                return None
            best = min(self._idle, key=lambda cursor: cursor.cost(number))
            self._idle.remove(best)
            return best

    def _new(self) -> Cursor:
        colours = self._look.colours()
        if self._index is None:
            return CountingCursor(self._source, colours, self._count)
        return IndexCursor(self._source, self._index, colours, self._count)

    def _give_back(self, cursor: Cursor) -> None:
        with self._lock:
            if isinstance(cursor, IndexCursor) == (self._index is not None):
                self._idle.append(cursor)
            old = self._idle[:-_IDLE_CURSORS]
            self._idle = self._idle[-_IDLE_CURSORS:]
        for cursor in old:
            cursor.close()

    def _count(self, frames: int) -> None:
        with self._lock:
            self.decoded_frames += frames

    def _distrust(self) -> None:
        """From now on frames are counted: the index is wrong about this file."""
        self._index = None
        self.close()

    def _check_end(self, index: SeekIndex, number: int, findings: Findings) -> None:
        if index.broken is not None:
            raise self._source.broken(number, index.broken)
        check_end(self._source, index.promised, index.end, number, findings)

    def _prepare(self, index: SeekIndex, wanted: range, findings: Findings) -> None:
        findings.gaps = gap_finder(index.kind, self._source.frame_rate)
        near = (number for number in index.corrupt if wanted.start <= number < wanted.stop)
        findings.near = [f"perhaps some near {index_name(number)}" for number in near]

    def _pieces(self, index: SeekIndex, wanted: range) -> Iterator[range]:
        """Parts of a span that are held at once, the last first: whole groups if they fit."""
        most = max(1, HELD_BYTES // self._look.decoded_bytes)
        stop = len(wanted)
        while stop:
            begin = stop
            while begin and stop - begin < min(most, _FEWEST_HELD):
                begin = bisect_left(wanted, index.group_of(wanted[begin - 1]).first)
            begin = max(begin, stop - most)
            yield wanted[begin:stop]
            stop = begin

    def _piece(self, index: SeekIndex, piece: range) -> dict[int, Held]:
        """Frames, or why one is not there; behind an error all of its group have one."""
        held: dict[int, Held] = {}
        last = index.group_of(piece[-1])
        failed: tuple[Group, int] | None = None
        with self._cursor(piece.start) as cursor:
            for number in piece:
                group = index.group_of(number)
                if failed is not None and failed[0] == group:
                    reason = f"frame {index_name(failed[1])} of its group does not"
                    held[number] = self._source.broken(number, reason)
                    continue
                try:
                    held[number] = cursor.take(number, bound=group == last)
                except DecodeError as error:
                    failed = group, number
                    held[number] = error
        return held

    def _counted_frame(self, number: int) -> VideoFrame | None:
        with self._cursor(number) as cursor:
            came = cursor.take(number, bound=True)
            if came is not None:
                return self._look.convert(number, *came, cursor.colours)
            if cursor.ended:
                return None
            raise self._source.broken(number, _LOST)

    def _counted_back(self, wanted: range, findings: Findings) -> Iterator[VideoFrame]:
        """The same without an index: the file is decoded again for each part that fits in ``HELD_BYTES``."""
        most = max(1, HELD_BYTES // self._look.rgb_bytes)
        stop, first = wanted.stop, True
        while True:
            part = range(wanted.start, stop, wanted.step)
            passed = self.counted(part, findings if first else Findings())
            held, first = deque(passed, maxlen=most), False
            if not held:
                return
            stop, more = held[0].index, len(held) == most
            while held:
                yield held.pop()
            if not more:
                return
