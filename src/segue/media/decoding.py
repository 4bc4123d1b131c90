"""One pass over a video file from its first packet to its last: frames, their numbers, and what is missing."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.container import InputContainer
from av.video.frame import VideoFrame as AvFrame
from av.video.stream import VideoStream

from segue.errors import DecodeError
from segue.media.frames import index_name, name_ranges
from segue.media.gaps import GapFinder
from segue.media.header import header_duration, packet_end
from segue.media.packets import packets_of
from segue.media.streams import DECODE_ERRORS

_RETRY = "Re-encode it, for example with `ffmpeg -i FILE -c:v libx264 -crf 18 repaired.mp4`."
_SKIP = "Pass --skip-damaged to go on with the frames after it."
# Only these lose data without a word: the others have a table of their frames.
_SILENT = ("mpegts", "matroska,webm")

Decoded = tuple[int, AvFrame, Fraction]
"""A frame's number, the frame as the decoder gives it, and its time in seconds."""


@dataclass(frozen=True, slots=True)
class Source:
    """A stream of a video file, and how it is read."""

    path: Path
    number: int
    """Of the video stream."""
    skip_damaged: bool
    frame_rate: Fraction | None
    times: Sequence[Fraction] = ()
    """When skipping: the times of all frames, by which those after a damaged place keep their numbers."""

    def broken(self, index: int, reason: str, *, rest: str = "") -> DecodeError:
        """The error of a frame that does not decode.

        Args:
            index: Of the frame.
            reason: What FFmpeg says, or what was seen.
            rest: A sentence about the other frames.
        """
        words = f"Frame {index_name(index)} of {self.path} does not decode ({reason}). "
        return DecodeError(f"{words}{rest and rest + ' '}{_RETRY}", option=_SKIP)

    def time(self, frame: AvFrame, before: Fraction | None) -> Fraction:
        """When a frame is shown, in seconds; ``before`` is the time of the one before it."""
        if frame.pts is not None and frame.time_base is not None:
            return frame.pts * Fraction(frame.time_base)
        # Raw streams carry no times: count frames.
        return Fraction(0) if before is None else before + 1 / (self.frame_rate or Fraction(25))

    def missing_end(self, expected: Fraction | None, end: Fraction) -> bool:
        """Whether data end long before the header says.

        FFmpeg reads a file that was cut off between two packets to its end without a word. The last packet often has
        no duration, so two frames may be missing from the sum.
        """
        two_frames = 2 / self.frame_rate if self.frame_rate else Fraction(0)
        slack = max(Fraction(1, 2), two_frames)
        return expected is not None and expected - end > max(slack, expected / 50)


@dataclass(slots=True)
class Findings:
    """What one pass lacks, because it does not decode or is not in the file."""

    lost: list[int] = field(default_factory=list)
    """Numbers of frames that were left out."""
    near: list[str] = field(default_factory=list)
    gaps: GapFinder = field(default_factory=lambda: GapFinder(None))
    cut: tuple[str, ...] = ()

    def words(self) -> tuple[str, ...]:
        """As in ``Video.damaged``."""
        return (*name_ranges(self.lost), *dict.fromkeys(self.near), *self.gaps.found, *self.cut)


def gap_finder(kind: str, rate: Fraction | None) -> GapFinder:
    """A finder that looks for gaps only in the kinds of files (FFmpeg's names) that lose frames without a word."""
    return GapFinder(rate if kind in _SILENT else None)


def check_end(
    source: Source, expected: Fraction | None, end: Fraction, index: int, findings: Findings
) -> None:
    """Says that the end of the file is missing, if it is.

    Args:
        source: The stream.
        expected: Seconds that the header promises, None if it does not.
        end: When the last packet is no longer shown, in seconds.
        index: Of the first frame that is not there.
        findings: Where that is written if damage is skipped.

    Raises:
        DecodeError: The end is missing, and damage is not skipped.
    """
    if expected is None or not source.missing_end(expected, end):
        return
    said, came = float(expected), float(end)
    if not source.skip_damaged:
        reason = f"its header says {said:.2f} s, data end at {came:.2f} s"
        raise source.broken(index, reason, rest=_before(index))
    findings.cut = (f"all after {came:.2f} of {said:.2f} s",)


def decoded(
    source: Source, container: InputContainer, stream: VideoStream, findings: Findings
) -> Iterator[Decoded]:
    """All frames of a file that was just opened, in order.

    Raises:
        DecodeError: At the first frame that does not decode, unless they are skipped.
    """
    findings.gaps = gap_finder(container.format.name, source.frame_rate)
    frames = _frames(source, container, stream, findings)
    time = None
    for index, frame in _numbered(source, frames, findings):
        time = source.time(frame, time)
        if frame.pts is not None:
            findings.gaps.see(index, time)
        yield index, frame, time


def rescued(stream: VideoStream, packet: Any) -> Iterator[AvFrame]:
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


def _numbered(
    source: Source, frames: Iterator[AvFrame], findings: Findings
) -> Iterator[tuple[int, AvFrame]]:
    """Frames with the numbers that they have in the whole file; by their times if some are left out."""
    if not source.skip_damaged:
        yield from enumerate(frames)
        return
    expected = 0
    for frame in frames:
        index = expected
        if frame.pts is not None and source.times:
            index = max(expected, bisect_left(source.times, source.time(frame, None)))
        findings.lost.extend(range(expected, index))
        yield index, frame
        expected = index + 1
    findings.lost.extend(range(expected, len(source.times)))


def _frames(
    source: Source, container: InputContainer, stream: VideoStream, findings: Findings
) -> Iterator[AvFrame]:
    """Frames as the decoder gives them."""
    count = 0
    end = Fraction(0)
    packets = packets_of(container, go_on=source.skip_damaged)
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
                findings.near.append(f"perhaps some near {index_name(count)}")
            frames = packet.decode()
        except DECODE_ERRORS as error:
            if source.skip_damaged:
                continue
            for whole in rescued(stream, packet):
                yield whole
                count += 1
            raise source.broken(count, str(error), rest=_before(count)) from None
        for frame in frames:
            assert isinstance(frame, AvFrame)
            if not frame.is_corrupt:
                yield frame
                count += 1
            elif not source.skip_damaged:
                raise source.broken(count, "the decoder found damaged data", rest=_before(count))
    check_end(source, header_duration(container, stream), end, count, findings)


def _before(index: int) -> str:
    return f"The {index} frames before it are fine."
