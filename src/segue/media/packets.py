"""What the packets of a video file tell without being decoded."""

import heapq
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.container import InputContainer
from av.video.stream import VideoStream

from segue.media.streams import DECODE_ERRORS

_MOST_ERRORS = 100
"""Places at which a file does not even split into packets: after so many the rest is given up."""


def packets_of(container: InputContainer, *, go_on: bool = False) -> Iterator[Any]:
    """The packets of all streams in the order of the file.

    Args:
        container: The opened file.
        go_on: Try again after a failure, instead of raising it.

    Raises:
        OSError: The file does not split into packets here, unless ``go_on``.
    """
    errors = 0
    while errors <= _MOST_ERRORS:
        try:
            yield from container.demux()
            return
        except DECODE_ERRORS:
            if not go_on:
                raise
            errors += 1


def frame_times(
    container: InputContainer, stream: VideoStream, *, go_on: bool = False
) -> Iterator[Fraction]:
    """When the frames of a stream are shown, in seconds and in order; none of packets without times.

    Args:
        container: The opened file, which is read only as far as times are asked for.
        stream: The stream.
        go_on: As in ``packets_of``.
    """
    waiting: list[Fraction] = []
    for packet in packets_of(container, go_on=go_on):
        if packet.stream is not stream or packet.is_discard or packet.time_base is None:
            continue
        ticks = packet.pts if packet.pts is not None else packet.dts
        if ticks is None:
            continue
        heapq.heappush(waiting, ticks * Fraction(packet.time_base))
        # Packets are stored in the order of decoding: none that follows is shown before this time.
        decoded_at = packet.dts * Fraction(packet.time_base) if packet.dts is not None else None
        while decoded_at is not None and waiting and waiting[0] <= decoded_at:
            yield heapq.heappop(waiting)
    while waiting:
        yield heapq.heappop(waiting)
