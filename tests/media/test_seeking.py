"""Any frame of a video file: the same bytes as in a pass from the start, at the cost of one group of pictures."""

import gc
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame as AvFrame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.errors import DecodeError
from segue.media import cursors, seeking
from segue.media.container import FileVideo
from segue.media.frames import VideoFrame

MakeVideo = Callable[..., Path]
COUNT, GROUP = 40, 8
CLOSED = {"bf": "2", "g": str(GROUP)}
OPEN = {**CLOSED, "x264-params": "open-gop=1"}
JUMPY = [Fraction(i * i + 7 * i, 100) for i in range(COUNT)]


def moving(count: int = COUNT, size_hw: tuple[int, int] = (32, 48)) -> list[np.ndarray]:
    """Noise that moves, so that every picture differs and needs those before it."""
    noise = np.random.default_rng(0).integers(0, 255, (*size_hw, 3), dtype=np.uint8)
    return [np.roll(noise, index, axis=1) for index in range(count)]


def hevc(open_gop: bool) -> dict[str, str]:
    return {"x265-params": f"open-gop={int(open_gop)}:keyint={GROUP}:log-level=none"}


@dataclass(frozen=True)
class Case:
    """A file to make, and what is known of it."""

    name: str
    codec: str = "libx264"
    options: Sequence[tuple[str, str]] = ()
    times: tuple[Fraction, ...] | None = None
    pix_fmt: str = "yuv420p"
    most: int | None = GROUP
    """Frames that one random frame decodes at most; None where they can only be counted from the start."""
    shown: int = COUNT

    def make(self, make_video: MakeVideo) -> Path:
        options, times = dict(self.options), self.times and list(self.times)
        # The HEVC encoder dies of pictures that are smaller than its blocks.
        frames = moving(size_hw=(96, 128)) if self.codec == "libx265" else moving()
        return make_video(
            self.name,
            frames,
            codec=self.codec,
            options=options,
            times=times,
            pix_fmt=self.pix_fmt,
        )


def case(name: str, codec: str = "libx264", options: dict[str, str] = CLOSED, **more) -> Case:
    return Case(name, codec, tuple(options.items()), **more)


# An open group takes the key picture of the next one, and what is shown before that, with it.
OPENED = GROUP + 3
VP = {"g": str(GROUP), "auto-alt-ref": "1", "lag-in-frames": "12"}
CASES = [
    case("a.mp4"),
    case("a.mov"),
    case("a.mkv"),
    case("a.ts"),
    case("a.flv"),
    case("open.mp4", options=OPEN, most=OPENED),
    case("open.mkv", options=OPEN, most=OPENED),
    case("open.ts", options=OPEN, most=OPENED),
    case("h.mp4", "libx265", hevc(open_gop=False)),
    case("open-h.mp4", "libx265", hevc(open_gop=True), most=GROUP + 5),
    case("open-h.mkv", "libx265", hevc(open_gop=True), most=GROUP + 5),
    case("open-h.ts", "libx265", hevc(open_gop=True), most=GROUP + 5),
    case("a.mpg", "mpeg2video", most=OPENED),
    case("m.ts", "mpeg2video", most=OPENED),
    case("a.avi", "mpeg4", most=OPENED),
    case("plain.avi", "mpeg4", {"g": str(GROUP)}),
    case("m.mp4", "mpeg4", most=OPENED),
    case("all.avi", "mjpeg", {}, pix_fmt="yuvj420p", most=1),
    case("all.mov", "prores_ks", {}, pix_fmt="yuv422p10le", most=1),
    case("f.mkv", "ffv1", {"g": "5"}, most=5),
    case("v.webm", "libvpx-vp9", VP),
    case("v8.webm", "libvpx", VP),
    case("rate.mp4", options=OPEN, times=tuple(JUMPY), most=OPENED),
    case("rate.mkv", options=OPEN, times=tuple(JUMPY), most=OPENED),
    case("rate.ts", options=OPEN, times=tuple(JUMPY), most=OPENED),
    case("late.mp4", options=OPEN, times=tuple(1000 + time for time in JUMPY), most=OPENED),
    case("lines.ts", options={**CLOSED, "flags": "+ildct+ilme"}),
    case("lines.mkv", options={**OPEN, "flags": "+ildct+ilme"}, most=OPENED),
    # An edit list: the file begins in the middle of its first group.
    case(
        "edit.mp4",
        options=OPEN,
        times=tuple(Fraction(i - 5, 25) for i in range(COUNT)),
        most=OPENED,
        shown=COUNT - 5,
    ),
    # What follows cannot be counted from packets.
    case("raw.h264", most=None),
    case("order.avi", most=None),
    case("old.avi", "wmv2", {"g": str(GROUP)}, most=None),
    # Pictures that are refreshed step by step are not exact where they claim to be.
    case("refresh.mp4", options={"x264-params": "intra-refresh=1:keyint=8:bframes=0"}, most=COUNT),
]


