"""What the bytes of a packet tell without decoding: whether a frame is shown, and whether decoding may begin there.

Flags of containers are not enough. Some packets show nothing (hidden reference pictures of VP8), some hold half a
frame (fields of H.264), some are called key although what follows needs pictures before them. A stream whose packets
cannot be counted as frames with certainty has no reader here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from av.codec.codec import Properties

_START = b"\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class PacketFacts:
    """What one packet is."""

    entry: bool
    """Decoding may begin here: pictures that are shown later are exact."""
    shown: bool = True
    """A frame is shown, and only one."""
    certain: bool = True
    """False: whether it is one frame cannot be told, and with it no number of a later frame."""


PacketReader = Callable[[Any], PacketFacts]


def packet_reader(codec: str, properties: int, extra: bytes) -> PacketReader | None:
    """What reads the packets of a stream; None where packets are not frames, or nothing is known about them.

    Args:
        codec: FFmpeg's name of the coding.
        properties: FFmpeg's flags of the coding.
        extra: The header of the stream, empty if it has none.
    """
    if codec in _READERS:
        return _READERS[codec](extra)
    if Properties(properties) & Properties.INTRA_ONLY or codec in ("av1", "ffv1"):
        return _flagged
    return None


def _flagged(packet: Any) -> PacketFacts:
    return PacketFacts(entry=packet.is_keyframe)


def _h264(extra: bytes) -> PacketReader:
    """ITU-T H.264: IDR pictures, or those with a recovery point (D.2.8) at which pictures are exact at once.

    Pictures that recover step by step (intra refresh) are not: those of x264 differ from what a decoder gives that
    saw all before, although they are marked as exact.
    """
    length = (extra[4] & 3) + 1 if extra[:1] == b"\x01" and len(extra) > 6 else 0
    sets = {_Parameters.read(unit) for unit in _parameter_sets(extra, length)}

    def read(packet: Any) -> PacketFacts:
        entry = picked = False
        if not packet.is_keyframe and all(parameters.whole_frames for parameters in sets):
            return PacketFacts(False, certain=len(sets) == 1)
        for unit in _units(bytes(packet), length):
            kind = unit[0] & 31
            if kind == 7:
                sets.add(_Parameters.read(unit))
            elif kind == 6:
                entry = entry or _recovers_at_once(unit[1:])
            elif kind in (1, 2, 5):
                picked = len(sets) == 1 and not next(iter(sets)).is_field(unit)
                entry = entry or kind == 5
                break
        return PacketFacts(entry and packet.is_keyframe, certain=picked)

    return read


def _hevc(extra: bytes) -> PacketReader:
    """ITU-T H.265: the random access pictures of table 7-1."""
    length = (extra[21] & 3) + 1 if extra[:1] == b"\x01" and len(extra) > 21 else 0

    def read(packet: Any) -> PacketFacts:
        if not packet.is_keyframe:
            return PacketFacts(False)
        kinds = (unit[0] >> 1 & 63 for unit in _units(bytes(packet), length))
        first = next((kind for kind in kinds if kind < 32), 0)
        return PacketFacts(16 <= first <= 23)

    return read


def _mpeg2(_: bytes) -> PacketReader:
    """ITU-T H.262, 6.3.9: an I-picture."""

    def read(packet: Any) -> PacketFacts:
        if not packet.is_keyframe:
            return PacketFacts(False)
        data = bytes(packet)
        place = data.find(b"\x00\x00\x01\x00")
        return PacketFacts(0 <= place < len(data) - 5 and data[place + 5] >> 3 & 7 == 1)

    return read


def _mpeg4(_: bytes) -> PacketReader:
    """ISO/IEC 14496-2: an I-VOP; packed and empty VOPs are no frames of their own."""

    def read(packet: Any) -> PacketFacts:
        data = bytes(packet)
        place = data.find(b"\x00\x00\x01\xb6")
        if not 0 <= place < len(data) - 4 or data.count(b"\x00\x00\x01\xb6") > 1:
            return PacketFacts(False, certain=False)
        if len(data) - place <= _EMPTY_VOP:
            return PacketFacts(False, certain=False)
        return PacketFacts(packet.is_keyframe and data[place + 4] >> 6 == 0)

    return read


_EMPTY_VOP = 10
"""So many bytes hold no picture, even one without any change."""


def _vp8(_: bytes) -> PacketReader:
    """RFC 6386, 9.1."""

    def read(packet: Any) -> PacketFacts:
        first = bytes(packet)[0]
        return PacketFacts(packet.is_keyframe and not first & 1, shown=bool(first >> 4 & 1))

    return read


def _vp9(_: bytes) -> PacketReader:
    """VP9 bitstream specification, 6.2 and annex B: a superframe ends with the one that is shown."""

    def read(packet: Any) -> PacketFacts:
        data = bytes(packet)
        bits = _Bits(data[:2])
        bits.take(2)
        profile = bits.take(1) + 2 * bits.take(1)
        bits.take(1 if profile == 3 else 0)
        repeats = bits.take(1)
        inter, shown = (1, 1) if repeats else (bits.take(1), bits.take(1))
        several = data[-1] & 0xE0 == 0xC0
        return PacketFacts(packet.is_keyframe and not inter, shown=bool(shown or several))

    return read


_READERS: dict[str, Callable[[bytes], PacketReader]] = {
    "h264": _h264,
    "hevc": _hevc,
    "mpeg1video": _mpeg2,
    "mpeg2video": _mpeg2,
    "mpeg4": _mpeg4,
    "vp8": _vp8,
    "vp9": _vp9,
}


class _Bits:
    """Bits of bytes, the highest first; zeros after the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """The next bits as a number."""
        self._left -= count
        value = self._value >> self._left if self._left >= 0 else self._value << -self._left
        return value & ((1 << count) - 1)

    def golomb(self) -> int:
        """The next number as an exponential Golomb code (ITU-T H.264, 9.1)."""
        zeros = 0
        while zeros < 32 and not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        """The next number as a code with sign."""
        value = self.golomb()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def _units(data: bytes, length: int) -> Iterator[bytes]:
    """The NAL units of a packet, each with its length before it, or with a start code if ``length`` is 0."""
    place = 0
    if length:
        while place + length < len(data):
            size = int.from_bytes(data[place : place + length], "big")
            place += length
            if size:
                yield data[place : place + size]
            place += size
        return
    begin = data.find(_START)
    while begin >= 0:
        end = data.find(_START, begin + 3)
        unit = data[begin + 3 : end if end >= 0 else len(data)].rstrip(b"\x00")
        if unit:
            yield unit
        begin = end


