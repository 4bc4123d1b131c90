"""Frames to an H.264 file with the timing of their source."""

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import cv2
from av.video.frame import VideoFrame as AvFrame

from segue.errors import OutputError, WriteError
from segue.files import write_error
from segue.types import Frame

_FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
# Without mbtree=0 the same pictures gave several different files: its AVX-512 code is not deterministic.
_QUALITY = {"crf": "20", "preset": "veryfast", "x264-params": "mbtree=0"}
# Part of the output's bytes: x264 decides differently with another number of threads, so not as many as there are.
_MOST_THREADS = 2
_DEFAULT_TIME_BASE = Fraction(1, 90_000)


class VideoWriter:
    """Writes frames as H.264 (yuv420p, plays everywhere); the same bytes for the same frames.

    Use as context manager. The file appears under its name when the block ends well and frames
    came; else what was encoded stays, playable, beside it with ``.partial`` added. Odd sizes grow
    by one pixel at the right or bottom edge, because yuv420p stores colour at half resolution. The
    encoder takes two threads, or one where OpenCV may use no more.

    Args:
        path: ``.mp4``, ``.mov`` or ``.mkv``.
        size_hw: Height and width of the frames.
        frame_rate: Nominal frames per second, ``Video.frame_rate``.
        time_base: Seconds per tick, ``Video.time_base``; times that are whole ticks stay exact.
        pixel_aspect: Width of a pixel divided by its height, for players.

    Raises:
        OutputError: Another suffix.
        WriteError: The file cannot be created.
    """

    def __init__(
        self,
        path: Path,
        size_hw: tuple[int, int],
        frame_rate: Fraction | None,
        time_base: Fraction = _DEFAULT_TIME_BASE,
        pixel_aspect: Fraction = Fraction(1),
    ) -> None:
        if path.suffix.lower() not in _FORMATS:
            known = ", ".join(_FORMATS)
            raise OutputError(f"Cannot write {path}: give a name that ends in {known}.")
        self.path = path
        self.partial = path.with_name(path.name + ".partial")
        self.size_hw = size_hw
        self._time_base = time_base
        self._last_tick: int | None = None
        self._broken = False
        try:
            # PyAV opens the file with the first frame only: too late to learn of a bad folder.
            self.partial.open("wb").close()
            self._container = av.open(str(self.partial), "w", format=_FORMATS[path.suffix.lower()])
        except (av.FFmpegError, OSError) as error:
            raise _sentence(path, error) from error
        height, width = size_hw
        stream = self._container.add_stream("libx264", rate=frame_rate or Fraction(25))
        stream.height, stream.width = height + height % 2, width + width % 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        stream.time_base = time_base
        stream.codec_context.time_base = time_base
        stream.codec_context.thread_count = min(_MOST_THREADS, cv2.getNumThreads())
        stream.codec_context.color_range = 1  # limited
        stream.codec_context.colorspace = 1  # BT.709
        stream.codec_context.color_primaries = 1
        stream.codec_context.color_trc = 1
        stream.options = dict(_QUALITY)
        self._stream = stream

    def write(self, frame: Frame, time: Fraction) -> None:
        """Append a frame.

        Args:
            frame: RGB, of the writer's size.
            time: Presentation time in seconds; later than the one before, else moved up a tick.

        Raises:
            WriteError: Disk full or read-only.
        """
        height, width = self.size_hw
        if height % 2 or width % 2:
            frame = cv2.copyMakeBorder(frame, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        picture = AvFrame.from_ndarray(frame, format="rgb24").reformat(
            format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG", threads=1
        )
        tick = round(time / self._time_base)
        if self._last_tick is not None and tick <= self._last_tick:
            tick = self._last_tick + 1
        self._last_tick = tick
        picture.pts, picture.time_base = tick, self._time_base
        self._mux(picture)

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


def _sentence(path: Path, error: Exception) -> WriteError:
    if isinstance(error, OSError):
        return write_error(path, error)
    return WriteError(f"Could not write {path}: {error}. Free space or give another folder.")