def same(came: VideoFrame, expected: VideoFrame) -> bool:
    told = (came.index, came.name, came.time) == (expected.index, expected.name, expected.time)
    return told and np.array_equal(came.image, expected.image)


def all_same(came: Sequence[VideoFrame], expected: Sequence[VideoFrame]) -> bool:
    return len(came) == len(expected) and all(map(same, came, expected))


@pytest.mark.parametrize("made", CASES, ids=lambda made: made.name)
def test_every_frame_in_every_way(make_video: MakeVideo, made: Case) -> None:
    video = FileVideo(made.make(make_video))
    whole = list(video)
    assert len(whole) == made.shown
    assert video.seekable
    order = np.random.default_rng(0).permutation(len(whole)).tolist()
    for index in order:
        before = video.decoded_frames
        assert same(video.frame(index), whole[index])
        if made.most is not None:
            assert video.decoded_frames - before <= made.most
    for wanted in (
        range(made.shown - 1, -1, -1),
        range(30, 2, -3),
        range(3, 100),
        range(5, 31, 9),
        range(-4, 100, 2),
        range(200, 20, -1),
    ):
        expected = [whole[index] for index in wanted if 0 <= index < made.shown]
        assert all_same(list(video.frames(wanted)), expected), wanted
    assert not list(video.frames(range(made.shown, made.shown + 5)))
    assert video.damaged == ()
    for outside in (-1, made.shown, 10**6):
        with pytest.raises(IndexError, match=f"no frame {outside}"):
            video.frame(outside)


def test_the_index_of_a_frame_is_a_plain_number(make_video: MakeVideo) -> None:
    """Whatever stood for the number: the index goes into JSON. (numpy's numbers are refused under pytest only.)"""
    video = FileVideo(make_video("a.mp4"))
    assert type(video.frame(True).index) is int
    assert np.array_equal(video.frame(True).image, video.frame(1).image)


@pytest.fixture
def opened(make_video: MakeVideo) -> tuple[Path, list[VideoFrame]]:
    """A file whose groups are open, and its frames in a pass from the start."""
    path = case("order.mkv", options=OPEN).make(make_video)
    return path, list(FileVideo(path))


@given(order=st.lists(st.integers(0, COUNT - 1), min_size=1, max_size=12))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order(order: list[int], opened: tuple[Path, list[VideoFrame]]) -> None:
    path, whole = opened
    video = FileVideo(path)
    for index in order:
        assert same(video.frame(index), whole[index])


