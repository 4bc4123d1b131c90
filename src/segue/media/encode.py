"""Frames to a video file with the timing of their source: H.264, or two codecs that keep transparency."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import cast

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame as AvFrame
from av.video.stream import VideoStream
from jaxtyping import UInt8

from segue.errors import FormatError, OutputError, WriteError
from segue.files import write_error
from segue.types import Frame

Rgba = UInt8[np.ndarray, "height width 4"]
"""An RGB image with alpha, not premultiplied."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How frames are compressed."""

    codec: str
    pixel_format: str
    """As FFmpeg names it."""
    containers: Mapping[str, str]
    """Suffix of the file -> format as FFmpeg names it."""
    options: Mapping[str, str]
    profile: str | None = None
    alpha: bool = False
    """Whether frames have a fourth channel."""
    even: bool = True
    """Whether colour is stored at half resolution, for which sides must be even."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Of the stream."""
    container_options: Mapping[str, str] = field(default_factory=dict)


H264 = Encoding(
    "libx264",
    "yuv420p",
    {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"},
    # Without mbtree=0 the same pictures gave several different files: its AVX-512 code is not deterministic.
    {"crf": "20", "preset": "veryfast", "x264-params": "mbtree=0"},
)
"""Plays everywhere."""
VP9_ALPHA = Encoding(
    "libvpx-vp9",
    "yuva420p",
    {".webm": "webm", ".mkv": "matroska"},
    # The encoder has no transparency together with alternate reference frames.
    {"crf": "18", "b": "0", "deadline": "good", "cpu-used": "5", "auto-alt-ref": "0"},
    alpha=True,
    tags={"alpha_mode": "1"},
    # Else Matroska files get random numbers.
    container_options={"fflags": "+bitexact"},
)
"""For web pages: browsers show it over what lies behind. Alpha is a little lossy."""
PRORES_4444 = Encoding(
    "prores_ks",
    "yuva444p10le",
    {".mov": "mov"},
    {"alpha_bits": "16", "vendor": "apl0"},
    profile="4444",
    alpha=True,
    even=False,
)
"""For video editors. Alpha is stored without loss."""

# Part of the output's bytes: x264 decides differently with another number of threads, so not as many as there are.
_MOST_THREADS = 2
_DEFAULT_TIME_BASE = Fraction(1, 90_000)


class VideoWriter:
    """Writes frames as a video file; the same bytes for the same frames.

    Use as context manager. The file appears under its name when the block ends well and frames
    came; else what was encoded stays, playable, beside it with ``.partial`` added. Odd sizes grow
    by one pixel at the right or bottom edge where colour is stored at half resolution (not with
    ProRes 4444); what grows is transparent, if anything can be. The encoder takes two threads, or
    one where OpenCV may use no more.

    Args:
        path: ``.mp4``, ``.mov`` or ``.mkv``; ``.webm`` or ``.mkv`` for VP9 and ``.mov`` for ProRes.
        size_hw: Height and width of the frames.
        frame_rate: Nominal frames per second, ``Video.frame_rate``.
        time_base: Seconds per tick, ``Video.time_base``; times that are whole ticks stay exact.
        pixel_aspect: Width of a pixel divided by its height, for players.
        encoding: ``H264``, ``VP9_ALPHA`` or ``PRORES_4444``.
        partial: Where the unfinished file lies, on the disk of ``path``; None for beside it.

    Raises:
        OutputError: Another suffix.
        FormatError: Frames with alpha, and a container or a codec without.
        WriteError: The file cannot be created.
    """

    def __init__(
        self,
        path: Path,
        size_hw: tuple[int, int],
        frame_rate: Fraction | None,
        time_base: Fraction = _DEFAULT_TIME_BASE,
        pixel_aspect: Fraction = Fraction(1),
        encoding: Encoding = H264,
        partial: Path | None = None,
    ) -> None:
        container = _container(path, encoding)
        self.path = path
        self.partial = partial or path.with_name(path.name + ".partial")
        self.size_hw = size_hw
        self._encoding = encoding
        self._time_base = time_base
        self._last_tick: int | None = None
        self._broken = False
        try:
            # PyAV opens the file with the first frame only: too late to learn of a bad folder.
            self.partial.open("wb").close()
            self._container = av.open(
                str(self.partial), "w", format=container, options=dict(encoding.container_options)
            )
        except (av.FFmpegError, OSError) as error:
            raise _sentence(path, error) from error
        stream = cast(
            VideoStream,
            self._container.add_stream(encoding.codec, rate=frame_rate or Fraction(25)),
        )
        self._grow_hw = (size_hw[0] % 2, size_hw[1] % 2) if encoding.even else (0, 0)
        stream.height, stream.width = (
            side + more for side, more in zip(size_hw, self._grow_hw, strict=True)
        )
        stream.pix_fmt = encoding.pixel_format
        if encoding.profile:
            stream.profile = encoding.profile
        stream.metadata.update(encoding.tags)
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        stream.time_base = time_base
        stream.codec_context.time_base = time_base
        stream.codec_context.thread_count = min(_MOST_THREADS, cv2.getNumThreads())
        stream.codec_context.color_range = 1  # limited
        stream.codec_context.colorspace = 1  # BT.709
        stream.codec_context.color_primaries = 1
        stream.codec_context.color_trc = 1
        stream.options = dict(encoding.options)
        self._stream = stream

    def write(self, frame: Frame | Rgba, time: Fraction) -> None:
        """Append a frame.

        Args:
            frame: RGB, or RGB and alpha for an encoding with alpha; of the writer's size.
            time: Presentation time in seconds; later than the one before, else moved up a tick.

        Raises:
            WriteError: Disk full or read-only.
        """
        down, right = self._grow_hw
        if down or right:
            frame = cv2.copyMakeBorder(frame, 0, down, 0, right, cv2.BORDER_REPLICATE)
            height, width = self.size_hw
            frame[height:, :, 3:] = frame[:, width:, 3:] = 0
        picture = AvFrame.from_ndarray(
            frame, format="rgba" if self._encoding.alpha else "rgb24"
        ).reformat(
            format=self._encoding.pixel_format,
            dst_colorspace="ITU709",
            dst_color_range="MPEG",
            threads=1,
        )
        tick = round(time / self._time_base)
        if self._last_tick is not None and tick <= self._last_tick:
            tick = self._last_tick + 1
        self._last_tick = tick
        picture.pts, picture.time_base = tick, self._time_base
        self._mux(picture)

    def abandon(self) -> None:
        """Let go of the file and remove what was encoded; never raises."""
        with suppress(WriteError):
            self._finish()
        with suppress(OSError):
            self.partial.unlink()

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the file; move it to its name unless the block failed."""
        if error is not None:
            with suppress(WriteError):
                self._finish()
            return
        self._finish()
        if self._last_tick is None:
            self.partial.unlink(missing_ok=True)
            return
        try:
            os.replace(self.partial, self.path)
        except OSError as failed:
            raise _sentence(self.path, failed) from failed

    def _mux(self, picture: AvFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(picture))
        except (av.FFmpegError, OSError) as error:
            self._broken = True
            raise _sentence(self.path, error) from error

    def _finish(self) -> None:
        try:
            # Flushing an encoder that never started or whose file failed crashes inside PyAV.
            if self._last_tick is not None and not self._broken:
                self._mux(None)
        finally:
            try:
                self._container.close()
            except (av.FFmpegError, OSError) as error:
                raise _sentence(self.path, error) from error


def _container(path: Path, encoding: Encoding) -> str:
    suffix = path.suffix.lower()
    if suffix in encoding.containers:
        return encoding.containers[suffix]
    known = ", ".join(encoding.containers)
    if encoding.alpha:
        raise FormatError(
            f"Cannot write {path}: {suffix[1:] or 'such a file'} has no transparency with {encoding.codec}. "
            f"Give a name that ends in {known}."
        )
    raise OutputError(f"Cannot write {path}: give a name that ends in {known}.")


def _sentence(path: Path, error: Exception) -> WriteError:
    if isinstance(error, OSError):
        return write_error(path, error)
    return WriteError(f"Could not write {path}: {error}. Free space or give another folder.")
