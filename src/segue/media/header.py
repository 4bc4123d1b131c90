"""What the header of a video file says, and how far that can be believed."""

from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.video.frame import VideoFrame as AvFrame
from av.video.stream import VideoStream

from segue.media.colour import is_turned
from segue.media.frames import ANY_INDEX


def estimate(container: InputContainer, stream: VideoStream, rate: Fraction | None) -> int | None:
    """About how many frames there are; None where nothing tells."""
    if stream.duration and stream.time_base and rate:
        by_time = max(1, round(stream.duration * stream.time_base * rate))
    elif container.duration and rate:
        by_time = max(1, round(_shown_seconds(container) * rate))
    else:
        return stream.frames or None
    # AVI headers count ticks, not frames, when the rate varies: believe the smaller number.
    return min(stream.frames, by_time) if stream.frames else by_time


def _shown_seconds(container: InputContainer) -> Fraction:
    """Matroska counts from time 0, also where the first frame comes later."""
    begin = max(container.start_time or 0, 0) if "matroska" in container.format.name else 0
    return Fraction(max(container.duration or 0, begin) - begin, av.time_base)


def possible_indices(container: InputContainer, stream: VideoStream, about: int | None) -> range:
    """Frame numbers below what the header counts, if the format counts and the duration agrees (``estimate``)."""
    kind = container.format.name
    counted = stream.frames if "mp4" in kind else 0
    return range(counted) if counted and counted >= (about or 0) else ANY_INDEX


def pixel_aspect(stream: VideoStream, frame: AvFrame) -> Fraction:
    """Width of a pixel divided by its height, of the upright picture."""
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    return 1 / aspect if is_turned(frame) else aspect


def header_duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Seconds that the header promises; None where FFmpeg only guesses from what is there."""
    kind = container.format.name
    if "avi" in kind:
        return stream.frames * Fraction(stream.time_base) if stream.time_base else None
    if container.duration and ("matroska" in kind or "mp4" in kind):
        return Fraction(container.duration, av.time_base)
    return None


def packet_end(packet: Any) -> Fraction:
    """When what a packet holds is no longer shown, in seconds; 0 if it has no time."""
    if packet.pts is None or packet.time_base is None:
        return Fraction(0)
    return Fraction((packet.pts + (packet.duration or 0)) * packet.time_base)
