"""What a live source gives before it is a video: pictures one after the other, decoded but not yet converted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from time import monotonic
from typing import Protocol, runtime_checkable

from segue.media.frames import VideoFrame, index_name
from segue.types import Frame


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as a live source gave it."""

    size_hw: tuple[int, int]
    """Height and width as stored, before it is turned upright."""
    convert: Callable[[], Frame]
    """Gives upright RGB; a picture that is dropped costs no conversion."""
    time: Fraction | None = None
    """Presentation time in seconds; None where the source tells none."""
    arrived: float = field(default_factory=monotonic)
    """When it was decoded, in seconds of ``time.monotonic``."""


@dataclass(frozen=True, slots=True)
class LiveTraits:
    """What a live source says of itself."""

    frame_rate: Fraction | None = None
    """Frames per second; None where the source does not say."""
    time_base: Fraction | None = None
    """Seconds per tick of its own times; None where it tells no times."""
    stream: str | None = None
    """See ``SourceDescription``."""
    pixel_aspect: Fraction = Fraction(1)
    """See ``SourceDescription``."""
    doubts: tuple[str, ...] = ()
    """See ``SourceDescription``."""


@runtime_checkable
class Feed(Protocol):
    """A live source that is open: read once, closed at the end."""

    @property
    def traits(self) -> LiveTraits:
        """What it says of itself."""
        ...

    @property
    def colour(self) -> str | None:
        """What is done to its colours, see ``SourceDescription``; known after the first picture."""
        ...

    @property
    def damaged(self) -> tuple[str, ...]:
        """What was left out because it does not decode, in words."""
        ...

    def pictures(self) -> Iterator[Picture]:
        """The pictures in the order in which they are shown.

        Raises:
            StalledError: Nothing came in time.
            DecodeError: The stream broke off or ended in the middle of a picture.
        """
        ...

    def close(self) -> None:
        """Let go of the source; again does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Deferred:
    """A frame of a live video whose pixels are converted only when they are asked for."""

    index: int
    """As in ``VideoFrame``."""
    time: Fraction
    """As in ``VideoFrame``."""
    arrived: float
    """When it was decoded, in seconds of ``time.monotonic``; of the first frame when the opening of the source began,
    since it may have waited in there from then on."""
    convert: Callable[[], Frame]
    """Gives the pixels."""

    def frame(self) -> VideoFrame:
        """The frame with its pixels.

        Raises:
            DecodeError: They cannot be converted.
        """
        return VideoFrame(self.convert(), self.index, index_name(self.index), self.time)


@runtime_checkable
class Deferring(Protocol):
    """A video that can give its frames before their pixels are converted."""

    def deferred(self) -> Iterator[Deferred]:
        """The frames in order, each converted by ``Deferred.frame``; see ``Video.__iter__``."""
        ...
