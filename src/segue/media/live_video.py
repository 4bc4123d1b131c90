"""A live stream as a video: it is read once, has no known end, and cannot be sought in."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from segue.errors import DecodeError, StalledError, VideoError
from segue.media.frames import (
    ANY_INDEX,
    DEFAULT_FRAME_RATE,
    SourceDescription,
    VideoFrame,
    index_name,
)
from segue.media.live_clock import LiveClock
from segue.media.live_feed import Deferred, Feed, Picture
from segue.media.live_stream import no_key_frame
from segue.types import Frame


class LiveVideo:
    """Frames of a stream, a camera or a pipe, in the order in which they come.

    A frame's index counts the frames that came since the stream was opened, so frames that a reader drops leave gaps in
    the numbers of its results. Frames that the network lost are not known, and not counted. Times are those of the
    stream; without any, those of arrival in seconds since the first frame, or counted at a constant rate.

    Args:
        feed: The source, open.
        name: Of its results.
        place: What it is, in words, without passwords.
        frame_rate: Frames per second where the source does not say.
        live: Whether frames without times get that of their arrival.
        repeats: Whether opening the source again gives the same frames again.
        opened: When its opening began, in seconds of ``time.monotonic``.

    Raises:
        VideoError: No frame came that decodes.
    """

    frame_names: tuple[str, ...] | None = None
    files: tuple[Path, ...] = ()
    num_frames: int | None = None
    indices = ANY_INDEX
    seekable = False

    def __init__(
        self,
        feed: Feed,
        *,
        name: str,
        place: str,
        frame_rate: Fraction | None = None,
        live: bool = True,
        repeats: bool = False,
        opened: float | None = None,
    ) -> None:
        self.name = name
        self.repeats = repeats
        """Whether opening the source again gives the same frames, so that a resumed run begins at frame 0 again;
        otherwise it goes on with new frames, see ``go_on``."""
        self.choices: Mapping[str, Any] = {"source": place, "live": live}
        self._feed = feed
        self.first_index = 0
        """Of the first frame that comes, see ``go_on``."""
        self._opened = opened
        traits = feed.traits
        self.frame_rate = traits.frame_rate or frame_rate
        rate = self.frame_rate or DEFAULT_FRAME_RATE
        try:
            first, self._pictures = self._begin(place)
        except BaseException:
            feed.close()
            raise
        base = traits.time_base if first.time is not None else None
        self._clock = LiveClock(base, rate, by_arrival=live)
        self.time_base = self._clock.time_base
        self._stored_hw = first.size_hw
        self._place = place
        self.description = SourceDescription(
            place=place,
            stream=traits.stream,
            colour=feed.colour,
            pixel_aspect=traits.pixel_aspect,
            start_time=first.time if base and first.time is not None else Fraction(0),
            doubts=(*traits.doubts, "It is read as it comes, and can be read only once."),
        )

    @property
    def damaged(self) -> tuple[str, ...]:
        """What was left out because it does not decode, see ``Video``."""
        return self._feed.damaged

    def go_on(self, index: int, time: Fraction) -> None:
        """Number the frames of a stream that is resumed behind those that are there already.

        Args:
            index: Of the first frame that comes now.
            time: Of the last frame that is there; the next one is later.

        Raises:
            VideoError: Frames were read already.
        """
        if self._pictures is None:
            raise self._read_already()
        self.first_index = index
        self._clock.go_on(time)

    def close(self) -> None:
        """Let go of the source of a stream that is not read to its end, or not at all."""
        self._pictures = None
        self._feed.close()

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames as they come, see ``Video``.

        Raises:
            StalledError: None came in time.
            DecodeError: The size changes, or the stream broke off or ended inside a frame; all before are valid.
            VideoError: It was read already.
        """
        return (deferred.frame() for deferred in self.deferred())

    def deferred(self) -> Iterator[Deferred]:
        """Frames as they come, before their pixels are converted; errors as in ``__iter__``."""
        if self._pictures is None:
            raise self._read_already()
        pictures, self._pictures = self._pictures, None
        return self._numbered(pictures)

    def frames(self, wanted: range) -> Iterator[VideoFrame]:
        """The frames with these indices, forwards; those between are not converted.

        Raises:
            VideoError: Backwards, or as in ``__iter__``.
        """
        if wanted.step < 0:
            raise VideoError(
                f"{self._place} is live and cannot be read backwards. Record it first."
            )
        return self._wanted(wanted)

    def frame(self, index: int) -> VideoFrame:
        """Nothing: a live stream has no frames but the next one.

        Raises:
            VideoError: Always.
        """
        raise VideoError(
            f"{self._place} is live: frame {index} cannot be asked for. Take frames as they come, or record it first."
        )

    def index_at(self, time: Fraction) -> int:
        """Index of the first frame that is not shown before a time, as far as its frame rate tells.

        Raises:
            VideoError: It has none.
        """
        if self.frame_rate is None:
            raise VideoError(
                f"{self._place} does not tell its frame rate. Give a frame number, not a time."
            )
        return -int(-time * self.frame_rate // 1)

    def time_of(self, index: int) -> Fraction | None:
        """When a frame is shown in seconds, as far as the frame rate tells."""
        rate = self.frame_rate or DEFAULT_FRAME_RATE
        ticks = round(index / rate / self.time_base)
        return self.description.start_time + ticks * self.time_base

    def __repr__(self) -> str:
        height, width = self.size_hw
        return f"LiveVideo({self.description.place!r}, {height}x{width}, {self.frame_rate} fps)"

    def _begin(self, place: str) -> tuple[Picture, Iterator[Picture] | None]:
        """The first picture, which tells the size, and all of them."""
        pictures = self._feed.pictures()
        try:
            first = next(pictures, None)
            if first is None:
                raise VideoError(no_key_frame(f"{place} ended without a frame that decodes"))
            image = first.convert()
        except StalledError as error:
            raise VideoError(
                f"{place} opened, but no frame came in time. Check the sender, or wait longer.",
                option=error.option,
            ) from None
        except DecodeError as error:
            raise VideoError(f"{place} cannot be used: {error}", option=error.option) from None
        self.size_hw = image.shape[:2]
        return first, chain([first], pictures)

    def _numbered(self, pictures: Iterator[Picture]) -> Iterator[Deferred]:
        with closing(self._feed):
            for index, picture in enumerate(pictures, self.first_index):
                if picture.size_hw != self._stored_hw:
                    raise DecodeError(self._size_sentence(index, picture.size_hw))
                begun = self._opened if index == self.first_index else None
                yield Deferred(
                    index,
                    self._clock.time(picture),
                    picture.arrived if begun is None else begun,
                    self._converter(index, picture.convert),
                )

    def _converter(self, index: int, convert: Callable[[], Frame]) -> Callable[[], Frame]:
        def converted() -> Frame:
            try:
                image = convert()
            except VideoError as error:
                raise DecodeError(f"Frame {index_name(index)} of {self._place} {error}") from None
            if image.shape[:2] != self.size_hw:
                raise DecodeError(self._size_sentence(index, image.shape[:2]))
            return image

        return converted

    def _wanted(self, wanted: range) -> Iterator[VideoFrame]:
        for deferred in self.deferred():
            if deferred.index >= wanted.stop:
                return
            if deferred.index in wanted:
                yield deferred.frame()

    def _size_sentence(self, index: int, came: tuple[int, int]) -> str:
        (height, width), (new_height, new_width) = self._stored_hw, came
        return (
            f"Frame {index_name(index)} of {self._place} is {new_width}x{new_height}, the ones before it "
            f"{width}x{height} (width x height). The frames before are fine. Let the sender keep one size."
        )

    def _read_already(self) -> VideoError:
        return VideoError(f"{self._place} was read already, and is live. Open it again.")
