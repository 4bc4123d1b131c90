"""What packets tell, on bytes written by hand where no encoder at hand makes such streams."""

import pytest

from segue.media.packet_facts import PacketFacts, packet_reader

START = b"\x00\x00\x00\x01"


class Packet(bytes):
    """Bytes with a flag, as a packet is."""

    is_keyframe = True


class OtherPacket(Packet):
    is_keyframe = False


def reader(codec: str, extra: bytes = b""):
    read = packet_reader(codec, 0, extra)
    assert read is not None
    return read


def golomb(value: int) -> str:
    bits = f"{value + 1:b}"
    return "0" * (len(bits) - 1) + bits


def unit(kind: int, bits: str) -> bytes:
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    data = bytes([kind]) + int(bits, 2).to_bytes(len(bits) // 8, "big")
    for _ in range(2):
        data = data.replace(b"\x00\x00\x00", b"\x00\x00\x03\x00").replace(
            b"\x00\x00\x01", b"\x00\x00\x03\x01"
        )
    return START + data


def parameters(whole: bool) -> bytes:
    """High profile with a scaling list, four bits of frame number, order of the first kind."""
    scaling = "1" + "1" + golomb(1) * 16 + "0" * 7
    head = f"{100:08b}{0:08b}{40:08b}" + golomb(0) + golomb(1) + golomb(0) * 2 + "0" + scaling
    return unit(
        7,
        head
        + golomb(0)
        + golomb(0)
        + golomb(2)
        + golomb(4)
        + "0"
        + golomb(10) * 2
        + str(int(whole)),
    )


def picture(kind: int, field: str) -> bytes:
    return unit(kind, golomb(0) + golomb(7) + golomb(0) + "0011" + field + "0" * 40)


def recovery(frames: int, exact: int) -> bytes:
    payload = golomb(frames) + str(exact) + "0" * 3
    payload += "0" * (-len(payload) % 8)
    return unit(6, f"{6:08b}{len(payload) // 8:08b}" + payload)


@pytest.mark.parametrize(
    ("units", "entry"),
    [
        ([picture(5, "0")], True),
        ([picture(1, "0")], False),
        ([recovery(0, 1), picture(1, "0")], True),
        ([recovery(0, 0), picture(1, "0")], False),
        ([recovery(7, 1), picture(1, "0")], False),
        ([unit(6, f"{255:08b}{5:08b}{1:08b}{9:08b}"), recovery(0, 1), picture(1, "0")], True),
        # Behind the first picture nothing counts any more.
        ([picture(1, "0"), recovery(0, 1)], False),
    ],
)
def test_where_h264_may_begin(units: list[bytes], entry: bool) -> None:
    for whole in (True, False):
        read = reader("h264", parameters(whole))
        assert read(Packet(b"".join(units))) == PacketFacts(entry)
        assert read(OtherPacket(b"".join(units))) == PacketFacts(False)


def test_fields_of_h264_are_no_frames() -> None:
    for kind in (1, 5):
        assert reader("h264", parameters(False))(Packet(picture(kind, "1"))).certain is False
        assert reader("h264", parameters(True))(Packet(picture(kind, "1"))).certain is True
    later = reader("h264", parameters(True))
    assert later(Packet(parameters(False) + picture(5, "0"))).certain is False
    assert reader("h264")(Packet(parameters(False) + picture(5, "0"))).certain is True
    assert reader("h264")(Packet(picture(5, "0"))).certain is False


def test_lengths_instead_of_start_codes() -> None:
    sets, shot = parameters(True)[4:], picture(5, "0")[4:]
    head = b"\x01\x64\x00\x28\xff\xe1" + len(sets).to_bytes(2, "big") + sets + b"\x01\x00\x00"
    read = reader("h264", head)
    assert read(Packet(len(shot).to_bytes(4, "big") + shot)) == PacketFacts(True)


@pytest.mark.parametrize(("kind", "entry"), [(1, False), (19, True), (21, True), (9, False)])
def test_where_hevc_may_begin(kind: int, entry: bool) -> None:
    units = START + bytes([39 << 1, 1, 7]) + START + bytes([kind << 1, 1, 128])
    assert reader("hevc")(Packet(units)) == PacketFacts(entry)


def test_vp8_hides_pictures() -> None:
    read = reader("vp8")
    assert read(Packet(b"\x10abc")) == PacketFacts(True)
    assert read(OtherPacket(b"\x01abc")) == PacketFacts(False, shown=False)
    assert read(OtherPacket(b"\x11abc")) == PacketFacts(False)


def test_vp9_hides_pictures_only_alone() -> None:
    read = reader("vp9")
    assert read(Packet(b"\x82\x49ab")) == PacketFacts(True)
    assert read(OtherPacket(b"\x84\x00ab")) == PacketFacts(False, shown=False)
    assert read(OtherPacket(b"\x84\x00ab\xc1")) == PacketFacts(False)
    assert read(OtherPacket(b"\x88\x00")) == PacketFacts(False)


def test_packed_and_empty_pictures_of_mpeg4_cannot_be_counted() -> None:
    read, code = reader("mpeg4"), b"\x00\x00\x01\xb6"
    assert read(Packet(code + bytes(20))) == PacketFacts(True)
    assert read(Packet(code + b"\x40" + bytes(20))) == PacketFacts(False)
    for uncertain in (code + bytes(20) + code + bytes(20), code + bytes(3), b"abc"):
        assert read(Packet(uncertain)).certain is False


def test_codecs_that_nothing_is_known_of() -> None:
    assert packet_reader("wmv2", 2, b"") is None
    assert packet_reader("prores", 3, b"") is not None
