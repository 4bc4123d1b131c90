"""Going on after damage: what is lost is named, what is left keeps its number and its time."""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from fakes.media_pictures import picture
from segue.errors import DecodeError, VideoError
from segue.media.frames import name_ranges
from segue.media.gaps import GapFinder
from segue.media.video import open_video

MakeVideo = Callable[..., Path]


def noise(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (32, 48, 3), dtype=np.uint8) for _ in range(count)]


def damage(path: Path, *numbers: int) -> None:
    """Spoil the packets with these numbers in the order of the file."""
    with av.open(str(path)) as container:
        packets = [bytes(p) for p in container.demux(video=0) if p.size]
    data = path.read_bytes()
    for packet in (packets[number] for number in numbers):
        data = data.replace(packet, b"\xff" * len(packet))
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("codec", "name", "options"),
    [
        ("mpeg4", "a.mp4", {"g": "1"}),
        ("libx264", "a.mkv", {"g": "1"}),
        ("libx264", "a.mp4", {"g": "4", "bf": "2"}),
        ("mjpeg", "a.avi", {}),
    ],
)
def test_what_comes_after_the_damage_is_there(
    make_video: MakeVideo, codec: str, name: str, options: dict[str, str]
) -> None:
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = make_video(name, noise(30), codec=codec, pix_fmt=pix_fmt, options=options)
    whole = list(open_video(path))
    damage(path, 10, 20)
    with pytest.raises(DecodeError, match="does not decode") as caught:
        list(open_video(path))
    assert "--skip-damaged" in caught.value.option

    video = open_video(path, skip_damaged=True)
    came = list(video)
    assert 20 <= len(came) < 30
    assert came[-1].index == 29
    for frame in came:
        assert frame.time == whole[frame.index].time
    lost = sorted(set(range(30)) - {frame.index for frame in came})
    assert video.damaged == name_ranges(lost)
    far = [f for f in came if options.get("g") == "1" or f.index < 8 or f.index > 26]
    for frame in far:  # not next to damage: the same pixels
        assert np.array_equal(frame.image, whole[frame.index].image)


def test_a_file_without_damage_is_the_same(make_video: MakeVideo) -> None:
    path = make_video(frames=noise(12), options={"bf": "2"})
    plain, skipping = open_video(path), open_video(path, skip_damaged=True)
    for one, other in zip(plain, skipping, strict=True):
        assert (one.index, one.time) == (other.index, other.time)
        assert np.array_equal(one.image, other.image)
    assert skipping.damaged == ()
    assert (plain.choices, skipping.choices) == ({}, {"skip_damaged": True})


def test_the_first_frame_may_be_the_damaged_one(make_video: MakeVideo) -> None:
    path = make_video("a.mov", [picture(i) for i in range(4)], codec="png", pix_fmt="rgb24")
    damage(path, 0)
    with pytest.raises(VideoError, match="cannot be used"):
        open_video(path)
    video = open_video(path, skip_damaged=True)
    assert [frame.index for frame in video] == [1, 2, 3]
    assert video.damaged == ("00000",)


def test_a_cut_off_file_ends_where_it_is_cut_and_says_so(make_video: MakeVideo) -> None:
    frames = [picture(i) for i in range(50)]
    path = make_video("a.mp4", frames, container_options={"movflags": "faststart"})
    with av.open(str(path)) as container:
        cut = [p for p in container.demux(video=0) if p.size][20].pos
    path.write_bytes(path.read_bytes()[:cut])
    video = open_video(path, skip_damaged=True)
    assert len(list(video)) == 20
    assert re.fullmatch(r"all after 0\.\d\d of 2\.00 s", video.damaged[-1])


def test_damaged_images(tmp_path: Path) -> None:
    for index in range(5):
        Image.fromarray(picture(index)).save(tmp_path / f"f{index}.png")
    for index in (0, 3):
        (tmp_path / f"f{index}.png").write_bytes(b"no picture")
    video = open_video(tmp_path, skip_damaged=True)
    assert [(f.index, f.name, f.time * 25) for f in video] == [
        (1, "f1", 1),
        (2, "f2", 2),
        (4, "f4", 4),
    ]
    assert video.damaged == ("f0", "f3")
    with pytest.raises(DecodeError) as caught:
        list(open_video([tmp_path / f"f{i}.png" for i in (1, 3)]))
    assert "--skip-damaged" in caught.value.option
    for index in (1, 2, 4):
        (tmp_path / f"f{index}.png").write_bytes(b"no picture")
    with pytest.raises(VideoError, match=r"f4\.png"):
        open_video(tmp_path, skip_damaged=True)


def test_ranges_in_words() -> None:
    assert name_ranges([]) == ()
    assert name_ranges([3, 7, 8, 9, 12]) == ("00003", "00007 to 00009", "00012")


def test_a_hole_in_a_transport_stream_is_said(make_video: MakeVideo) -> None:
    path = make_video("a.ts", noise(30), options={"g": "1"})
    data, packet = path.read_bytes(), 188
    begin = len(data) // 2 // packet * packet
    path.write_bytes(data[:begin] + data[begin + 5 * packet :])
    video = open_video(path, skip_damaged=True)
    assert 10 < len(list(video)) <= 30
    assert any(words.startswith("perhaps some near 000") for words in video.damaged)


@pytest.mark.parametrize("skip", [False, True])
def test_frames_that_a_matroska_file_lost_are_said(make_video: MakeVideo, skip: bool) -> None:
    times = [Fraction(index, 25) for index in range(30) if not 12 <= index < 17]
    video = open_video(make_video("a.mkv", noise(25), times=times), skip_damaged=skip)
    assert len(list(video)) == 25
    assert video.damaged == ("perhaps 5 between 00011 and 00012",)


def test_a_variable_rate_loses_no_frames() -> None:
    gaps = GapFinder(Fraction(25))
    for index, time in enumerate([0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 40, 41]):
        gaps.see(index, Fraction(time, 25))
    assert gaps.found == []
