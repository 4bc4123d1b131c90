"""Video files of every kind that FFmpeg opens, decoded frame by frame."""

import operator
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import Any

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame as AvFrame
from av.video.stream import VideoStream

from segue.errors import DecodeError, VideoError
from segue.media.colour import ScreenColours, Turn, deep_values, describe_colour
from segue.media.decoding import Findings, Source, decoded
from segue.media.depth import SAMPLE_FRAMES, Stretch, find_stretch
from segue.media.frames import ANY_INDEX, SourceDescription, VideoFrame, index_name, overlap
from segue.media.header import estimate, pixel_aspect, possible_indices
from segue.media.packets import frame_times
from segue.media.seeking import Look, Seeker
from segue.media.streams import choose, describe_stream, opened, stream_doubt
from segue.types import Frame


class FileVideo:
    """A video file. Times are exact, also at variable frame rate.

    Rotation and mirror metadata are applied. Frames keep their stored pixels: ``description`` tells
    their aspect, because masks are drawn on pixels. Alpha is composited on black. Colours follow
    the file's matrix and range; without tags, BT.601 limited range as in FFmpeg. HDR is tone-mapped.

    ``frame`` and ``frames`` go to any frame at the cost of its group of pictures; what stands in the packets is read
    once for that. Where packets do not tell which frames they hold, frames are decoded from the start instead: raw
    streams without times, interlaced H.264, old codecs (WMV, H.263), H.264 out of order in AVI. Frames are the same
    ones with both, and several threads may ask.

    Args:
        path: The file.
        stream: Which of its video streams, from 0; None takes the best one.
        skip_damaged: Leave out frames that do not decode, instead of ending there. The frames after
            them keep their index and their time; ``damaged`` names those left out.

    Raises:
        VideoError: Not a video, no such video stream, or no frame that decodes.
    """

    frame_names: tuple[str, ...] | None = None
    seekable = True

    def __init__(
        self, path: Path, *, stream: int | None = None, skip_damaged: bool = False
    ) -> None:
        self.path = path
        self.files = (path,)
        self.name = path.stem
        self._number = choose(path) if stream is None else stream
        self._skip_damaged = skip_damaged
        self._findings = Findings()
        asked = {"stream": stream, "skip_damaged": skip_damaged or None}
        self.choices: Mapping[str, Any] = {k: v for k, v in asked.items() if v is not None}
        with opened(path, self._number) as (container, source):
            self.frame_rate = source.average_rate or source.guessed_rate or None
            self.time_base = Fraction(source.time_base or Fraction(1, 90_000))
            self.num_frames = estimate(container, source, self.frame_rate)
            self.indices = possible_indices(container, source, self.num_frames)
            times = sorted(set(frame_times(container, source, go_on=True))) if skip_damaged else ()
        self._source = Source(path, self._number, skip_damaged, self.frame_rate, times)
        self._stretch: Stretch | None = None
        self._turn: Turn | None = None
        first = self._learn_first()
        height, width = self.size_hw
        look = Look(
            begin=first.pts,
            decoded_bytes=sum(plane.buffer_size for plane in first.planes) or 1,
            rgb_bytes=3 * height * width,
            colours=self._colours,
            convert=self._converted,
        )
        self._seeker = Seeker(self._source, look)

    @property
    def damaged(self) -> tuple[str, ...]:
        """What the latest pass lacks, because it does not decode or is not in the file; see ``Video``."""
        return self._findings.words()

    @property
    def decoded_frames(self) -> int:
        """How many frames were decoded by ``frame``, and by ``frames`` where it does not begin with the first one."""
        return self._seeker.decoded_frames

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames from the first one, see ``Video``."""
        return self.frames(ANY_INDEX)

    def frame(self, index: int) -> VideoFrame:
        """One frame by its index, from 0; decodes at most its group of pictures.

        The decoder stays open: the next frame costs one frame, and the one before it mostly nothing.

        Raises:
            IndexError: No such frame.
            TypeError: Not a whole number.
            DecodeError: The frame, or one that it needs, does not decode.
        """
        index = operator.index(index)
        frame = self._seeker.frame(index) if index >= 0 else None
        if frame is None:
            raise IndexError(f"{self.path} has no frame {index}. Frames are numbered from 0.")
        return frame

    def __getitem__(self, index: int) -> VideoFrame:
        """The same as ``frame``."""
        return self.frame(index)

    def frames(self, wanted: range) -> Iterator[VideoFrame]:
        """The frames with these indices, backwards if the step is negative; those that are not there are passed over.

        Backwards, each group of pictures is decoded once and its frames are held as they are decoded, but never more
        than 256 MB: of a larger group the last frames come first, and then the group is decoded again up to the ones
        before them.

        Raises:
            DecodeError: As in ``Video``. Backwards, of a file that is cut off, at once if the end is wanted.
        """
        findings = self._findings = Findings()
        wanted = overlap(wanted, ANY_INDEX)
        if not wanted:
            return iter(())
        if wanted.step < 0:
            return self._seeker.backward(wanted[::-1], findings)
        if wanted.start == 0 and wanted.step == 1:
            return self._seeker.counted(wanted, findings)
        return self._seeker.forward(wanted, findings)

    def close(self) -> None:
        """Let go of decoders that stay open for the next ``frame``; one more call opens the file again."""
        self._seeker.close()

    def index_at(self, time: Fraction) -> int:
        """Index of the first frame that is not shown before a time, in seconds from the first frame.

        Reads packets up to there and decodes nothing.
        """
        begin = self.description.start_time
        before = takewhile(lambda shown: shown < begin + time, self._known_times())
        count = sum(1 for _ in before)
        if not count and time > 0:  # raw streams carry no times
            return -int(-time * (self.frame_rate or 25) // 1)
        return count

    def time_of(self, index: int) -> Fraction | None:
        """When a frame is shown, in seconds; None where the packets end before.

        Raw streams have no times; there the frames are counted.
        """
        times = self._known_times()
        first = next(times, None)
        if first is None:
            return index / (self.frame_rate or Fraction(25))
        return next(islice(chain([first], times), index, None), None)

    def __repr__(self) -> str:
        height, width = self.size_hw
        return f"FileVideo({str(self.path)!r}, {height}x{width}, {self.frame_rate} fps)"

    def _learn_first(self) -> AvFrame:
        """Size and description, as the first frame that decodes tells them, which is returned."""
        with opened(self.path, self._number) as (container, stream):
            try:
                first = next(decoded(self._source, container, stream, Findings()), None)
                if first is None:
                    raise VideoError(
                        f"{self.path} holds no frames. Give a video with at least one frame."
                    )
                _, frame, time = first
                colours = ScreenColours()
                height, width = colours.to_rgb(frame).shape[:2]
            except DecodeError as error:
                raise VideoError(
                    f"{self.path} cannot be used: {error}", option=error.option
                ) from None
            doubt = stream_doubt(container, stream)
            self.size_hw, self._turn = (height, width), colours.turn
            self.description = SourceDescription(
                place=str(self.path),
                stream=describe_stream(container, stream),
                colour=describe_colour(frame),
                pixel_aspect=pixel_aspect(stream, frame),
                start_time=time,
                doubts=(doubt,) if doubt else (),
            )
        if deep_values(frame) is not None:
            self._learn_depth()
        return frame

    def _learn_depth(self) -> None:
        """The stretch of pictures of 16 bits, as the first frames tell it."""
        with opened(self.path, self._number) as (container, stream), suppress(DecodeError):
            self._stretch = find_stretch(self._deep_sample(container, stream))
        if self._stretch is not None and self._stretch.doubt is not None:
            doubts = (*self.description.doubts, self._stretch.doubt)
            self.description = replace(self.description, doubts=doubts)

    def _deep_sample(self, container: InputContainer, stream: VideoStream) -> Iterator[np.ndarray]:
        frames = decoded(self._source, container, stream, Findings())
        for _, frame, _ in islice(frames, SAMPLE_FRAMES):
            values = deep_values(frame)
            if values is None:
                return
            yield values

    def _known_times(self) -> Iterator[Fraction]:
        """Times of the frames in order; what comes before the first frame that decodes is none."""
        index = self._seeker.known_index()
        if self._source.skip_damaged:
            yield from self._source.times
        elif index is not None:
            yield from (int(ticks) * index.time_base for ticks in index.times)
        else:
            begin = self.description.start_time
            with opened(self.path, self._number) as (container, stream):
                yield from (time for time in frame_times(container, stream) if time >= begin)

    def _colours(self) -> ScreenColours:
        return ScreenColours(self._stretch, self._turn)

    def _converted(
        self, index: int, frame: AvFrame, time: Fraction, colours: ScreenColours
    ) -> VideoFrame:
        try:
            image = colours.to_rgb(frame)
        except VideoError as error:
            place = f"Frame {index_name(index)} of {self.path}"
            raise DecodeError(f"{place} {error}") from None
        if image.shape[:2] != self.size_hw:
            raise DecodeError(self._size_sentence(index, image))
        return VideoFrame(image, index, index_name(index), time)

    def _size_sentence(self, index: int, image: Frame) -> str:
        (height, width), (new_height, new_width) = self.size_hw, image.shape[:2]
        return (
            f"Frame {index_name(index)} of {self.path} is {new_width}x{new_height}, the ones "
            f"before it {width}x{height} (width x height). Cut the video there or scale it."
        )