@pytest.mark.parametrize("options", [CLOSED, OPEN], ids=["closed", "open"])
def test_going_on_decodes_nothing_twice(make_video: MakeVideo, options: dict[str, str]) -> None:
    video = FileVideo(case("a.mp4", options=options).make(make_video))
    for index in range(COUNT):
        video.frame(index)
    # At the end of an open group some of the next one were needed, and that begins anew.
    assert video.decoded_frames <= (COUNT if options is CLOSED else COUNT + 3 * COUNT // GROUP)


def test_stepping_back_uses_what_was_decoded(make_video: MakeVideo) -> None:
    video = FileVideo(case("a.mp4").make(make_video))
    for index in range(COUNT - 1, -1, -1):
        video.frame(index)
    assert video.decoded_frames <= COUNT


def test_backwards_each_group_is_decoded_once(make_video: MakeVideo) -> None:
    video = FileVideo(case("a.mp4").make(make_video))
    assert len(list(video.frames(range(COUNT - 1, -1, -1)))) == COUNT
    assert video.decoded_frames <= COUNT
    video = FileVideo(case("b.mp4", options={"g": "100", "bf": "2"}).make(make_video))
    assert len(list(video.frames(range(COUNT - 1, -1, -1)))) == COUNT
    assert video.decoded_frames == COUNT


@pytest.mark.parametrize("name", ["long.mp4", "raw.h264"])
def test_backwards_holds_no_more_than_the_budget(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = case(name, options={"g": "100", "bf": "2"}).make(make_video)
    whole = list(FileVideo(path))
    video = FileVideo(path)
    look = video._seeker._look
    each = look.decoded_bytes if name == "long.mp4" else look.rgb_bytes
    monkeypatch.setattr(seeking, "HELD_BYTES", 6 * each + 1)
    monkeypatch.setattr(cursors, "_RECENT_FRAMES", 1)
    gc.collect()
    gc.freeze()  # what was there before, frames too, is not looked at
    most, came = 0, 0
    for frame, expected in zip(video.frames(range(COUNT - 1, -1, -1)), whole[::-1], strict=True):
        assert same(frame, expected)
        came += 1
        alive = sum(type(thing) in (AvFrame, VideoFrame) for thing in gc.get_objects())
        most = max(most, alive)
    assert came == COUNT
    # Besides the six: what waits in the decoder's order, the frame at hand and the one before it.
    assert 6 <= most <= 12


def test_a_sparse_span_leaves_groups_out(make_video: MakeVideo) -> None:
    video = FileVideo(case("a.mp4", options={"g": "4", "bf": "0"}).make(make_video))
    assert [frame.index for frame in video.frames(range(1, COUNT, 16))] == [1, 17, 33]
    assert video.decoded_frames <= 3 * 4


def test_threads_share_a_video(make_video: MakeVideo) -> None:
    video = FileVideo(case("a.mkv", options=OPEN).make(make_video))
    whole = list(video)
    wrong: list[int] = []

    def ask(seed: int) -> None:
        for index in np.random.default_rng(seed).permutation(COUNT).tolist():
            if not same(video.frame(index), whole[index]):
                wrong.append(index)
        if not all_same(list(video.frames(range(COUNT - 1, 0, -1))), whole[:0:-1]):
            wrong.append(-1)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_index_is_made_once_and_decoders_are_closed(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    build = seeking.build_index
    monkeypatch.setattr(
        seeking, "build_index", lambda *given, **more: made.append(1) or build(*given, **more)
    )
    path = case("a.mp4").make(make_video)
    files = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else None
    video = FileVideo(path)
    assert not made
    for index in (3, 30, 3):
        video.frame(index)
    assert made == [1]
    video.close()
    if files is not None:
        assert len(os.listdir("/proc/self/fd")) == files
    assert video.frame(3).index == 3


def test_an_index_that_is_wrong_is_noticed(make_video: MakeVideo) -> None:
    video = FileVideo(case("a.mp4").make(make_video))
    whole = list(video)
    index = video._seeker.index()
    index.times[20] += 1
    index.pts[index.packets[20]] += 2
    assert same(video.frame(21), whole[21])
    assert same(video.frame(20), whole[20])
    index = FileVideo(video.path)._seeker.index()
    video = FileVideo(video.path)
    video._seeker.index().sizes[10] += 1
    assert all_same(list(video.frames(range(2, COUNT))), whole[2:])


def test_times_come_from_the_index(make_video: MakeVideo) -> None:
    video = FileVideo(case("a.mp4", times=tuple(JUMPY)).make(make_video))
    told = [video.time_of(index) for index in range(COUNT + 1)]
    video.frame(3)
    assert [video.time_of(index) for index in range(COUNT + 1)] == told
    assert video.index_at(JUMPY[7]) == 7


def damaged(make_video: MakeVideo, number: int, name: str = "a.mp4") -> Path:
    path = case(name, options={"g": "8", "bf": "2"}).make(make_video)
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    spoilt = packets[number]
    path.write_bytes(path.read_bytes().replace(spoilt, b"\xff" * len(spoilt)))
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_damage_is_an_error_where_it_is(make_video: MakeVideo, name: str) -> None:
    whole = list(FileVideo(case(name, options={"g": "8", "bf": "2"}).make(make_video)))
    video = FileVideo(damaged(make_video, 17, name))
    with pytest.raises(DecodeError):
        list(video)
    failed, said = [], []
    for index in range(COUNT):
        try:
            assert same(video.frame(index), whole[index])
        except DecodeError as error:
            failed.append(index)
            said.append(str(error)[:11])
    # Other groups are not touched by it.
    assert failed
    assert said == [f"Frame {index:05d}" for index in failed]
    assert failed[0] >= 16
    assert failed[-1] == 23
    came = []
    with pytest.raises(DecodeError, match="Frame 00023"):
        came.extend(video.frames(range(COUNT - 1, -1, -1)))
    assert all_same(came, whole[:23:-1])
    for frame in video.frames(range(24, COUNT)):
        assert same(frame, whole[frame.index])


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_skipping_damage_gives_what_a_pass_gives(make_video: MakeVideo, name: str) -> None:
    video = FileVideo(damaged(make_video, 17, name), skip_damaged=True)
    whole = {frame.index: frame for frame in video}
    lost = video.damaged
    assert lost
    assert len(whole) < COUNT
    for index in range(COUNT):
        if index in whole:
            assert same(video.frame(index), whole[index])
        else:
            with pytest.raises(DecodeError, match=f"Frame {index:05d}.*no picture"):
                video.frame(index)
    expected = [whole[index] for index in sorted(whole)]
    assert all_same(list(video.frames(range(COUNT - 1, -1, -1))), expected[::-1])
    assert video.damaged == lost
    assert all_same(
        list(video.frames(range(2, COUNT))), [frame for frame in expected if frame.index >= 2]
    )
    assert video.damaged == lost


@pytest.mark.parametrize("skip", [False, True])
def test_the_end_of_a_file_that_is_cut_off(make_video: MakeVideo, skip: bool) -> None:
    path = make_video(
        "a.mp4",
        moving(),
        options={"g": "8", "bf": "0"},
        container_options={"movflags": "faststart"},
    )
    whole = list(FileVideo(path))
    with av.open(str(path)) as container:
        cut = [packet for packet in container.demux(video=0) if packet.size][20].pos
    path.write_bytes(path.read_bytes()[:cut])
    video = FileVideo(path, skip_damaged=skip)
    assert same(video.frame(19), whole[19])
    if skip:
        assert all_same(list(video.frames(range(COUNT, 4, -1))), whole[19:4:-1])
        assert "all after" in video.damaged[-1]
        return
    with pytest.raises(DecodeError, match="its header says"):
        video.frame(20)
    came: list[VideoFrame] = []
    with pytest.raises(DecodeError, match=r"Frame 00020 .*its header says"):
        came.extend(video.frames(range(4, COUNT)))
    assert all_same(came, whole[4:20])
    with pytest.raises(DecodeError, match="its header says"):
        list(video.frames(range(COUNT, 4, -1)))


def test_a_recording_that_begins_anywhere(make_video: MakeVideo) -> None:
    path = case("a.ts", options=OPEN).make(make_video)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    data = path.read_bytes()
    cut = packets[5].pos // 188 * 188
    # Tables of the stream first, then from the middle of a group on.
    path.write_bytes(data[: 3 * 188] + data[cut:])
    video = FileVideo(path, skip_damaged=True)
    whole = {frame.index: frame for frame in video}
    assert 20 < len(whole) < COUNT
    assert all(same(video.frame(index), whole[index]) for index in sorted(whole, reverse=True))
