"""Where each frame of a video file is: found once from its packets, without decoding."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from segue.media.header import header_duration, packet_end
from segue.media.packet_facts import PacketFacts, packet_reader
from segue.media.packets import packets_of
from segue.media.streams import DECODE_ERRORS

NO_TIME = -(2**63)
_TIMED = ("mov", "matroska", "mpegts", "mpeg", "avi", "ivf", "flv")
"""Kinds of files that carry times and can be read from the middle."""
_GUESSED = ("avi", "matroska")
"""Kinds whose times may be those of decoding; with pictures out of order, they then mean nothing."""


@dataclass(frozen=True, slots=True)
class Group:
    """Frames that can be decoded without those before them."""

    first: int
    """Number of its first frame; its last is the one before the first of the next group."""
    key: int
    """Packet, in the order of the file, from which decoding begins."""
    end: int
    """First packet after it that none of its frames needs."""


@dataclass(frozen=True)
class SeekIndex:
    """Packets of a stream in the order of the file, and frames in the order of showing."""

    kind: str
    """FFmpeg's name of the container."""
    pts: np.ndarray
    """Per packet: its time in ticks."""
    dts: np.ndarray
    """Per packet: when it is decoded, in ticks; ``NO_TIME`` if unknown."""
    sizes: np.ndarray
    """Per packet: bytes."""
    times: np.ndarray
    """Per frame: when it is shown, in ticks, ascending."""
    packets: np.ndarray
    """Per frame: its packet."""
    groups: tuple[Group, ...]
    firsts: Sequence[int]
    """First frames of the groups."""
    time_base: Fraction
    promised: Fraction | None
    """Seconds of the header, see ``header_duration``."""
    end: Fraction
    """When the last packet of the file is no longer shown, in seconds."""
    broken: str | None
    """Why the file does not split into packets beyond the last frame."""
    corrupt: Sequence[int]
    """Frames at which packets are marked as damaged."""

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.times)

    def group_of(self, frame: int) -> Group:
        """The group of a frame."""
        return self.groups[bisect_right(self.firsts, frame) - 1]

    def frame_at(self, ticks: int) -> int | None:
        """The frame that is shown at exactly this time."""
        place = int(np.searchsorted(self.times, ticks))
        return place if place < len(self) and self.times[place] == ticks else None

    def time_of(self, frame: int) -> Fraction:
        """When a frame is shown, in seconds."""
        return int(self.times[frame]) * self.time_base


def build_index(
    container: InputContainer, stream: VideoStream, begin: int | None, *, skip_damaged: bool
) -> SeekIndex | None:
    """The index of a file that was just opened.

    Args:
        container: The file, read to its end.
        stream: The stream.
        begin: Time of the first frame that decodes, in ticks: what is shown before is no frame. When damage is
            skipped, it is one that was lost.
        skip_damaged: As in ``packets_of``.

    Returns:
        None where the packets do not tell for certain which frames there are.
    """
    context = stream.codec_context
    codec = context.codec
    reader = packet_reader(codec.canonical_name, codec.properties, context.extradata or b"")
    kinds = container.format.name.split(",")
    if reader is None or begin is None or not any(kind in _TIMED for kind in kinds):
        return None
    rows: list[tuple[int, int, int, bool, bool]] = []
    facts: list[PacketFacts] = []
    end, broken = Fraction(0), None
    packets = packets_of(container, go_on=skip_damaged)
    while True:
        try:
            packet = next(packets, None)
        except DECODE_ERRORS as error:
            broken = str(error)
            break
        if packet is None:
            break
        end = max(end, packet_end(packet))
        if packet.stream is not stream or (packet.pts is None and not packet.size):
            continue
        if packet.pts is None or not packet.size or (packet.is_corrupt and not skip_damaged):
            return None
        fact = reader(packet)
        if not fact.certain or (skip_damaged and not fact.shown):
            return None
        dts = NO_TIME if packet.dts is None else packet.dts
        rows.append((packet.pts, dts, packet.size, packet.is_discard, packet.is_corrupt))
        facts.append(fact)
    pts, dts, sizes, discard, corrupt = (np.array(column) for column in zip(*rows, strict=True))
    shown = ~discard & np.array([fact.shown for fact in facts])
    if not skip_damaged:
        shown &= pts >= begin
    numbered = np.flatnonzero(shown)
    order = numbered[np.argsort(pts[numbered], kind="stable")]
    times = pts[order]
    if begin not in times or (np.diff(times) <= 0).any() or _guessed(stream, kinds, pts):
        return None
    groups = _groups(pts, order, times, facts)
    return SeekIndex(
        kind=container.format.name,
        pts=pts,
        dts=dts,
        sizes=sizes,
        times=times,
        packets=order,
        groups=groups,
        firsts=[group.first for group in groups],
        time_base=Fraction(stream.time_base or Fraction(1, 90_000)),
        promised=header_duration(container, stream),
        end=end,
        broken=broken,
        corrupt=np.searchsorted(times, pts[corrupt]).tolist(),
    )


def _guessed(stream: VideoStream, kinds: Sequence[str], pts: np.ndarray) -> bool:
    """Whether times ascend in the order of decoding although the decoder changes the order."""
    if not any(kind in _GUESSED for kind in kinds):
        return False
    return bool(stream.codec_context.has_b_frames) and bool((np.diff(pts) > 0).all())


def _groups(
    pts: np.ndarray, order: np.ndarray, times: np.ndarray, facts: Sequence[PacketFacts]
) -> tuple[Group, ...]:
    """Groups of frames, from packets at which decoding may begin.

    Frames that are shown before such a packet but stored behind it (leading pictures of an open group) need the
    group before, so they belong to it. A packet before which later frames are stored begins no group.
    """
    latest = np.maximum.accumulate(np.concatenate(([NO_TIME], pts[:-1])))
    begins = [(0, 0)]
    for key, fact in enumerate(facts):
        if not fact.entry or latest[key] >= pts[key]:
            continue
        first = int(np.searchsorted(times, pts[key]))
        if first == begins[-1][0]:
            begins[-1] = (first, key)
        elif first < len(times):
            begins.append((first, key))
    ends = np.maximum.reduceat(order, [first for first, _ in begins]) + 1
    return tuple(
        Group(first, key, int(end)) for (first, key), end in zip(begins, ends, strict=True)
    )
