"""Frames of a video from one of them on, forwards or backwards, for a pass over part of it."""

from collections import deque
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from segue.inference.history import Way
from segue.media.frames import Video, VideoFrame

_PIECE = 32
"""Frames that a backward pass over a source without random access holds at once."""


@runtime_checkable
class Seekable(Protocol):
    """A video with random access."""

    @property
    def seekable(self) -> bool:
        """Whether it has it after all."""
        ...

    def frames(self, wanted: range) -> Iterator[VideoFrame]:
        """The frames with these indices, in this order."""
        ...


class Reading:
    """Frames from one on, in one direction; the frames of a video without random access are decoded from the start.

    Args:
        video: The source.
        way: ``forward`` or ``backward``.
        first: Index of the first frame to come, or of one beside it that does not decode.
    """

    def __init__(self, video: Video, way: Way, first: int) -> None:
        self.size_hw = video.size_hw
        self._video = video
        self._way = way
        self._first = first

    def __iter__(self) -> Iterator[VideoFrame]:
        """The frames, see ``Video``."""
        indices = self._video.indices
        if self._way == "forward" and self._first <= indices.start:
            return iter(self._video)
        wanted = _from(indices, self._first, self._way)
        if isinstance(self._video, Seekable) and self._video.seekable:
            return self._video.frames(wanted)
        if self._way == "forward":
            return (frame for frame in self._video if frame.index >= self._first)
        return _backwards(self._video, self._first)


def read(video: Video, wanted: tuple[int, ...]) -> list[VideoFrame]:
    """Single frames, in the order in which they are named.

    Raises:
        DecodeError: One does not decode.
    """
    if not wanted:
        return []
    low, high = min(wanted), max(wanted)
    found: dict[int, VideoFrame] = {}
    for frame in Reading(video, "forward", low):
        if frame.index in wanted:
            found[frame.index] = frame
        if frame.index >= high:
            break
    return [found[index] for index in wanted]


def following(indices: range, index: int, way: Way) -> int:
    """The number after another one in a direction; it may be outside of the range."""
    return index + (indices.step if way == "forward" else -indices.step)


def _from(indices: range, first: int, way: Way) -> range:
    """The numbers of a range from one on."""
    step = indices.step
    if way == "forward":
        place = max(0, -((indices.start - first) // step))
        return indices[place:]
    place = (first - indices.start) // step
    return indices[place::-1] if place >= 0 else range(0)


def _backwards(video: Video, first: int) -> Iterator[VideoFrame]:
    """Decoded again from the start for each piece, since a source without random access knows no other way."""
    high = first
    while True:
        piece: deque[VideoFrame] = deque(maxlen=_PIECE)
        for frame in video:
            if frame.index > high:
                break
            piece.append(frame)
        if not piece:
            return
        yield from reversed(piece)
        high = piece[0].index - 1
