"""Frames of a video from one of them on, forwards or backwards, for a pass over part of it."""

from collections.abc import Iterator

from segue.inference.session.history import Way
from segue.media.frames import Video, VideoFrame


class Reading:
    """Frames from one on, in one direction.

    Args:
        video: The source; one that is not seekable is read from its start, and only forwards.
        way: ``forward`` or ``backward``.
        first: Index of the first frame to come, or of one beside it that does not decode.
    """

    def __init__(self, video: Video, way: Way, first: int) -> None:
        self.size_hw = video.size_hw
        self.num_frames = video.num_frames
        self._video = video
        self._way = way
        self._first = first

    def __iter__(self) -> Iterator[VideoFrame]:
        """The frames, see ``Video``.

        Raises:
            DecodeError: A frame does not decode, after all before it.
            VideoError: Backwards, of a source that is not seekable.
        """
        indices = self._video.indices
        if self._way == "forward":
            if self._first <= indices.start:
                return iter(self._video)
            if not self._video.seekable:
                return (frame for frame in self._video if frame.index >= self._first)
        return self._video.frames(_from(indices, self._first, self._way))


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
