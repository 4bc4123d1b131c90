"""Live streams that FFmpeg opens: addresses on the network, cameras of Linux, and bytes out of a pipe."""

import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import av
import cv2
from av.container import InputContainer
from av.video.frame import VideoFrame as AvFrame
from av.video.stream import VideoStream

from segue.errors import DecodeError, StalledError, VideoError
from segue.media.colour import ScreenColours, describe_colour
from segue.media.live_feed import LiveTraits, Picture
from segue.media.live_pipe import Pipe, stalled
from segue.media.streams import DECODE_ERRORS, describe_stream, list_streams, stream_doubt

_OPTIONS: Mapping[str, Mapping[str, str]] = {
    # UDP loses packets at firewalls, and RTSP falls back to it.
    "rtsp": {"rtsp_flags": "prefer_tcp"},
    # A model that is being loaded reads nothing: lose packets then, not the connection.
    "udp": {"overrun_nonfatal": "1"},
}
_QUICK: Mapping[str, str] = {"fpsprobesize": "3"}
"""Otherwise FFmpeg looks at 20 frames before the first one, and all of them are late."""
_UNTIMED = frozenset({"h264", "hevc", "mjpeg", "mpjpeg", "m4v", "mpegvideo", "obu"})
"""Formats without times; FFmpeg counts their frames."""
_NO_KEY = "sends data, but no frame decodes"


