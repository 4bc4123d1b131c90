"""Video files of every kind that FFmpeg opens, decoded frame by frame."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame as AvFrame
from av.video.stream import VideoStream

from segue.errors import DecodeError, VideoError
from segue.media.frames import SourceDescription, VideoFrame, index_name, over_black
from segue.types import Frame

# FFmpeg turns text files into "video" with this one; nobody who gives a .txt means that.
_NOT_VIDEO = ("tty",)
_RETRY = "Re-encode it, for example with `ffmpeg -i FILE -c:v libx264 -crf 18 repaired.mp4`."
_DECODE_ERRORS = (av.FFmpegError, OSError, ValueError)


class FileVideo:
    """A video file. Times are exact, also at variable frame rate.

    Rotation and mirror metadata are applied. Frames keep their stored pixels: the sample aspect
    ratio is ignored, because masks are drawn on pixels. Alpha is composited on black. Colours
    follow the file's matrix and range; without tags, BT.601 limited range as in FFmpeg.

    Raises:
        VideoError: Not a video, no video stream, or no frame that decodes.
    """

    frame_names: tuple[str, ...] | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.stem
        self.description = SourceDescription(str(path))
        with _opened(path) as (container, stream):
            self.frame_rate = stream.average_rate or stream.guessed_rate or None
            self.time_base = Fraction(stream.time_base or Fraction(1, 90_000))
            self.num_frames = _estimate(container, stream, self.frame_rate)
        self.size_hw = self._first_size()

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames from the first one, see ``Video``."""
        with _opened(self.path) as (container, stream):
            time = None
            for index, frame in enumerate(self._decoded(container, stream)):
                time = self._time(frame, time)
                image = to_rgb(frame)
                if image.shape[:2] != self.size_hw:
                    raise DecodeError(self._size_sentence(index, image))
                yield VideoFrame(image, index, index_name(index), time)

    def __repr__(self) -> str:
        height, width = self.size_hw
        return f"FileVideo({str(self.path)!r}, {height}x{width}, {self.frame_rate} fps)"

    def _first_size(self) -> tuple[int, int]:
        with _opened(self.path) as (container, stream):
            try:
                for frame in self._decoded(container, stream):
                    height, width = to_rgb(frame).shape[:2]
                    return height, width
            except DecodeError as error:
                raise VideoError(f"{self.path} cannot be used: {error}") from None
        raise VideoError(f"{self.path} holds no frames. Give a video with at least one frame.")

    def _decoded(self, container: InputContainer, stream: VideoStream) -> Iterator[AvFrame]:
        """Frames as the decoder gives them; DecodeError at the first that it cannot."""
        count = 0
        end = Fraction(0)
        packets = container.demux()
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    break
                end = max(end, _packet_end(packet))
                frames = packet.decode() if packet.stream is stream else []
            except _DECODE_ERRORS as error:
                for whole in _rescued(stream, packet):
                    yield whole
                    count += 1
                raise self._broken(count, str(error)) from None
            for frame in frames:
                assert isinstance(frame, AvFrame)
                if frame.is_corrupt:
                    raise self._broken(count, "the decoder found damaged data")
                yield frame
                count += 1
        self._check_complete(_header_duration(container, stream), count, end)

    def _check_complete(self, expected: Fraction | None, count: int, end: Fraction) -> None:
        # FFmpeg reads a file that was cut off between two packets to its end without a word.
        # The last packet often has no duration, so two frames may be missing from the sum.
        two_frames = 2 / self.frame_rate if self.frame_rate else Fraction(0)
        slack = max(Fraction(1, 2), two_frames)
        if expected is not None and expected - end > max(slack, expected / 50):
            said, came = float(expected), float(end)
            raise self._broken(count, f"its header says {said:.2f} s, data end at {came:.2f} s")

    def _broken(self, index: int, reason: str) -> DecodeError:
        return DecodeError(
            f"Frame {index_name(index)} of {self.path} does not decode ({reason}). "
            f"The {index} frames before it are fine. {_RETRY}"
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


def to_rgb(frame: AvFrame) -> Frame:
    """The frame as upright RGB, shape ``height width 3``, C-contiguous."""
    layout = frame.format
    if layout.has_palette or any(part.is_alpha for part in layout.components):
        rgb = over_black(frame.to_ndarray(format="rgba", threads=1))
    else:
        rgb = frame.to_ndarray(format="rgb24", threads=1)
    return np.ascontiguousarray(_upright(rgb, frame))


def _upright(image: np.ndarray, frame: AvFrame) -> np.ndarray:
    """Quarter turns and mirrors of the display matrix applied; other angles round to them."""
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return image
    # Row vectors, FFmpeg libavutil/display.h: x' = a x + c y, y' = b x + d y.
    a, b, _, c, d = np.frombuffer(data, np.int32)[:5]
    if abs(int(a)) + abs(int(d)) < abs(int(b)) + abs(int(c)):
        image, flip_x, flip_y = image.transpose(1, 0, 2), c < 0, b < 0
    else:
        flip_x, flip_y = a < 0, d < 0
    return image[:: -1 if flip_y else 1, :: -1 if flip_x else 1]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    try:
        container = av.open(str(path))
    except _DECODE_ERRORS as error:
        reason = getattr(error, "strerror", None) or error
        raise VideoError(
            f"{path} is not a video that can be opened ({reason}). Give a video file, a folder "
            "of images or a pattern like 'folder/*.jpg'."
        ) from None
    with container:
        if container.format.name in _NOT_VIDEO:
            raise VideoError(f"{path} is a text file, not a video.")
        stream = _video_stream(container, path)
        # One number for all: what OpenCV was told holds for FFmpeg, which would take every core.
        stream.codec_context.thread_count = cv2.getNumThreads()
        yield container, stream


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    for stream in container.streams.video:
        # Music files carry their cover as a video stream.
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
    raise VideoError(f"{path} has no video stream, only: {kinds}. Give a file with pictures.")


def _estimate(container: InputContainer, stream: VideoStream, rate: Fraction | None) -> int | None:
    if stream.duration and stream.time_base and rate:
        by_time = max(1, round(stream.duration * stream.time_base * rate))
    elif container.duration and rate:
        by_time = max(1, round(Fraction(container.duration, av.time_base) * rate))
    else:
        return stream.frames or None
    # AVI headers count ticks, not frames, when the rate varies: believe the smaller number.
    return min(stream.frames, by_time) if stream.frames else by_time


def _header_duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Seconds that the header promises; None where FFmpeg only guesses from what is there."""
    kind = container.format.name
    if "avi" in kind:
        return stream.frames * Fraction(stream.time_base) if stream.time_base else None
    if container.duration and ("matroska" in kind or "mp4" in kind):
        return Fraction(container.duration, av.time_base)
    return None


def _packet_end(packet: Any) -> Fraction:
    if packet.pts is None or packet.time_base is None:
        return Fraction(0)
    return Fraction((packet.pts + (packet.duration or 0)) * packet.time_base)


def _rescued(stream: VideoStream, packet: Any) -> Iterator[AvFrame]:
    """Whole frames still waiting inside the decoder that come before the broken packet."""
    if packet is None or packet.pts is None:
        return
    try:
        waiting = stream.decode(None)
    except _DECODE_ERRORS:
        return
    for frame in waiting:
        assert isinstance(frame, AvFrame)
        if frame.is_corrupt or frame.pts is None or frame.pts >= packet.pts:
            return
        yield frame
