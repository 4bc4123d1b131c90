"""Live sources over real pipes and sockets of this machine, with short time-outs."""

import io
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from PIL import Image

from fakes.live_streams import http_server, picture_bytes, scene, sending, stream_bytes
from segue.errors import DecodeError, InputError, StalledError, VideoError
from segue.media.live import is_live, open_live, without_secrets
from segue.media.live_video import LiveVideo
from segue.media.video import Video, open_video

TIMEOUT = 1.0
PATIENT = 20.0
"""Where nothing should time out, also on a busy machine."""
TS = stream_bytes()


def sockets_allowed() -> bool:
    try:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
    except OSError:
        return False
    return True


needs_sockets = pytest.mark.skipif(
    not sockets_allowed(), reason="this machine does not let tests listen on 127.0.0.1"
)


def file_frames(path: Path, data: bytes) -> list[np.ndarray]:
    path.write_bytes(data)
    return [frame.image for frame in open_video(path)]


@pytest.mark.parametrize(
    ("kind", "codec"),
    [("mpegts", "libx264"), ("mpegts", "mpeg2video"), ("matroska", "libx264"), ("h264", "libx264")],
)
def test_a_pipe_gives_the_frames_of_the_file(kind: str, codec: str, tmp_path: Path) -> None:
    data = stream_bytes(kind=kind, codec=codec)
    with sending(data) as pipe:
        video = open_live(pipe, timeout_s=PATIENT)
        assert isinstance(video, Video)
        assert not video.seekable
        assert (video.num_frames, video.files, video.frame_rate) == (None, (), 25)
        frames = list(video)
    assert [frame.index for frame in frames] == list(range(12))
    assert frames[0].time == video.description.start_time
    steps = {b.time - a.time for a, b in pairwise(frames)}
    assert steps == {Fraction(1, 25)}
    assert all((frame.time / video.time_base).denominator == 1 for frame in frames)
    expected = file_frames(tmp_path / f"clip.{'ts' if kind == 'mpegts' else kind}", data)
    assert all(np.array_equal(f.image, e) for f, e in zip(frames, expected, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_pictures_in_a_pipe(kind: str) -> None:
    files = picture_bytes(4, kind)
    with sending(*files) as pipe:
        video = open_live(pipe, timeout_s=PATIENT, frame_rate=10)
        frames = list(video)
    assert [frame.time for frame in frames] == [Fraction(n, 10) for n in range(4)]
    assert video.damaged == ()
    if kind == "PNG":
        assert all(np.array_equal(f.image, scene(f.index)) for f in frames)


def test_a_picture_is_handed_on_with_its_last_byte() -> None:
    first, second = picture_bytes(2, "JPEG")
    with sending(first, second, hold_s=30) as pipe:
        frames = iter(open_live(pipe, timeout_s=PATIENT))
        assert [next(frames).index, next(frames).index] == [0, 1]


def test_pictures_that_are_answered_as_they_come_have_the_time_of_their_arrival() -> None:
    with sending(*picture_bytes(4), pause_s=0.15) as pipe:
        times = [frame.time for frame in open_live(pipe, timeout_s=PATIENT, live=True)]
    assert times[0] == 0
    assert times[-1] >= Fraction(3, 10)
    assert times == sorted(set(times))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    with sending(TS) as pipe:
        monkeypatch.setattr("sys.__stdin__", pipe)
        video = open_video("-", timeout_s=PATIENT)
        assert (video.name, video.description.place) == ("stdin", "standard input")
        assert len(list(video)) == 12


def test_a_named_pipe(tmp_path: Path) -> None:
    path = tmp_path / "camera.fifo"
    os.mkfifo(path)
    writer = Thread(target=lambda: path.write_bytes(TS))
    writer.start()
    video = open_video(path, timeout_s=PATIENT)
    assert video.name == "camera"
    assert len(list(video)) == 12
    writer.join()


def test_a_named_pipe_into_which_nobody_writes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "silent")
    with pytest.raises(VideoError, match=r"sent nothing within 0\.3 s"):
        open_video(tmp_path / "silent", timeout_s=0.3)


def test_a_stream_is_read_once_and_only_forwards() -> None:
    with sending(TS) as pipe:
        video = open_live(pipe, timeout_s=PATIENT)
        with pytest.raises(VideoError, match="is live: frame 3"):
            video.frame(3)
        with pytest.raises(VideoError, match="backwards"):
            video.frames(range(5, 0, -1))
        assert [f.index for f in video.frames(range(2, 9, 3))] == [2, 5, 8]
        with pytest.raises(VideoError, match="read already"):
            iter(video)
        with pytest.raises(VideoError, match="read already"):
            video.go_on(3, Fraction(1))


def test_a_span_of_a_stream() -> None:
    with sending(TS) as pipe:
        video = open_video(pipe, timeout_s=PATIENT, start="0.08s", every=4)
        assert [frame.index for frame in video] == [2, 6, 10]


def test_a_resumed_stream_goes_on_with_new_numbers() -> None:
    with sending(TS) as pipe:
        video = open_live(pipe, timeout_s=PATIENT, live=True)
        video.go_on(40, Fraction(100))
        frames = list(video)
    assert [frame.index for frame in frames] == list(range(40, 52))
    assert frames[0].name == "00040"
    assert frames[0].time > 100


# What goes wrong.


@contextmanager
def quick(seconds: float = 15.0) -> Iterator[None]:
    """The block may not hang; generous, because the machine may be busy."""
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < seconds


def test_a_pipe_that_stalls() -> None:
    seen = []
    with quick(), sending(TS[: len(TS) * 2 // 3], hold_s=60) as pipe:
        video = open_live(pipe, timeout_s=TIMEOUT)
        with pytest.raises(StalledError, match=r"sent nothing for 1 s") as caught:
            seen.extend(frame.index for frame in video)
    assert seen == list(range(len(seen)))
    assert len(seen) > 3
    assert isinstance(caught.value, DecodeError)
    assert isinstance(caught.value, TimeoutError)
    assert "--resume" in caught.value.option


def test_pictures_that_stall() -> None:
    with quick(), sending(*picture_bytes(2), hold_s=60) as pipe, pytest.raises(StalledError):
        list(open_live(pipe, timeout_s=TIMEOUT))


def test_a_pipe_that_sends_nothing() -> None:
    with quick(), sending(hold_s=60) as pipe, pytest.raises(VideoError, match="sent nothing"):
        open_live(pipe, timeout_s=TIMEOUT)


@pytest.mark.parametrize("count", [188, 188 * 8])
def test_a_pipe_that_stalls_before_its_first_frame(count: int) -> None:
    said = r"sent no video within 0\.5 s|no frame came in time"
    with (
        quick(),
        sending(TS[:count], hold_s=60) as pipe,
        pytest.raises(VideoError, match=said),
    ):
        open_live(pipe, timeout_s=0.5)


def test_a_pipe_that_ends_at_once() -> None:
    with sending() as pipe, pytest.raises(VideoError, match="is empty"):
        open_live(pipe, timeout_s=PATIENT)


def test_a_pipe_without_video() -> None:
    with (
        sending(b"these are words and no film\n" * 99) as pipe,
        pytest.raises(VideoError, match="no video that can be read as it comes"),
    ):
        open_live(pipe, timeout_s=PATIENT)


@pytest.mark.parametrize("at", [0.4, 0.7])
def test_a_stream_that_ends_in_the_middle_of_a_frame(at: float) -> None:
    seen = []
    # At the end of a packet: nothing but the frame tells that something is missing.
    with sending(TS[: int(len(TS) * at) // 188 * 188]) as pipe:
        video = open_live(pipe, timeout_s=PATIENT)
        with pytest.raises(DecodeError, match="ended in the middle of a frame"):
            seen.extend(frame.index for frame in video)
    assert len(seen) == int(12 * at)


def test_pictures_that_end_in_the_middle_of_one() -> None:
    seen = []
    first, second = picture_bytes(2, "JPEG")
    with (
        sending(first, second[:-40]) as pipe,
        pytest.raises(DecodeError, match="in the middle of a picture"),
    ):
        seen.extend(f.index for f in open_live(pipe, timeout_s=PATIENT))
    assert seen == [0]


def test_a_stream_that_changes_size() -> None:
    other = stream_bytes(size_hw=(64, 96), begin=12)
    seen = []
    with sending(TS, other) as pipe:
        video = open_live(pipe, timeout_s=PATIENT)
        with pytest.raises(DecodeError, match=r"Frame 00012 .* is 96x64, .* 64x48"):
            seen.extend(frame.index for frame in video)
    assert seen == list(range(12))


def test_pictures_that_change_size() -> None:
    wide = picture_bytes(1)[0]
    buffer = io.BytesIO()
    Image.fromarray(scene(0, (20, 30))).save(buffer, "PNG")
    with sending(wide, buffer.getvalue()) as pipe, pytest.raises(DecodeError, match="30x20"):
        list(open_live(pipe, timeout_s=PATIENT))


def without_key_frame(data: bytes) -> bytes:
    """The packets of a stream from the second frame on: tables, and frames that cannot be decoded."""
    size = 188
    packets = [data[place : place + size] for place in range(0, len(data), size)]
    begins = [n for n, p in enumerate(packets) if p[1] & 0x40 and _pid(p) == 256]
    return b"".join(p for n, p in enumerate(packets) if _pid(p) != 256 or n >= begins[1])


def _pid(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


def test_a_pipe_that_never_sends_a_key_frame() -> None:
    with (
        sending(without_key_frame(stream_bytes(30, gop=300))) as pipe,
        pytest.raises(VideoError, match="no key frame came") as caught,
    ):
        open_live(pipe, timeout_s=PATIENT)
    assert not isinstance(caught.value, DecodeError)


def test_a_stream_that_goes_on_and_never_sends_a_key_frame() -> None:
    data = without_key_frame(stream_bytes(200, gop=300))
    parts = [data[n : n + 18800] for n in range(0, len(data), 18800)]
    with (
        quick(),
        sending(*parts, pause_s=0.1, hold_s=60) as pipe,
        pytest.raises(VideoError, match=r"no key frame came|sent no video within"),
    ):
        open_live(pipe, timeout_s=TIMEOUT)


def test_damage_in_the_middle_is_an_error_of_a_pipe_and_passed_over_on_request() -> None:
    data = bytearray(stream_bytes(24, gop=6))
    middle = len(data) * 3 // 8 // 188 * 188
    for place in range(middle, middle + 188 * 12, 188):
        data[place + 20 : place + 188] = bytes(168)
    with sending(bytes(data)) as pipe, pytest.raises(DecodeError, match="does not decode any more"):
        list(open_live(pipe, timeout_s=PATIENT))
    with sending(bytes(data)) as pipe:
        video = open_live(pipe, timeout_s=PATIENT, skip_damaged=True)
        count = len(list(video))
    assert 12 < count < 24
    assert "came damaged" in video.damaged[0]


# The network.


@needs_sockets
def test_http() -> None:
    with http_server(TS) as address:
        video = open_video(address, timeout_s=PATIENT)
        assert isinstance(video, LiveVideo)
        assert (video.name, video.description.place) == ("clip", address)
        assert video.repeats
        assert len(list(video)) == 12


@needs_sockets
def test_http_that_stalls() -> None:
    seen = []
    with quick(), http_server(TS[: len(TS) * 2 // 3], hold_s=60, promised=len(TS)) as address:
        video = open_video(address, timeout_s=TIMEOUT)
        with pytest.raises(StalledError, match="sent nothing for 1 s"):
            seen.extend(frame.index for frame in video)
    assert len(seen) > 3


@needs_sockets
def test_http_that_never_answers() -> None:
    with socket.socket() as listener, quick():
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/clip.ts"
        with pytest.raises(VideoError, match=r"sent no video within 1 s"):
            open_video(address, timeout_s=TIMEOUT)


@needs_sockets
def test_http_that_refuses() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(VideoError, match="cannot be opened") as caught:
        open_video(f"http://ann:secret@127.0.0.1:{port}/clip.ts?token=secret", timeout_s=PATIENT)
    assert "secret" not in str(caught.value)


@needs_sockets
def test_a_connection_that_breaks_off_in_the_middle_of_a_frame() -> None:
    seen = []
    with http_server(TS[: len(TS) * 2 // 3 // 188 * 188], promised=len(TS)) as address:
        video = open_video(address, timeout_s=PATIENT)
        with pytest.raises(DecodeError, match=r"broke off|ended in the middle"):
            seen.extend(frame.index for frame in video)
    assert len(seen) >= 7


@needs_sockets
def test_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = stream_bytes(100, gop=10)
    stop = Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            place = 0
            while not stop.wait(0.005) and place < len(data):
                sender.sendto(data[place : place + 7 * 188], ("127.0.0.1", port))
                place += 7 * 188

    sender = Thread(target=send)
    Thread(target=lambda: (time.sleep(0.3), sender.start())).start()
    try:
        video = open_video(f"udp://127.0.0.1:{port}", timeout_s=5.0)
        assert not video.repeats  # type: ignore[attr-defined]
        frames = video.frames(range(10))  # type: ignore[attr-defined]
        assert [frame.index for frame in frames] == list(range(10))
    finally:
        stop.set()
        sender.join()


@needs_sockets
def test_udp_that_nobody_sends() -> None:
    with quick(), pytest.raises(VideoError, match="sent no video within"):
        open_video("udp://127.0.0.1:9", timeout_s=0.5)


def test_an_unknown_protocol() -> None:
    with pytest.raises(VideoError, match="does not know quux://"):
        open_video("quux://somewhere", timeout_s=TIMEOUT)


@pytest.mark.parametrize(
    ("source", "live"),
    [
        ("-", True),
        ("rtsp://camera/1", True),
        ("HTTP://camera", True),
        ("udp://@239.0.0.1:1234", True),
        ("/dev/video0", True),
        ("camera:12", True),
        ("camera:x", False),
        ("clip.mp4", False),
        ("C:/clip.mp4", False),
        (Path("clip.mp4"), False),
        ("a\0b", False),
        (np.zeros((2, 2)), False),
        (["-"], False),
    ],
)
def test_which_sources_are_live(source: object, live: bool) -> None:
    assert is_live(source) == live


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("rtsp://ann:pw@host:554/a/b?key=1", "rtsp://host:554/a/b"),
        ("rtsp://ann:p@w@host", "rtsp://host"),
        ("udp://@239.0.0.1:1234?fifo_size=1", "udp://239.0.0.1:1234"),
        ("http://host/a@b.ts", "http://host/a@b.ts"),
        ("-", "-"),
    ],
)
def test_secrets_are_not_said(address: str, said: str) -> None:
    assert without_secrets(address) == said


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan")])
def test_a_time_out_that_is_none(timeout: float) -> None:
    with pytest.raises(InputError, match="time-out"):
        open_live("-", timeout_s=timeout)


def test_a_file_in_memory_is_no_pipe() -> None:
    with pytest.raises(VideoError, match="no pipe"):
        open_live(io.BytesIO(TS), timeout_s=TIMEOUT)
