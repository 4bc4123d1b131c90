"""What every source of frames looks like, whether a file, a folder or an iterator."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from segue.types import Frame

DEFAULT_FRAME_RATE = Fraction(25)
"""Frames per second of sources without clock of their own: image folders and iterators (ours)."""

ANY_INDEX = range(sys.maxsize)
"""Frame numbers of a source whose end only decoding tells."""

HELD_BYTES = 256 * 2**20
"""Bytes of frames that a source holds at most to give a span backwards, where frames decode only forwards (ours)."""


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One decoded frame and its place in the source."""

    image: Frame
    """RGB, shape ``height width 3``, C-contiguous, upright (rotation metadata is applied)."""
    index: int
    """Position in the source, from 0."""
    name: str
    """File stem for images, else the index with five digits or more; result files carry it."""
    time: Fraction
    """Exact presentation time in seconds."""

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"VideoFrame({self.name!r}, {height}x{width}, {float(self.time):.3f} s)"


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """What was understood of a source, in words for a person who reads them before the work."""

    place: str
    """File, folder or pattern; ``arrays`` for arrays."""
    stream: str | None = None
    """Of a video file: which of its streams, such as ``video stream 2 of 3 (h264)``."""
    colour: str | None = None
    """None for plain SDR, else what was done, such as ``HDR (PQ, BT.2020), tone-mapped to BT.709``."""
    pixel_aspect: Fraction = Fraction(1)
    """Width of a pixel divided by its height, as shown; frames keep the stored pixels."""
    start_time: Fraction = Fraction(0)
    """Presentation time of the first frame in seconds."""
    doubts: tuple[str, ...] = ()
    """Sentences about what could have been meant otherwise."""


@runtime_checkable
class Video(Protocol):
    """Frames in order, decoded one at a time in constant memory, and any of them by its number.

    Iterating again starts from the first frame, except over a plain iterator of arrays. A frame is the same to the
    byte whichever way it was asked for. Several threads may ask a video that is ``seekable``.
    """

    @property
    def name(self) -> str:
        """File stem or folder name; ``frames`` for arrays."""
        ...

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width that every frame has."""
        ...

    @property
    def frame_rate(self) -> Fraction | None:
        """Average frames per second, None if the file does not say."""
        ...

    @property
    def time_base(self) -> Fraction:
        """Seconds per tick: every frame's time is a whole number of ticks."""
        ...

    @property
    def num_frames(self) -> int | None:
        """Number of frames, an estimate for video files; for progress only."""
        ...

    @property
    def frame_names(self) -> tuple[str, ...] | None:
        """Names of all frames of the source where they are files; None where the name is the index."""
        ...

    @property
    def indices(self) -> range:
        """The only numbers that frames can have, as far as known before decoding; may end too late, never too early.

        A span of a source begins later than at 0 and may have steps.
        """
        ...

    @property
    def description(self) -> SourceDescription:
        """What was understood of the source, in words."""
        ...

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are read; none for arrays."""
        ...

    @property
    def choices(self) -> Mapping[str, Any]:
        """What was asked for of the source, as plain values: stream, span, skipping; empty if all of it."""
        ...

    @property
    def damaged(self) -> tuple[str, ...]:
        """What was left out because it does not decode, such as ``00020 to 00022``; known after a pass.

        Always empty unless skipping was asked for, since a pass then ends there.
        """
        ...

    @property
    def seekable(self) -> bool:
        """Whether frames can be asked for in any order, and again; an iterator gives each once."""
        ...

    def frame(self, index: int) -> VideoFrame:
        """One frame by its number, from 0.

        A video file decodes at most the group of pictures that the frame belongs to, an image file or an array nothing
        else. ``FileVideo`` and ``PagedVideo`` say which files have to be decoded from their start.

        Raises:
            IndexError: No such frame.
            DecodeError: The frame, or one that it needs, does not decode.
            VideoError: The source is not seekable.
        """
        ...

    def frames(self, wanted: range) -> Iterator[VideoFrame]:
        """Frames by their numbers, in the order of the range; numbers without a frame are passed over.

        Args:
            wanted: With any step. If that is negative, the frames come backwards: each group of pictures of a video
                file is decoded once, and at most ``HELD_BYTES`` of frames are held.

        Raises:
            DecodeError: As in ``__iter__``.
            VideoError: Backwards, of a source that is not seekable.
        """
        ...

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames from the first one.

        Raises:
            DecodeError: A frame does not decode or changes size; all before it were yielded.
        """
        ...


def index_name(index: int) -> str:
    """The name of a frame that is no file of its own: its index with at least five digits."""
    return f"{index:05d}"


def name_ranges(indices: Iterable[int]) -> tuple[str, ...]:
    """Ascending frame numbers in words: ``00003``, ``00007 to 00009``."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return tuple(
        index_name(first) if first == last else f"{index_name(first)} to {index_name(last)}"
        for first, last in runs
    )


def overlap(wanted: range, own: range) -> range:
    """The numbers that are in both, in the direction of ``wanted``.

    Args:
        wanted: With any step.
        own: Ascending.
    """
    rising = wanted if wanted.step > 0 else wanted[::-1]
    if not rising or not own:
        return range(0)
    start = rising.start + max(0, -((rising.start - own.start) // rising.step)) * rising.step
    for first in range(start, start + own.step * rising.step, rising.step):
        if (first - own.start) % own.step == 0:
            stop = min(rising[-1], own[-1]) + 1
            both = range(first, stop, lcm(rising.step, own.step))
            return both if wanted.step > 0 else both[::-1]
    return range(0)


def over_black(rgba: np.ndarray) -> np.ndarray:
    """A picture without alpha: colours over black, weighted by their alpha (ours).

    Black is what players without alpha support show for transparent parts.

    Args:
        rgba: ``height width 4``, whole numbers whose largest possible one is opaque, or floats (1 is opaque); alpha
            not premultiplied.
    """
    colours, alpha = rgba[:, :, :3], rgba[:, :, 3:]
    opaque = np.iinfo(rgba.dtype).max if rgba.dtype.kind in "iu" else 1
    if alpha.min() == opaque:
        return np.ascontiguousarray(colours)
    if rgba.dtype == np.uint8:
        weighted = colours.astype(np.uint16) * alpha
        return np.asarray((weighted + 127) // 255, np.uint8)
    return np.asarray(colours * (alpha.astype(np.float32) / opaque), rgba.dtype)
