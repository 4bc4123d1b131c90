"""What every source of frames looks like, whether a file, a folder or an iterator."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from segue.types import Frame

DEFAULT_FRAME_RATE = Fraction(25)
"""Frames per second of sources without clock of their own: image folders and iterators (ours)."""

ANY_INDEX = range(sys.maxsize)
"""Frame numbers of a source whose end only decoding tells."""


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
    """Frames in order, decoded one at a time in constant memory.

    Iterating again starts from the first frame, except over a plain iterator of arrays.
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