class StreamFeed:
    """A live stream through FFmpeg, see ``Feed``.

    Args:
        source: Address, device or pipe.
        place: The source for messages, without passwords.
        timeout_s: Seconds for opening, and then without a frame, after which it is given up.
        device: FFmpeg's name of the kind of camera, such as ``v4l2``.
        number: Which of its video streams, from 0; None takes the best one.
        lossy: Leave out what does not decode, as on a network that loses packets, instead of ending there.
        quick: Begin with the first frames, at the cost of a frame rate that is more of a guess.

    Raises:
        VideoError: It cannot be opened, or has no such stream.
    """

    def __init__(
        self,
        source: str | Pipe,
        place: str,
        *,
        timeout_s: float,
        device: str | None = None,
        number: int | None = None,
        lossy: bool = True,
        quick: bool = False,
    ) -> None:
        self.colour: str | None = None
        self._place = place
        self._timeout_s = timeout_s
        self._pipe = _UntilStall(source) if isinstance(source, Pipe) else None
        self._lossy = lossy
        self._begun = False
        self._broken = 0
        self._damage: str | None = None
        self._waiting_since = time.monotonic()
        self._container = self._open(self._pipe or str(source), device, _QUICK if quick else {})
        try:
            self._stream = self._choose(number)
        except VideoError:
            self.close()
            raise
        # Threads that each decode a frame of their own would hold back one frame each.
        self._stream.thread_type = "SLICE"
        self._stream.codec_context.thread_count = cv2.getNumThreads()

    @property
    def traits(self) -> LiveTraits:
        """See ``Feed``."""
        stream = self._stream
        doubt = stream_doubt(self._container, stream)
        untimed = self._container.format.name in _UNTIMED
        return LiveTraits(
            frame_rate=stream.average_rate or stream.guessed_rate or None,
            time_base=None if untimed or not stream.time_base else Fraction(stream.time_base),
            stream=describe_stream(self._container, stream),
            pixel_aspect=Fraction(stream.sample_aspect_ratio or 1),
            doubts=(doubt,) if doubt else (),
        )

    @property
    def damaged(self) -> tuple[str, ...]:
        """See ``Feed``."""
        return (f"about {self._broken} frames that came damaged",) if self._broken else ()

    def pictures(self) -> Iterator[Picture]:
        """See ``Feed``."""
        colours = ScreenColours()
        self._waiting_since = time.monotonic()
        for packet in self._packets():
            for frame in self._decoded(packet):
                if self._damage and not self._lossy:
                    raise self._undecodable()
                self._damage = None
                if not self._begun:
                    self._begun, self.colour = True, describe_colour(frame)
                yield _picture(frame, colours)
                self._waiting_since = time.monotonic()
            if packet.size:
                self._check_time()
        if self._pipe and self._pipe.stall:
            raise self._pipe.stall
        if self._damage or (self._begun and self._pipe and self._pipe.pipe.cut):
            raise DecodeError(
                f"{self._place} ended in the middle of a frame. The frames before it are fine. Check the sender."
            )

    def close(self) -> None:
        """See ``Feed``."""
        self._container.close()
        if self._pipe:
            self._pipe.pipe.close()

    def _open(
        self, source: "str | _UntilStall", device: str | None, more: Mapping[str, str]
    ) -> InputContainer:
        scheme = source.partition(":")[0].lower() if isinstance(source, str) else ""
        begin = time.monotonic()
        try:
            return av.open(
                source,
                "r",
                format=device,
                options={**_OPTIONS.get(scheme, {}), **more},
                timeout=(self._timeout_s, self._timeout_s),
            )
        except DECODE_ERRORS as error:
            raise self._unopened(error, scheme, self._is_late(error, begin)) from None

    def _unopened(self, error: Exception, scheme: str, late: bool) -> VideoError:
        if late:
            return VideoError(
                f"{self._place} sent no video within {self._timeout_s:g} s. Check that it sends, or wait longer.",
                option="Pass --timeout SECONDS to wait longer.",
            )
        if isinstance(error, av.error.ProtocolNotFoundError):
            return VideoError(
                f"{self._place}: this FFmpeg does not know {scheme}://. Give http, https, rtsp, rtmp, udp, rtp or tcp, "
                "or pipe the stream into standard input."
            )
        reason = getattr(error, "strerror", None) or error
        if self._pipe is not None:
            return VideoError(
                f"{self._place} holds no video that can be read as it comes ({reason}). Send MPEG-TS, Matroska, or "
                "JPEG or PNG pictures; mp4 can be read so only if its index comes first."
            )
        return VideoError(
            f"{self._place} cannot be opened ({reason}). Check the address, and that it sends video."
        )

    def _choose(self, number: int | None) -> VideoStream:
        streams = self._container.streams.video
        if not streams and self._pipe and self._pipe.stall:
            raise self._unopened(self._pipe.stall, "", late=True)
        if not streams:
            kinds = ", ".join(sorted({s.type for s in self._container.streams})) or "nothing"
            raise VideoError(f"{self._place} has no video stream, only: {kinds}. Check the sender.")
        if number is None:
            best = self._container.streams.best("video")
            return best if isinstance(best, VideoStream) else streams[0]
        if not 0 <= number < len(streams):
            raise VideoError(
                f"{self._place} has no video stream {number}; it has {list_streams(streams)}. "
                "Give one of these numbers."
            )
        return streams[number]

    def _packets(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        while True:
            begin = time.monotonic()
            try:
                packet = next(packets, None)
            except DECODE_ERRORS as error:
                if self._is_late(error, begin):
                    raise stalled(self._place, self._timeout_s) from None
                reason = getattr(error, "strerror", None) or error
                raise DecodeError(
                    f"{self._place} broke off ({reason}). The frames before are fine. Check the sender, then resume.",
                    option="Pass --resume to go on.",
                ) from None
            if packet is None:
                return
            if not packet.size and not self._pipe and self._is_late(None, begin):
                # Some formats take a time-out for the end.
                raise stalled(self._place, self._timeout_s)
            yield packet

    def _is_late(self, error: Exception | None, begin: float) -> bool:
        """Whether an error is a time-out; some protocols give it another name."""
        if isinstance(error, av.error.ExitError):
            return True
        stall = self._pipe is not None and self._pipe.stall is not None
        return stall or time.monotonic() - begin >= 0.9 * self._timeout_s

    def _decoded(self, packet: Any) -> Iterator[AvFrame]:
        """The whole frames; what is damaged before the first one is how a stream that is joined anywhere begins."""
        try:
            frames = packet.decode()
        except DECODE_ERRORS as error:
            self._note_damage(str(getattr(error, "strerror", None) or error))
            return
        for frame in frames:
            assert isinstance(frame, AvFrame)
            if frame.is_corrupt:
                self._note_damage("the decoder found damaged data")
            else:
                yield frame

    def _note_damage(self, reason: str) -> None:
        if self._begun:
            self._damage = reason
            self._broken += 1

    def _undecodable(self) -> DecodeError:
        return DecodeError(
            f"{self._place} does not decode any more ({self._damage}). The frames before are fine. Check the sender.",
            option="Pass --skip-damaged to go on with the frames after it.",
        )

    def _check_time(self) -> None:
        if time.monotonic() - self._waiting_since < self._timeout_s:
            return
        if self._begun:
            raise stalled(self._place, self._timeout_s, _NO_KEY)
        raise VideoError(no_key_frame(f"{self._place} {_NO_KEY} within {self._timeout_s:g} s"))


class _UntilStall:
    """A pipe for FFmpeg, which gives all it holds only at the end: a stall looks like the end, and is told after it."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.stall: StalledError | None = None

    def read(self, size: int) -> bytes:
        try:
            return b"" if self.stall else self.pipe.read(size)
        except StalledError as error:
            self.stall = error
            return b""


def no_key_frame(what: str) -> str:
    """The sentence for a stream that never began, after what it did."""
    return (
        f"{what}: no key frame came. Let the sender put one into every second or two "
        "(for x264: keyint=60), or wait longer."
    )


def _picture(frame: AvFrame, colours: ScreenColours) -> Picture:
    time_ = None
    if frame.pts is not None and frame.time_base is not None:
        time_ = frame.pts * Fraction(frame.time_base)
    return Picture((frame.height, frame.width), lambda: colours.to_rgb(frame), time_)
