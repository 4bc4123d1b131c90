import gc
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakes.media_pictures import picture
from segue.errors import DecodeError, NotFoundError, VideoError
from segue.media.decoding import Source
from segue.media.video import VideoFrame, open_video

MakeVideo = Callable[..., Path]


def close(came: np.ndarray, expected: np.ndarray, tolerance: float = 4) -> bool:
    return bool(np.abs(came.astype(int) - expected.astype(int)).mean() < tolerance)


def read_until_error(path: Path) -> tuple[list[np.ndarray], DecodeError]:
    came: list[np.ndarray] = []
    with pytest.raises(DecodeError) as caught:
        came.extend(frame.image for frame in open_video(path))
    return came, caught.value


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "libx264", "yuv444p"),
        ("a.mkv", "libx264", "yuv420p10le"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.mkv", "ffv1", "bgra"),
        ("a.mkv", "libx264rgb", "rgb24"),
        ("a.mkv", "ffv1", "gray"),
    ],
)
def test_every_container_and_pixel_format(
    make_video: MakeVideo, name: str, codec: str, pix_fmt: str
) -> None:
    frames = [picture(i) for i in range(6)]
    if pix_fmt == "gray":
        frames = [np.repeat(f[:, :, :1], 3, axis=2) for f in frames]
    video = open_video(make_video(name, frames, codec=codec, pix_fmt=pix_fmt))
    came = list(video)
    assert video.size_hw == (32, 48)
    assert [frame.index for frame in came] == list(range(6))
    assert came[3].name == "00003"
    assert all(frame.image.flags["C_CONTIGUOUS"] for frame in came)
    assert all(close(c.image, f, 6) for c, f in zip(came, frames, strict=True))
    assert not close(came[0].image, frames[5], 2)


def test_gif(make_video: MakeVideo) -> None:
    path = make_video("a.gif", codec="gif", pix_fmt="rgb8")
    came = list(open_video(path))
    assert len(came) == 6
    assert close(came[2].image, picture(2), 25)
    assert came[2].time == Fraction(2, 25)


@pytest.mark.parametrize("size_hw", [(31, 47), (33, 50), (2, 2), (17, 130)])
def test_odd_sizes_keep_their_last_row_and_column(
    make_video: MakeVideo, size_hw: tuple[int, int]
) -> None:
    image = np.full((*size_hw, 3), (200, 60, 20), np.uint8)
    path = make_video("odd.mkv", [image], codec="ffv1", pix_fmt="yuv420p")
    video = open_video(path)
    came = next(iter(video)).image
    assert came.shape == image.shape
    assert np.abs(came.astype(int) - image).max() <= 4


def test_full_and_limited_range_agree(make_video: MakeVideo) -> None:
    ramp = np.repeat(np.linspace(0, 255, 48).astype(np.uint8)[None, :, None], 32, axis=0)
    ramp = np.repeat(ramp, 3, axis=2)
    for full in (False, True):
        path = make_video(f"r{full}.mkv", [ramp], options={"crf": "1"}, full_range=full)
        came = next(iter(open_video(path))).image.astype(int)
        assert np.abs(came - ramp).max() <= 6, full


def test_variable_frame_rate_times_are_exact(make_video: MakeVideo) -> None:
    times = [Fraction(n, 90_000) for n in (0, 3003, 3004, 10_000, 90_001, 200_000)]
    video = open_video(make_video(times=times))
    assert [frame.time for frame in video] == times
    assert all((time / video.time_base).denominator == 1 for time in times)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize(("degrees", "turns"), [(0, 0), (90, 1), (180, 2), (-90, 3)])
def test_display_matrix_is_applied(
    make_video: MakeVideo, degrees: int, turns: int, mirror: bool
) -> None:
    image = picture()
    video = open_video(make_video(frames=[image] * 2, rotation=(degrees, mirror)))
    expected = np.rot90(image, turns)  # both count counter-clockwise
    expected = expected[:, ::-1] if mirror else expected
    assert video.size_hw == expected.shape[:2]
    assert close(next(iter(video)).image, expected)


