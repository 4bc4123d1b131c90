"""Part of a video: from one moment to another, or every so many frames."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import takewhile
from typing import Any, Protocol, runtime_checkable

from segue.errors import InputError, VideoError
from segue.media.frames import ANY_INDEX, Video, VideoFrame, overlap

Moment = int | str
"""A frame number, or a time from the first frame: ``120``, ``"120"``, ``"2.5s"``, ``"1:30"``, ``"0:01:30.5"``."""


@runtime_checkable
class Selectable(Protocol):
    """A video that tells times without decoding."""

    def index_at(self, time: Fraction) -> int:
        """Index of the first frame that is not shown before a time, in seconds from the first frame."""
        ...

    def time_of(self, index: int) -> Fraction | None:
        """When a frame is shown, in seconds; None where there is no such frame, or nothing tells."""
        ...


class Span:
    """Some frames of a video, as a video. They keep index, name and time that they have in the whole.

    So ``0`` stays the first frame of the whole video, masks are given by the numbers of the whole, and results of two
    spans fit together.

    Args:
        video: The whole.
        start: The first frame that is taken.
        end: The first frame after it that is not taken any more, as in Python; None takes all.
        every: Only each n-th frame, counted from ``start``.

    Raises:
        InputError: A moment that is none, or a span without frames.
    """

    def __init__(
        self, video: Video, start: Moment | None = None, end: Moment | None = None, every: int = 1
    ) -> None:
        if every < 1:
            raise InputError(f"Expected each n-th frame with n from 1, got {every}.")
        self._video = video
        first = 0 if start is None else _index(video, parse_moment(start))
        stop = None if end is None else _index(video, parse_moment(end))
        self.indices = video.indices[first:stop:every]
        begins = _time_of(video, first)
        if not self.indices or begins is None:
            raise InputError(self._empty_sentence(first, stop))
        self.name, self.size_hw, self.time_base = video.name, video.size_hw, video.time_base
        self.files, self.frame_names = video.files, video.frame_names
        self.frame_rate = video.frame_rate / every if video.frame_rate else None
        self.num_frames = _count(self.indices, video.num_frames)
        self.choices: Mapping[str, Any] = {
            **video.choices,
            "start": first,
            "end": stop,
            "every": every,
        }
        self.description = replace(
            video.description,
            place=f"{video.description.place}, {_words(self.indices)}",
            start_time=begins,
        )

    @property
    def damaged(self) -> tuple[str, ...]:
        """See ``Video``; of the whole, as far as it was read."""
        return self._video.damaged

    @property
    def seekable(self) -> bool:
        """See ``Video``; as the whole."""
        return self._video.seekable

    def frame(self, index: int) -> VideoFrame:
        """One frame of the span, by its number in the whole.

        Raises:
            IndexError: No such frame, or none of the span.
            DecodeError: See ``Video``.
            VideoError: See ``Video``.
        """
        if index not in self.indices:
            raise IndexError(f"The span ({_words(self.indices)}) does not hold frame {index}.")
        return self._video.frame(index)

    def frames(self, wanted: range) -> Iterator[VideoFrame]:
        """Those of these frames that the span holds, by their numbers in the whole, see ``Video``."""
        return self._video.frames(overlap(wanted, self.indices))

    def __iter__(self) -> Iterator[VideoFrame]:
        """The frames of the span, see ``Video``.

        Raises:
            DecodeError: As in ``Video``.
            VideoError: The video, whose length nothing told, ends before the span begins.
        """
        frame = None
        for frame in self._video.frames(self.indices):
            yield frame
        if frame is None and not self.damaged:
            raise VideoError(
                f"The span begins at frame {self.indices.start}, but the video ends before. Begin earlier."
            )

    def __repr__(self) -> str:
        return f"Span({self._video!r}, {_words(self.indices)})"

    def _empty_sentence(self, first: int, stop: int | None) -> str:
        if stop is not None and stop <= first:
            return f"The span ends at frame {stop}, but begins at frame {first}. Give an end after the start."
        place, count = self._video.description.place, self._video.num_frames
        return (
            f"The span begins at frame {first}, but {place} has only {count} frames. Begin earlier."
        )


def parse_moment(moment: Moment) -> int | Fraction:
    """A frame number, or a time in seconds, from text.

    Raises:
        InputError: Neither.
    """
    text = str(moment).strip()
    if text.isdecimal():
        return int(text)
    seconds = re.fullmatch(r"(\d+(?:\.\d+)?)s", text)
    if seconds:
        return Fraction(seconds[1])
    clock = re.fullmatch(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)", text)
    if clock:
        hours, minutes, rest = (Fraction(part or 0) for part in clock.groups())
        return 3600 * hours + 60 * minutes + rest
    raise InputError(
        f"Expected a frame number (120) or a time (2.5s, 1:30 or 0:01:30), got {text!r}."
    )


def _index(video: Video, moment: int | Fraction) -> int:
    if isinstance(moment, int):
        return moment
    if isinstance(video, Selectable):
        return video.index_at(moment)
    begin = video.description.start_time
    return sum(1 for _ in takewhile(lambda frame: frame.time - begin < moment, video))


def _time_of(video: Video, index: int) -> Fraction | None:
    if index == 0:
        return video.description.start_time
    if isinstance(video, Selectable):
        return video.time_of(index)
    return next((frame.time for frame in video if frame.index == index), None)


def _count(indices: range, whole: int | None) -> int | None:
    if whole is not None:
        return len(range(indices.start, min(indices.stop, whole), indices.step))
    return len(indices) if indices.stop < ANY_INDEX.stop else None


def _words(indices: range) -> str:
    """Such as ``frames 120 to 239, each 2nd``."""
    last = f"to {indices[-1]}" if indices.stop < ANY_INDEX.stop else "to the end"
    steps = f", one of {indices.step}" if indices.step > 1 else ""
    return f"frames {indices.start} {last}{steps}"
