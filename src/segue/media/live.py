"""Which sources are live, and how each of them is opened."""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TypeGuard
from urllib.parse import urlsplit

from segue.errors import InputError, StalledError, VideoError
from segue.media.frames import DEFAULT_FRAME_RATE
from segue.media.live_camera import CameraFeed, Watched
from segue.media.live_feed import Feed
from segue.media.live_pictures import PictureFeed, is_picture
from segue.media.live_pipe import (
    ByteStream,
    Pipe,
    is_named_pipe,
    named_pipe,
    open_file,
    standard_input,
)
from segue.media.live_stream import StreamFeed
from segue.media.live_video import LiveVideo

TIMEOUT_S = 10.0
"""Seconds without a frame after which a source counts as stalled (ours)."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://.", re.IGNORECASE)
_CAMERA = re.compile(r"camera:(\d+)")
_DEVICE = re.compile(r"/dev/video\d+")
_STDIN = "-"
_REPEATING = ("http", "https", "file")


def is_live(source: object) -> TypeGuard[str | Path | ByteStream]:
    """Whether frames are read as they come: from an address, a camera, ``-``, a named pipe or an open file object."""
    if isinstance(source, str | Path):
        text = str(source)
        return bool(
            text == _STDIN
            or (isinstance(source, str) and _ADDRESS.match(text))
            or _CAMERA.fullmatch(text)
            or _DEVICE.fullmatch(text)
            or is_named_pipe(text)
        )
    return isinstance(source, ByteStream)


def without_secrets(source: str) -> str:
    """An address without user, password and query, for messages and records; other sources as they are."""
    if not _ADDRESS.match(source):
        return source
    scheme, _, rest = source.partition("://")
    address = rest.partition("?")[0]
    host, slash, path = address.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def open_live(
    source: str | Path | ByteStream,
    *,
    timeout_s: float = TIMEOUT_S,
    frame_rate: Fraction | int | float | None = None,
    live: bool = False,
    stream: int | None = None,
    skip_damaged: bool = False,
) -> LiveVideo:
    """A live source as a video; waits for its first frame.

    Args:
        source: An address (``http://``, ``rtsp://``, ``udp://``, ``rtp://``, ``rtmp://``, ``tcp://``), a camera
            (``/dev/video0`` through FFmpeg, ``camera:0`` through OpenCV), standard input (``-``), a named pipe, or the
            binary output of a process. A pipe holds MPEG-TS, Matroska and such, or JPEG or PNG pictures one after the
            other.
        timeout_s: Seconds without a frame after which the source counts as stalled.
        frame_rate: Frames per second of sources that tell neither times nor a rate (25).
        live: Whether it is answered as it comes: frames without times then get the time of their arrival, as those of
            cameras always do. Otherwise a pipe is read whole and its frames are counted.
        stream: Which of its video streams, from 0; None takes the best one.
        skip_damaged: Leave out what does not decode; on networks and cameras always so.

    Raises:
        VideoError: It cannot be opened, or gives no frame in time.
        InputError: A time-out that is none.
    """
    if not timeout_s > 0:
        raise InputError(f"Expected a time-out in seconds above 0, got {timeout_s}.")
    opened = monotonic()
    rate = Fraction(frame_rate).limit_denominator(1001) if frame_rate else DEFAULT_FRAME_RATE
    text = str(source) if isinstance(source, str | Path) else ""
    if camera := _CAMERA.fullmatch(text):
        number = int(camera[1])
        return _camera(partial(CameraFeed, number, text), f"camera{number}", text, timeout_s)
    if _DEVICE.fullmatch(text):
        device = partial(
            StreamFeed, text, text, timeout_s=timeout_s, device="v4l2", number=stream, quick=True
        )
        return _camera(device, Path(text).name, text, timeout_s)
    if _ADDRESS.match(text):
        place = without_secrets(text)
        feed = StreamFeed(text, place, timeout_s=timeout_s, number=stream, quick=live)
        repeats = not live and urlsplit(text).scheme.lower() in _REPEATING
        return LiveVideo(
            feed,
            name=_address_name(place),
            place=place,
            frame_rate=rate,
            repeats=repeats,
            opened=opened,
        )
    pipe = _pipe(source, timeout_s)
    return LiveVideo(
        _pipe_feed(pipe, stream, lossy=skip_damaged or live, quick=live),
        name=Path(text).stem if text not in ("", _STDIN) else "stdin" if text else "pipe",
        place=pipe.place,
        frame_rate=rate,
        live=live,
        repeats=not live,
        opened=opened,
    )


def _camera(feed: Callable[[], Feed], name: str, place: str, timeout_s: float) -> LiveVideo:
    return LiveVideo(Watched(feed, place, timeout_s), name=name, place=place)


def _address_name(place: str) -> str:
    """Of the results: the last part of the path, else the host."""
    parts = urlsplit(place)
    stem = Path(parts.path).stem or parts.hostname or "stream"
    return re.sub(r"[^\w.-]", "_", stem)


def _pipe(source: str | Path | ByteStream, timeout_s: float) -> Pipe:
    if isinstance(source, str | Path):
        return (
            standard_input(timeout_s)
            if str(source) == _STDIN
            else named_pipe(Path(source), timeout_s)
        )
    try:
        return open_file(source, timeout_s)
    except (OSError, ValueError) as error:
        raise VideoError(
            f"A {type(source).__name__} without a descriptor ({error}) is no pipe. Write its bytes into a file."
        ) from None


def _pipe_feed(pipe: Pipe, stream: int | None, *, lossy: bool, quick: bool) -> Feed:
    try:
        head = pipe.head()
        if not head:
            raise VideoError(f"{pipe.place} is empty. Check what writes into it.")
        if is_picture(head):
            return PictureFeed(pipe, lossy=lossy)
        return StreamFeed(
            pipe, pipe.place, timeout_s=pipe.timeout_s, number=stream, lossy=lossy, quick=quick
        )
    except StalledError:
        pipe.close()
        raise VideoError(
            f"{pipe.place} sent nothing within {pipe.timeout_s:g} s. Check what writes into it, or wait longer.",
            option="Pass --timeout SECONDS to wait longer.",
        ) from None
    except BaseException:
        pipe.close()
        raise
