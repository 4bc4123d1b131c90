"""Open decoders that go to a frame: through the index of the file, or by counting where there is none."""

import os
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain
from typing import Any, Protocol, runtime_checkable

from av.video.frame import VideoFrame as AvFrame

from segue.media.colour import ScreenColours
from segue.media.decoding import Decoded, Findings, Source, decoded, rescued
from segue.media.packets import packets_of
from segue.media.seek_index import NO_TIME, Group, SeekIndex
from segue.media.streams import DECODE_ERRORS, opened

_WORTH_SEEKING = 8
"""Packets: fewer are decoded on the way rather than left out by seeking."""
_TRIES = (0, 1, 4, 16)
"""Seconds before a key packet to which to go, if reading began behind it the time before."""
_RECENT_BYTES = 64 * 2**20
_RECENT_FRAMES = 16

Count = Callable[[int], None]
"""Is told how many frames were decoded."""


class IndexMismatchError(Exception):
    """The decoder gives other frames than the index of the file says, so that the index cannot be used."""


@runtime_checkable
class Cursor(Protocol):
    """An open decoder somewhere in a file; for one thread at a time."""

    colours: ScreenColours
    process: int
    """That opened the file."""
    ended: bool
    """The last call found that the video ends before."""

    def take(self, index: int, *, bound: bool) -> tuple[AvFrame, Fraction] | None:
        """A frame and its time; None where it was lost, or there is none.

        Args:
            index: Of the frame.
            bound: Decode nothing beyond its group, instead of what makes the next frames cheap.

        Raises:
            DecodeError: The frame does not decode.
        """
        ...

    def cost(self, index: int) -> int:
        """About how many frames have to be decoded for a frame."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class IndexCursor:
    """Goes to a frame through the index, and verifies by times and sizes that packets and frames are those of it.

    Packets get the times of the index before they are decoded, so a frame tells exactly which packet it comes from.
    The latest frames are kept, within 64 MB, so that a person who steps back decodes a group once per 16 frames.
    """

    def __init__(
        self, source: Source, index: SeekIndex, colours: ScreenColours, counted: Count
    ) -> None:
        self.colours = colours
        self.process = os.getpid()
        self.ended = False
        self._source, self._index, self._counted = source, index, counted
        self._ready: deque[tuple[int, AvFrame]] = deque()
        self._recent: OrderedDict[int, AvFrame] = OrderedDict()
        self._stack = ExitStack()
        self._open()

    def take(self, index: int, *, bound: bool) -> tuple[AvFrame, Fraction] | None:
        """See ``Cursor``.

        Raises:
            IndexMismatchError: See there.
        """
        kept = self._recent.get(index)
        if kept is not None:
            return kept, self._index.time_of(index)
        group = self._index.group_of(index)
        if not self._leads_to(index, group, 0 if bound else _WORTH_SEEKING):
            self._go_to(group)
        limit = group.end if bound else len(self._index.pts)
        while True:
            while self._ready and self._ready[0][0] <= index:
                number, frame = self._ready.popleft()
                self._passed = number
                self._remember(number, frame)
                if number == index:
                    return frame, self._index.time_of(index)
            if not self._ready and self._trouble is not None:
                raise self._source.broken(index, self._trouble)
            if self._ready or self._drained:
                if self._source.skip_damaged:
                    return None
                raise IndexMismatchError(f"no frame {index}")
            self._advance(limit)

    def cost(self, index: int) -> int:
        """See ``Cursor``."""
        if index in self._recent:
            return 0
        group = self._index.group_of(index)
        begin = self._next if self._leads_to(index, group, 0) else group.key
        return max(0, int(self._index.packets[index]) - begin)

    def close(self) -> None:
        """See ``Cursor``."""
        self._ready.clear()
        self._recent.clear()
        self._stack.close()

    def _open(self) -> None:
        self._stack.close()
        self._container, self._stream = self._stack.enter_context(
            opened(self._source.path, self._source.number)
        )
        self._reset(0, Group(0, 0, 0))
        self._packets = self._demuxed()

    def _reset(self, position: int, group: Group) -> None:
        self._ready.clear()
        self._next = position
        self._first = group.first  # what comes out before may lack pictures that it needs
        self._passed = group.first - 1
        self._latest = group.first - 1
        self._drained = False
        self._trouble: str | None = None

    def _demuxed(self) -> Iterator[Any]:
        for packet in packets_of(self._container, go_on=self._source.skip_damaged):
            if packet.stream is self._stream and packet.size:
                yield packet

    def _leads_to(self, index: int, group: Group, detour: int) -> bool:
        """Whether going on comes to a frame, with so many packets more than from the start of its group."""
        if index <= self._passed or self._trouble is not None:
            return False
        if self._drained:
            return bool(self._ready) and index <= self._ready[-1][0]
        return group.key <= (self._next + detour if self._next else 0)

    def _remember(self, number: int, frame: AvFrame) -> None:
        self._recent[number] = frame
        size = sum(plane.buffer_size for plane in frame.planes)
        most = max(1, min(_RECENT_FRAMES, _RECENT_BYTES // max(1, size)))
        while len(self._recent) > most:
            self._recent.popitem(last=False)

    def _advance(self, limit: int) -> None:
        """Decode one packet, or give out what waits in the decoder."""
        if self._next >= min(limit, len(self._index.pts)):
            self._drained = True
            try:
                self._collect(self._stream.decode(None))
            except DECODE_ERRORS as error:
                self._fail(error)
            return
        packet = self._packet()
        self._counted(1)
        try:
            frames = packet.decode()
        except DECODE_ERRORS as error:
            if not self._source.skip_damaged:
                self._collect(rescued(self._stream, packet))
            self._fail(error)
            return
        self._collect(frames)

    def _fail(self, error: Exception) -> None:
        if not self._source.skip_damaged:
            self._trouble = str(error)

    def _packet(self) -> Any:
        """The next packet, which has to be the one that the index says."""
        try:
            packet = next(self._packets, None)
        except DECODE_ERRORS as error:
            raise IndexMismatchError(str(error)) from None
        if packet is None or packet.size != self._index.sizes[self._next]:
            raise IndexMismatchError(f"packet {self._next} is another one")
        packet.pts = int(self._index.pts[self._next])
        self._next += 1
        return packet

    def _collect(self, frames: Any) -> None:
        for frame in frames:
            number = None if frame.pts is None else self._index.frame_at(frame.pts)
            if number is None:
                if frame.pts is not None and frame.pts < self._index.times[0]:
                    continue
                raise IndexMismatchError(f"a frame at {frame.pts}")
            if number < self._first:
                continue
            if number <= self._latest:
                raise IndexMismatchError(f"frame {number} after {self._latest}")
            if not frame.is_corrupt:
                self._latest = number
                self._ready.append((number, frame))
            elif not self._source.skip_damaged:
                self._trouble = "the decoder found damaged data"
                return

    def _go_to(self, group: Group) -> None:
        """Stand before the first packet of a group, with an empty decoder."""
        if self._drained and self._next == group.key and self._trouble is None:
            self._stream.codec_context.flush_buffers()
        elif group.key == 0:
            self._open()
        else:
            self._packets = self._sought(group.key)
        self._reset(group.key, group)

    def _sought(self, key: int) -> Iterator[Any]:
        """Packets from one on, wherever FFmpeg goes when it is asked for its time."""
        for target in self._targets(key):
            try:
                self._container.seek(target, stream=self._stream)
                found = self._located(key)
            except DECODE_ERRORS:
                continue
            if found is not None:
                return found
        self._open()
        return self._skipped(self._packets, key)

    def _targets(self, key: int) -> Iterator[int]:
        pts, dts = int(self._index.pts[key]), int(self._index.dts[key])
        by_pts = dts == NO_TIME or "matroska" in self._container.format.name
        for seconds in _TRIES:
            yield (pts if by_pts else dts) - int(seconds / self._index.time_base)

    def _located(self, key: int) -> Iterator[Any] | None:
        """Packets from one on, if reading goes on before it."""
        packets = self._demuxed()
        held = []
        for packet in packets:
            held.append(packet)
            place = self._place(packet)
            if place is not None or len(held) > _WORTH_SEEKING:
                break
        else:
            return None
        begin = -1 if place is None else place + 1 - len(held)
        return self._skipped(chain(held, packets), key - begin) if 0 <= begin <= key else None

    def _place(self, packet: Any) -> int | None:
        """Which one of the file a packet is; None if several could be it."""
        index = self._index
        same = index.sizes == packet.size
        if packet.dts is not None and "matroska" not in self._container.format.name:
            same &= (index.dts == packet.dts) | (index.dts == NO_TIME)
        elif packet.pts is not None:
            same &= index.pts == packet.pts
        else:
            return None
        places = same.nonzero()[0]
        return int(places[0]) if len(places) == 1 else None

    def _skipped(self, packets: Iterator[Any], number: int) -> Iterator[Any]:
        for _ in range(number):
            next(packets, None)
        return packets


class CountingCursor:
    """Decodes from the start of the file and counts; going back begins there again."""

    def __init__(self, source: Source, colours: ScreenColours, counted: Count) -> None:
        self.colours = colours
        self.process = os.getpid()
        self.ended = False
        self._source, self._counted = source, counted
        self._pass: Iterator[Decoded] = iter(())
        self._stack = ExitStack()
        self._waiting: Decoded | None = None
        self._next = -1

    def take(self, index: int, *, bound: bool) -> tuple[AvFrame, Fraction] | None:
        """See ``Cursor``; here nothing bounds what is decoded."""
        if not 0 <= self._next <= index:
            self._restart()
        self.ended = False
        while True:
            came = self._waiting or next(self._pass, None)
            self._waiting = None
            if came is None:
                self._next, self.ended = -1, True
                return None
            if came[0] > index:
                self._waiting, self._next = came, index + 1
                return None
            self._next = came[0] + 1
            if came[0] == index:
                return came[1], came[2]

    def cost(self, index: int) -> int:
        """See ``Cursor``."""
        return index - self._next if 0 <= self._next <= index else index

    def close(self) -> None:
        """See ``Cursor``."""
        self._pass, self._waiting, self._next = iter(()), None, -1
        self._stack.close()

    def _restart(self) -> None:
        self.close()
        container, stream = self._stack.enter_context(
            opened(self._source.path, self._source.number)
        )
        self._next = 0
        self._pass = self._told(decoded(self._source, container, stream, Findings()))

    def _told(self, frames: Iterator[Decoded]) -> Iterator[Decoded]:
        for frame in frames:
            self._counted(1)
            yield frame
