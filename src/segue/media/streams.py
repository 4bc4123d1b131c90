"""A video file opened, and which of its video streams is meant."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
import cv2
from av.container import InputContainer
from av.video.stream import VideoStream

from segue.errors import VideoError

DECODE_ERRORS = (av.FFmpegError, OSError, ValueError)

# FFmpeg turns text files into "video" with this one; nobody who gives a .txt means that.
_NOT_VIDEO = ("tty",)
_PICTURES_OF_A_FILM = 50
"""So many packets of one stream are waited for the second packet of another."""


@contextmanager
def opened(path: Path, number: int | None = None) -> Iterator[tuple[InputContainer, VideoStream]]:
    """A video file and one of its video streams, closed at the end of the block.

    Args:
        path: The file.
        number: Which of its video streams, from 0; None takes the best one, see ``choose``.

    Raises:
        VideoError: Not a video, or no such stream.
    """
    try:
        container = av.open(str(path))
    except DECODE_ERRORS as error:
        reason = getattr(error, "strerror", None) or error
        raise VideoError(
            f"{path} is not a video that can be opened ({reason}). Give a video file, a folder "
            "of images or a pattern like 'folder/*.jpg'."
        ) from None
    with container:
        if container.format.name in _NOT_VIDEO:
            raise VideoError(f"{path} is a text file, not a video.")
        stream = _numbered(container, path, number or 0)
        # One number for all: what OpenCV was told holds for FFmpeg, which would take every core.
        stream.codec_context.thread_count = cv2.getNumThreads()
        yield container, stream


def choose(path: Path) -> int:
    """The number of the best video stream of a file, from 0.

    The one that FFmpeg calls best (flag "default", then number of frames, then bit rate), unless that is a cover:
    an attached picture, or a stream of a single picture beside a film.

    Raises:
        VideoError: Not a video, or no stream with moving pictures.
    """
    with opened(path) as (container, _):
        films = candidates(container)
        if not films:
            kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
            raise VideoError(
                f"{path} has no video stream, only: {kinds}. Give a file with pictures."
            )
        if len(films) > 1:
            films = _moving(container, films) or films
        best = container.streams.best("video")
        chosen = best if best in films else max(films, key=_merit)
        return container.streams.video.index(chosen)


def candidates(container: InputContainer) -> list[VideoStream]:
    """The video streams that are no attached pictures, such as the cover of a music file."""
    still = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    return [stream for stream in container.streams.video if not stream.disposition & still]


def describe_stream(container: InputContainer, stream: VideoStream) -> str:
    """Such as ``video stream 1 of 0 to 1 (h264)``."""
    streams = container.streams.video
    which = f" {streams.index(stream)} of 0 to {len(streams) - 1}" if len(streams) > 1 else ""
    return f"video stream{which} ({stream.codec_context.name})"


def list_streams(streams: Sequence[VideoStream]) -> str:
    """Such as ``0 (mjpeg, 600x600), 1 (h264, 426x240)``."""
    return ", ".join(
        f"{number} ({s.codec_context.name}, {s.width}x{s.height})"
        for number, s in enumerate(streams)
    )


def stream_doubt(container: InputContainer, stream: VideoStream) -> str | None:
    """That another stream could be meant, as a sentence; None if it could not."""
    if len(candidates(container)) < 2:
        return None
    streams = container.streams.video
    return (
        f"The file has {len(streams)} video streams: {list_streams(streams)}. "
        f"Stream {streams.index(stream)} is used."
    )


def _numbered(container: InputContainer, path: Path, number: int) -> VideoStream:
    streams = container.streams.video
    if not streams:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise VideoError(f"{path} has no video stream, only: {kinds}. Give a file with pictures.")
    if not 0 <= number < len(streams):
        raise VideoError(
            f"{path} has no video stream {number}; it has {list_streams(streams)}. Give one of these numbers."
        )
    return streams[number]


def _moving(container: InputContainer, films: Sequence[VideoStream]) -> list[VideoStream]:
    """Those with two pictures or more; reads no further than needed to tell."""
    seen: Counter[int] = Counter()
    try:
        for packet in container.demux(films):
            seen[packet.stream.index] += packet.size > 0
            least, most = min(seen[s.index] for s in films), max(seen.values())
            if least > 1 or most >= _PICTURES_OF_A_FILM:
                break
    except DECODE_ERRORS:
        pass
    return [stream for stream in films if seen[stream.index] > 1]


def _merit(stream: VideoStream) -> tuple[bool, int]:
    default = bool(stream.disposition & av.stream.Disposition.default)
    return default, (stream.width or 0) * (stream.height or 0)