def test_alpha_is_composited_on_black(make_video: MakeVideo) -> None:
    rgba = np.dstack([picture(), np.full((32, 48), 255, np.uint8)])
    rgba[:, 24:, 3] = 0
    rgba[:, :8, 3] = 128
    came = next(iter(open_video(make_video("a.mkv", [rgba], codec="ffv1", pix_fmt="bgra")))).image
    assert not came[:, 24:].any()
    assert (came[:, 8:24] == rgba[:, 8:24, :3]).all()
    assert np.abs(came[:, :8].astype(float) - rgba[:, :8, :3] * (128 / 255)).max() <= 1


def test_iterating_twice_restarts(make_video: MakeVideo) -> None:
    video = open_video(make_video())
    iterator = iter(video)
    next(iterator)
    next(iterator)
    assert [frame.index for frame in video] == list(range(6))
    assert video.num_frames == 6
    assert video.frame_rate == 25
    assert video.name == "clip"


def test_memory_does_not_grow_with_length(make_video: MakeVideo) -> None:
    # 80 frames decoded, never more than a handful of arrays of a frame's size alive besides those of other tests.
    path = make_video(frames=[picture(i) for i in range(80)])
    gc.collect()
    others = [o for o in gc.get_objects() if type(o) is VideoFrame]  # held, so that none is counted
    for frame in open_video(path):
        if frame.index == 70:
            alive = [o for o in gc.get_objects() if type(o) is VideoFrame]
            assert len(alive) - len(others) <= 3


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_cut_off_file_gives_what_is_whole_then_names_the_frame(
    make_video: MakeVideo, name: str
) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (32, 48, 3), dtype=np.uint8) for _ in range(60)]
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    options = {"movflags": "faststart"} if name.endswith("mp4") else {}
    path = make_video(name, frames, codec=codec, container_options=options)
    whole = [frame.image for frame in open_video(path)]
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 4 // 10])
    came, caught = read_until_error(path)
    assert 5 < len(came) < 50
    assert f"Frame {len(came):05d} of {path} does not decode" in str(caught)
    assert caught.exit_code == 3
    assert all((c == w).all() for c, w in zip(came, whole, strict=False))


@pytest.mark.parametrize(("codec", "where"), [("libx264", 0), ("mpeg4", 0), ("mpeg4", 8)])
def test_damage_in_the_middle(make_video: MakeVideo, codec: str, where: int) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (32, 48, 3), dtype=np.uint8) for _ in range(40)]
    path = make_video("a.mp4", frames, codec=codec)
    whole = [frame.image for frame in open_video(path)]
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.pos is not None and p.size]
        start = packets[20].pos + where
    data = bytearray(path.read_bytes())
    data[start : start + 30] = b"\xff" * 30
    path.write_bytes(data)
    came, caught = read_until_error(path)
    assert 5 < len(came) < 35
    assert f"Frame {len(came):05d}" in str(caught)
    assert all((c == w).all() for c, w in zip(came, whole, strict=False))


def test_first_frame_that_does_not_decode_is_refused_at_once(make_video: MakeVideo) -> None:
    path = make_video("a.mov", [picture()] * 2, codec="png", pix_fmt="rgb24")
    data = path.read_bytes()
    start = data.index(b"IDAT") + 8
    path.write_bytes(data[:start] + bytes(60) + data[start + 60 :])
    with pytest.raises(VideoError, match="cannot be used") as caught:
        open_video(path)
    assert caught.value.exit_code == 2


