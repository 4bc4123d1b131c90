"""What documents are written from: a finished video, read-only."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from segue.errors import VideoError
from segue.media.frames import Video, VideoFrame
from segue.results.records import FrameRecord
from segue.types import Labels


@dataclass(frozen=True, kw_only=True)
class Results:
    """All results of one video.

    ``records`` is in the order of the frames. Label maps are read when they are asked for, so memory stays flat.
    """

    name: str
    """Of the video: file stem or folder name."""
    size_hw: tuple[int, int]
    frame_rate: Fraction | None
    """Average frames per second, ``None`` if the source does not say."""
    records: Sequence[FrameRecord]
    labels: Callable[[FrameRecord], Labels]
    """The label map of a frame, at the size of the video.

    Raises OutputError where the file is gone or damaged.
    """
    video: Video | None = None
    """The source, where it is still there: only pictures need it."""
    time_base: Fraction = Fraction(1, 90_000)
    pixel_aspect: Fraction = Fraction(1)
    sources: Mapping[int, str] = field(default_factory=dict)
    """Where each object id came from, in words."""
    classes: tuple[str, ...] | None = None
    """Names by class number where labels are classes; ``None`` where they are objects."""
    colours: UInt8[np.ndarray, "256 3"] | None = None
    """RGB by class number; ``None`` for the palette of objects."""
    threshold: float | None = None
    """Of the model's reuse gate; ``None`` without a gate."""

    def frames(self) -> Iterator[tuple[VideoFrame, FrameRecord]]:
        """The decoded frames with their records, in order; frames without a record are left out.

        Raises:
            VideoError: The source is not there any more, or is another one: it ends before the last record.
            DecodeError: A frame does not decode.
        """
        if self.video is None:
            raise VideoError(
                f"The frames of {self.name} are needed, but the video is not there. Give its path."
            )
        left = {record.index: record for record in self.records}
        if not left:
            return
        for frame in self.video:
            record = left.pop(frame.index, None)
            if record is not None:
                yield frame, record
            if not left:
                return  # What comes after may be damaged, which is why it has no record.
        raise VideoError(
            f"The video has no frame {next(iter(left.values())).name}, of which there are results. "
            "Give the video that the results are about."
        )


@dataclass(frozen=True, slots=True)
class Written:
    """What a document left behind."""

    files: tuple[Path, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)
    """Plain values for ``run.json``."""
    doubts: tuple[str, ...] = ()
    """Guesses that the user should look at, as sentences."""


@runtime_checkable
class Document(Protocol):
    """Something about the whole video: a function of the store."""

    def write(self, results: Results, out: Path) -> Written:
        """Write it whole or not at all.

        Args:
            results: Of the video.
            out: The folder of the results.

        Raises:
            WriteError: The system refuses.
            FormatError: The format cannot hold these results; the sentence says why.
        """
        ...


@runtime_checkable
class LiveWriter(Protocol):
    """Takes frames in order while they are answered."""

    def add(self, frame: VideoFrame, record: FrameRecord, labels: Labels) -> None:
        """One frame, after the one before it.

        Raises:
            WriteError: The system refuses.
        """
        ...

    def finish(self) -> Written:
        """Put the document into its place.

        Raises:
            WriteError: The system refuses.
        """
        ...

    def close(self) -> None:
        """Let go of files, also after a failure; never raises."""
        ...


@runtime_checkable
class LiveDocument(Document, Protocol):
    """A document that would have to read every frame again, unless it sees them while they are answered.

    Both ways give the same bytes. The live way is taken where a run answers all frames of the video in order.
    """

    def live(self, results: Results, out: Path, scratch: Path) -> LiveWriter:
        """Begin, before the first frame.

        Args:
            results: Of the video, still without records.
            out: The folder of the results.
            scratch: An existing folder for unfinished files.
        """
        ...


@runtime_checkable
class Readable(Protocol):
    """A format that can be read back: for ``convert``, and as given masks."""

    def recognises(self, path: Path) -> bool:
        """Whether a file or folder is of this format, by a cheap look."""
        ...

    def read(self, path: Path, size_hw: tuple[int, int] | None = None) -> Results:
        """The results that a file or folder holds; without ``video``.

        Args:
            path: File or folder.
            size_hw: Height and width of the video, for formats that do not say.

        Raises:
            FormatError: Not of this format, damaged, or the size is neither in it nor given.
        """
        ...
