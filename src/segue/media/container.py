"""Video files of every kind that FFmpeg opens, decoded frame by frame."""

from bisect import bisect_left
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
from segue.media.colour import ScreenColours, deep_values, describe_colour
from segue.media.depth import SAMPLE_FRAMES, Stretch, find_stretch
from segue.media.frames import ANY_INDEX, SourceDescription, VideoFrame, index_name, name_ranges
from segue.media.gaps import GapFinder
from segue.media.header import (
    estimate,
    header_duration,
    packet_end,
    pixel_aspect,
    possible_indices,
)
from segue.media.packets import frame_times, packets_of
from segue.media.streams import DECODE_ERRORS, choose, describe_stream, opened, stream_doubt
from segue.types import Frame

_RETRY = "Re-encode it, for example with `ffmpeg -i FILE -c:v libx264 -crf 18 repaired.mp4`."
_SKIP = "Pass --skip-damaged to go on with the frames after it."


class FileVideo:
    """A video file. Times are exact, also at variable frame rate.

    Rotation and mirror metadata are applied. Frames keep their stored pixels: ``description`` tells
    their aspect, because masks are drawn on pixels. Alpha is composited on black. Colours follow
    the file's matrix and range; without tags, BT.601 limited range as in FFmpeg. HDR is tone-mapped.

    Args:
        path: The file.
        stream: Which of its video streams, from 0; None takes the best one.
        skip_damaged: Leave out frames that do not decode, instead of ending there. The frames after
            them keep their index and their time; ``damaged`` names those left out.

    Raises:
        VideoError: Not a video, no such video stream, or no frame that decodes.
    """

    frame_names: tuple[str, ...] | None = None

    def __init__(
        self, path: Path, *, stream: int | None = None, skip_damaged: bool = False
    ) -> None:
        self.path = path
        self.files = (path,)
        self.name = path.stem
        self._number = choose(path) if stream is None else stream
        self._skip_damaged = skip_damaged
        self._lost: list[int] = []
        self._cut: tuple[str, ...] = ()
        self._gaps = GapFinder(None)
        self._near: list[str] = []
        asked = {"stream": stream, "skip_damaged": skip_damaged or None}
        self.choices: Mapping[str, Any] = {k: v for k, v in asked.items() if v is not None}
        with opened(path, self._number) as (container, source):
            self.frame_rate = source.average_rate or source.guessed_rate or None
            self.time_base = Fraction(source.time_base or Fraction(1, 90_000))
            self.num_frames = estimate(container, source, self.frame_rate)
            self.indices = possible_indices(container, source, self.num_frames)
            self._times = self._all_times(container, source) if skip_damaged else []
        self._stretch: Stretch | None = None
        self._learn_first()

    @property
    def damaged(self) -> tuple[str, ...]:
        """What the latest pass lacks, because it does not decode or is not in the file; see ``Video``."""
        near = dict.fromkeys(self._near)
        return (*name_ranges(self._lost), *near, *self._gaps.found, *self._cut)

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames from the first one, see ``Video``."""
        return self.frames(ANY_INDEX)

    def frames(self, wanted: range) -> Iterator[VideoFrame]:
        """The frames with these indices; others are decoded, but not converted.

        Raises:
            DecodeError: As in ``Video``.
        """
        with opened(self.path, self._number) as (container, stream):
            colours = ScreenColours(self._stretch)
            time = None
            for index, frame in self._indexed(container, stream):
                if index >= wanted.stop:
                    return
                time = self._time(frame, time)
                if index not in wanted:
                    continue
                try:
                    image = colours.to_rgb(frame)
                except VideoError as error:
                    place = f"Frame {index_name(index)} of {self.path}"
                    raise DecodeError(f"{place} {error}") from None
                if image.shape[:2] != self.size_hw:
                    raise DecodeError(self._size_sentence(index, image))
                yield VideoFrame(image, index, index_name(index), time)

    def __getitem__(self, index: int) -> VideoFrame:
        """One frame by its index, from 0; decodes from the start of the file.

        Raises:
            IndexError: No such frame.
            DecodeError: The frame, or one before it, does not decode.
        """
        if index >= 0:
            for frame in self.frames(range(index, index + 1)):
                return frame
        raise IndexError(f"{self.path} has no frame {index}. Frames are numbered from 0.")

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

    def _learn_first(self) -> None:
        """Size and description, as the first frame that decodes tells them."""
        with opened(self.path, self._number) as (container, stream):
            try:
                _, frame = next(self._indexed(container, stream), (0, None))
                if frame is None:
                    raise VideoError(
                        f"{self.path} holds no frames. Give a video with at least one frame."
                    )
                height, width = ScreenColours().to_rgb(frame).shape[:2]
            except DecodeError as error:
                raise VideoError(
                    f"{self.path} cannot be used: {error}", option=error.option
                ) from None
            doubt = stream_doubt(container, stream)
            self.size_hw = (height, width)
            self.description = SourceDescription(
                place=str(self.path),
                stream=describe_stream(container, stream),
                colour=describe_colour(frame),
                pixel_aspect=pixel_aspect(stream, frame),
                start_time=self._time(frame, None),
                doubts=(doubt,) if doubt else (),
            )
        if deep_values(frame) is not None:
            self._learn_depth()

    def _learn_depth(self) -> None:
        """The stretch of pictures of 16 bits, as the first frames tell it."""
        with opened(self.path, self._number) as (container, stream), suppress(DecodeError):
            self._stretch = find_stretch(self._deep_sample(container, stream))
        if self._stretch is not None and self._stretch.doubt is not None:
            doubts = (*self.description.doubts, self._stretch.doubt)
            self.description = replace(self.description, doubts=doubts)

    def _deep_sample(self, container: InputContainer, stream: VideoStream) -> Iterator[np.ndarray]:
        for _, frame in islice(self._indexed(container, stream), SAMPLE_FRAMES):
            values = deep_values(frame)
            if values is None:
                return
            yield values

    def _indexed(
        self, container: InputContainer, stream: VideoStream
    ) -> Iterator[tuple[int, AvFrame]]:
        indexed = self._numbered if self._skip_damaged else enumerate
        # Only these lose data without a word: the others have a table of their frames.
        silent = container.format.name in ("mpegts", "matroska,webm")
        self._gaps = GapFinder(self.frame_rate if silent else None)
        self._near = []
        for index, frame in indexed(self._decoded(container, stream)):
            if frame.pts is not None:
                self._gaps.see(index, self._time(frame, None))
            yield index, frame

    def _numbered(self, frames: Iterator[AvFrame]) -> Iterator[tuple[int, AvFrame]]:
        """Frames with the numbers that they have in the whole file, by their times."""
        self._lost, self._cut = [], ()
        expected = 0
        for frame in frames:
            index = expected
            if frame.pts is not None and self._times:
                index = max(expected, bisect_left(self._times, self._time(frame, None)))
            self._lost.extend(range(expected, index))
            yield index, frame
            expected = index + 1
        self._lost.extend(range(expected, len(self._times)))

    def _decoded(self, container: InputContainer, stream: VideoStream) -> Iterator[AvFrame]:
        """Frames as the decoder gives them; DecodeError at the first that it cannot, unless they are skipped."""
        count = 0
        end = Fraction(0)
        packets = packets_of(container, go_on=self._skip_damaged)
        while True:
            packet = None
            try:
                packet = next(packets, None)
                if packet is None:
                    break
                end = max(end, packet_end(packet))
                if packet.stream is not stream:
                    continue
                # Also where whole files were joined, so no error; before the first frame: a recording
                # that begins anywhere.
                if packet.is_corrupt and count:
                    self._near.append(f"perhaps some near {index_name(count)}")
                frames = packet.decode()
            except DECODE_ERRORS as error:
                if self._skip_damaged:
                    continue
                for whole in _rescued(stream, packet):
                    yield whole
                    count += 1
                raise self._broken(count, str(error)) from None
            for frame in frames:
                assert isinstance(frame, AvFrame)
                if not frame.is_corrupt:
                    yield frame
                    count += 1
                elif not self._skip_damaged:
                    raise self._broken(count, "the decoder found damaged data")
        self._check_complete(header_duration(container, stream), count, end)

    def _all_times(self, container: InputContainer, stream: VideoStream) -> list[Fraction]:
        return sorted(set(frame_times(container, stream, go_on=True)))

    def _known_times(self) -> Iterator[Fraction]:
        """Times of the frames in order; what comes before the first frame that decodes is none."""
        if self._skip_damaged:
            yield from self._times
            return
        begin = self.description.start_time
        with opened(self.path, self._number) as (container, stream):
            yield from (time for time in frame_times(container, stream) if time >= begin)

    def _check_complete(self, expected: Fraction | None, count: int, end: Fraction) -> None:
        # FFmpeg reads a file that was cut off between two packets to its end without a word.
        # The last packet often has no duration, so two frames may be missing from the sum.
        two_frames = 2 / self.frame_rate if self.frame_rate else Fraction(0)
        slack = max(Fraction(1, 2), two_frames)
        if expected is not None and expected - end > max(slack, expected / 50):
            said, came = float(expected), float(end)
            if not self._skip_damaged:
                raise self._broken(count, f"its header says {said:.2f} s, data end at {came:.2f} s")
            self._cut = (f"all after {came:.2f} of {said:.2f} s",)

    def _broken(self, index: int, reason: str) -> DecodeError:
        return DecodeError(
            f"Frame {index_name(index)} of {self.path} does not decode ({reason}). "
            f"The {index} frames before it are fine. {_RETRY}",
            option=_SKIP,
        )

    def _size_sentence(self, index: int, image: Frame) -> str:
        (height, width), (new_height, new_width) = self.size_hw, image.shape[:2]
        return (
            f"Frame {index_name(index)} of {self.path} is {new_width}x{new_height}, the ones "
            f"before it {width}x{height} (width x height). Cut the video there or scale it."
        )

    def _time(self, frame: AvFrame, before: Fraction | None) -> Fraction:
        if frame.pts is not None and frame.time_base is not None:
            return frame.pts * Fraction(frame.time_base)
        # Raw streams carry no times: count frames.
        return Fraction(0) if before is None else before + 1 / (self.frame_rate or Fraction(25))


def _rescued(stream: VideoStream, packet: Any) -> Iterator[AvFrame]:
    """Whole frames still waiting inside the decoder that come before the broken packet."""
    if packet is None or packet.pts is None:
        return
    try:
        waiting = stream.decode(None)
    except DECODE_ERRORS:
        return
    for frame in waiting:
        assert isinstance(frame, AvFrame)
        if frame.is_corrupt or frame.pts is None or frame.pts >= packet.pts:
            return
        yield frame