def test_size_change_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "grows.h264"
    parts = []
    for size in ((32, 48), (48, 64)):
        part = tmp_path / "part.h264"
        with av.open(str(part), "w", format="h264") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.height, stream.width = size
            stream.pix_fmt = "yuv420p"
            for seed in range(3):
                frame = av.VideoFrame.from_ndarray(picture(seed, size), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        parts.append(part.read_bytes())
    path.write_bytes(b"".join(parts))
    came, caught = read_until_error(path)
    assert len(came) == 3
    assert "is 64x48, the ones before it 48x32" in str(caught)


def test_raw_stream_without_times_counts_frames(make_video: MakeVideo) -> None:
    video = open_video(make_video("raw.h264"))
    times = [frame.time for frame in video]
    assert len(times) == 6
    assert all(later > earlier for earlier, later in pairwise(times))


def test_what_is_no_video(tmp_path: Path, make_video: MakeVideo) -> None:
    with pytest.raises(NotFoundError, match=r"absent\.mp4"):
        open_video(tmp_path / "absent.mp4")
    for nothing in (None, 5):
        with pytest.raises(VideoError, match=f"got {type(nothing).__name__}"):
            open_video(nothing)
    with pytest.raises(NotFoundError, match="No file or folder"):
        open_video("")
    with pytest.raises(NotFoundError, match="matches nothing"):
        open_video(str(tmp_path / "*.jpg"))
    for name, content in {
        "a.mp4": b"not a video",
        "empty.mp4": b"",
        "a.txt": b"words\n" * 99,
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(VideoError, match=name):
            open_video(tmp_path / name)
    (tmp_path / "folder").mkdir()
    with pytest.raises(VideoError, match="holds no images"):
        open_video(tmp_path / "folder")


def test_audio_only(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(VideoError, match="no video stream, only: audio"):
        open_video(path)


def test_arrays(tmp_path: Path) -> None:
    frames = [picture(i) for i in range(3)]
    video = open_video(frames, frame_rate=10)
    assert video.num_frames == 3
    assert [(f.name, f.time) for f in video] == [(f"0000{i}", Fraction(i, 10)) for i in range(3)]
    assert len(list(video)) == 3
    assert len(list(open_video(np.stack(frames)))) == 3

    once = open_video(frame for frame in frames)
    assert [int(f.image.sum()) for f in once] == [int(f.sum()) for f in frames]
    with pytest.raises(VideoError, match="read already"):
        list(once)


def test_unfit_arrays() -> None:
    good = picture()
    for bad, says in [
        (good.astype(np.complex64), "complex64"),
        (good[0, :, 0], r"\(48,\)"),
        (np.zeros((4, 4, 5), np.uint8), r"\(4, 4, 5\)"),
        (good.transpose(2, 0, 1), r"\(3, 32, 48\). Channels come last"),
        (object(), "got object"),
    ]:
        with pytest.raises(VideoError, match=f"Frame 00000.*{says}"):
            open_video([bad])
        with pytest.raises(VideoError, match="Frame 00001"):
            list(open_video([good, bad]))
    with pytest.raises(VideoError, match="gave no frames"):
        open_video([])
    with pytest.raises(DecodeError, match=r"Frame 00001 has shape \(10, 10, 3\)"):
        list(open_video([good, good[:10, :10]]))
    with pytest.raises(
        VideoError, match="Frame 00001 holds float32 values, the ones before it uint8"
    ):
        list(open_video([good, good.astype(np.float32)]))
    with pytest.raises(VideoError, match="Frame 00001 holds values up to 240"):
        list(open_video(iter([good / 255, good.astype(float)])))
    with pytest.raises(NotFoundError, match="No image file text"):
        open_video(["text"])


def test_arrays_of_other_kinds_follow_the_rules_of_files() -> None:
    good = picture()
    deep = good.astype(np.uint16) * 16
    for arrays in ([good / 255], [good.astype(np.float32)], [deep], iter([deep])):
        came = next(iter(open_video(arrays))).image
        assert np.abs(came.astype(int) - good).max() <= 1
    grey = good[:, :, 0]
    for array in (grey, grey[:, :, None], grey > 100):
        came = open_video([array])[0].image
        expected = (grey > 100) * 255 if array.dtype == bool else grey
        assert (came == expected[:, :, None]).all()
    rgba = np.dstack([good, np.full((32, 48), 128, np.uint8)])
    assert np.abs(open_video([rgba])[0].image - good / 2).max() <= 1
    assert len(open_video(np.stack([grey, grey]))) == 2
    assert len(open_video(good)) == 1  # three columns are channels: one picture


def test_pictures_from_python(tmp_path: Path) -> None:
    images = [Image.fromarray(picture(i)) for i in range(3)]
    for index, image in enumerate(images):
        image.save(tmp_path / f"p{index}.png")
    paths = sorted(tmp_path.glob("*.png"))
    sources = [
        images,
        iter(images),
        paths,
        [str(path) for path in paths],
        (path for path in paths),
        dict(zip("abc", images, strict=True)),
        dict(zip("abc", paths, strict=True)),
        {0: paths[0], 1: images[1], 2: picture(2)},
        open_video(paths),
        (frame for frame in open_video(paths)),
    ]
    for source in sources:
        video = open_video(source)
        for frame in video:
            assert (frame.image == picture(frame.index)).all()
        assert frame.index == 2
    assert [frame.name for frame in open_video(sources[5])] == ["a", "b", "c"]
    assert open_video(sources[5]).frame_names == ("a", "b", "c")
    with pytest.raises(VideoError, match="'a/b' cannot name a frame"):
        open_video({"a/b": images[0]})


def test_length_and_index_where_they_are_known(make_video: MakeVideo, tmp_path: Path) -> None:
    frames = [picture(i) for i in range(6)]
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(tmp_path / f"{index}.png")
    for video in (open_video(frames), open_video(f"{tmp_path}/*.png")):
        assert len(video) == 6
        assert (video[4].image == frames[4]).all()
        assert (video[-1].index, video[-1].time) == (5, Fraction(5, 25))
        with pytest.raises(IndexError):
            video[6]
    file = open_video(make_video(frames=frames, options={"bf": "2"}))
    whole = list(file)
    assert (file[3].image == whole[3].image).all()
    assert file[3].time == whole[3].time
    for outside in (6, -1):
        with pytest.raises(IndexError, match=f"no frame {outside}"):
            file[outside]
    for unknown in (len, lambda video: video[0]):
        with pytest.raises(TypeError, match="iterator"):
            unknown(open_video(iter(frames)))


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_the_end_that_a_header_knows(make_video: MakeVideo, name: str) -> None:
    indices = open_video(make_video(name)).indices
    assert 5 in indices
    assert (6 in indices) == name.endswith("mkv")  # Matroska does not count frames


@pytest.mark.parametrize("lost", [1, 10])
def test_a_short_tail_may_miss_but_no_more(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    # Half a second, or a fiftieth of the whole: what muxers are wrong by; a tenth is a cut.
    frames = [picture(i) for i in range(100)]
    path = make_video("a.mkv", frames)
    said = Fraction(100, 25) + Fraction(lost, 25) * Fraction(8, 5)
    monkeypatch.setattr("segue.media.decoding.header_duration", lambda *_: said)
    if lost == 1:
        assert len(list(open_video(path))) == 100
    else:
        came, caught = read_until_error(path)
        assert len(came) == 100
        assert "its header says 4.64 s, data end at 4.00 s" in str(caught)
        assert "--skip-damaged" in caught.option


@given(st.integers(10, 100_000), st.sampled_from([None, 1, 25, 60]), st.integers(0, 100_000))
def test_what_may_miss_at_an_end(said: int, rate: int | None, missing: int) -> None:
    """In hundredths of seconds: half a second, two frames or a fiftieth of the whole, whatever is longest."""
    rates = None if rate is None else Fraction(rate)
    source = Source(Path("a.mkv"), 0, skip_damaged=False, frame_rate=rates)
    expected, end = Fraction(said, 100), Fraction(said - missing, 100)
    frames = 200 / rate if rate else 0
    assert source.missing_end(expected, end) == (missing > max(50, frames, said / 50))
    assert not source.missing_end(None, end)


def test_file_cut_between_two_packets(make_video: MakeVideo) -> None:
    frames = [picture(i) for i in range(50)]
    path = make_video("a.mp4", frames, container_options={"movflags": "faststart"})
    with av.open(str(path)) as container:
        packet = [p for p in container.demux(video=0) if p.size][20]
        cut = packet.pos
    path.write_bytes(path.read_bytes()[:cut])
    came, caught = read_until_error(path)
    assert len(came) == 20
    assert "its header says 2.00 s" in str(caught)


def test_the_estimate_of_matroska_begins_with_the_first_frame(make_video: MakeVideo) -> None:
    times = [500 + Fraction(index, 25) for index in range(6)]
    video = open_video(make_video("a.mkv", times=times))
    assert video.description.start_time == 500
    assert video.num_frames == 6