def _parameter_sets(extra: bytes, length: int) -> Iterator[bytes]:
    """The sequence parameter sets of H.264 in the header of a stream."""
    if not length:
        yield from (unit for unit in _units(extra, 0) if unit[0] & 31 == 7)
        return
    place = 6
    for _ in range(extra[5] & 31):
        size = int.from_bytes(extra[place : place + 2], "big")
        yield extra[place + 2 : place + 2 + size]
        place += 2 + size


def _plain_bytes(unit: bytes) -> bytes:
    """Without the bytes that keep start codes out of the data."""
    return unit.replace(b"\x00\x00\x03", b"\x00\x00")


def _recovers_at_once(payload: bytes) -> bool:
    """Whether supplemental information says that pictures are exact from here."""
    data = _plain_bytes(payload)
    place = 0
    while place + 1 < len(data):
        kind, place = _sum_of_bytes(data, place)
        size, place = _sum_of_bytes(data, place)
        if kind == 6:
            bits = _Bits(data[place : place + size])
            return bits.golomb() == 0 and bits.take(1) == 1
        place += size
    return False


def _sum_of_bytes(data: bytes, place: int) -> tuple[int, int]:
    total = 0
    while place < len(data):
        total += data[place]
        place += 1
        if data[place - 1] != 255:
            break
    return total, place


_WITH_CHROMA = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)


@dataclass(frozen=True, slots=True)
class _Parameters:
    """What a sequence parameter set of H.264 (7.3.2.1.1) says about fields."""

    whole_frames: bool
    """No picture is a single field."""
    number_bits: int
    """Of ``frame_num``."""
    planes: bool
    """Colours are coded apart."""

    @classmethod
    def read(cls, unit: bytes) -> "_Parameters":
        """From a NAL unit."""
        bits = _Bits(_plain_bytes(unit[1:]))
        profile = bits.take(8)
        bits.take(16)
        bits.golomb()
        planes = _skip_chroma(bits) if profile in _WITH_CHROMA else False
        number_bits = bits.golomb() + 4
        _skip_order(bits)
        bits.golomb()
        bits.take(1)
        bits.golomb()
        bits.golomb()
        return cls(bool(bits.take(1)), number_bits, planes)

    def is_field(self, unit: bytes) -> bool:
        """Whether the picture of a slice (7.3.3) is a single field: two packets may then hold one frame."""
        if self.whole_frames:
            return False
        bits = _Bits(_plain_bytes(unit[1:32]))
        for _ in range(3):
            bits.golomb()
        bits.take((2 if self.planes else 0) + self.number_bits)
        return bool(bits.take(1))


def _skip_chroma(bits: _Bits) -> bool:
    """Whether colours are coded apart; goes behind the scaling lists."""
    chroma = bits.golomb()
    planes = bool(bits.take(1)) if chroma == 3 else False
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):
        for number in range(8 if chroma != 3 else 12):
            if bits.take(1):
                _skip_scaling(bits, 16 if number < 6 else 64)
    return planes


def _skip_scaling(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_golomb()) % 256
        last = following or last


def _skip_order(bits: _Bits) -> None:
    """Picture order count, 7.3.2.1.1."""
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.take(1)
        bits.signed_golomb()
        bits.signed_golomb()
        for _ in range(bits.golomb()):
            bits.signed_golomb()
