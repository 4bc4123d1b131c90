from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakes.media_pictures import picture
from segue.errors import InputError, VideoError
from segue.media.container import FileVideo
from segue.media.span import parse_moment
from segue.media.video import open_video

FRAMES = [picture(i) for i in range(10)]


@given(
    st.integers(0, 9), st.one_of(st.none(), st.integers(0, 15)), st.integers(1, 4), st.booleans()
)
def test_a_span_takes_what_a_slice_takes(
    start: int, end: int | None, every: int, once: bool
) -> None:
    if end is not None and end <= start:
        with pytest.raises(InputError, match=f"ends at frame {end}, but begins at frame {start}"):
            open_video(FRAMES, start=start, end=end, every=every)
        return
    video = open_video(iter(FRAMES) if once else FRAMES, start=start, end=end, every=every)
    expected = range(10)[start:end:every]
    frames = list(video)
    assert [frame.index for frame in frames] == list(expected)
    assert [frame.time for frame in frames] == [Fraction(index, 25) for index in expected]
    assert [frame.name for frame in frames] == [f"{index:05d}" for index in expected]
    assert all(index in video.indices for index in expected)
    if not once:
        assert video.num_frames == len(expected)


@pytest.mark.parametrize("kind", ["file", "folder", "webp"])
def test_frames_keep_number_name_time_and_pixels(
    make_video: Callable[..., Path], tmp_path: Path, kind: str
) -> None:
    if kind == "file":
        source = make_video(frames=FRAMES, options={"bf": "2"})
    elif kind == "folder":
        source = tmp_path / "clip"
        source.mkdir()
        for index, frame in enumerate(FRAMES):
            Image.fromarray(frame).save(source / f"f{index}.png")
    else:
        source = tmp_path / "a.webp"
        first, *others = map(Image.fromarray, FRAMES)
        first.save(source, save_all=True, append_images=others, duration=40, lossless=True)
    whole = {frame.index: frame for frame in open_video(source)}
    for choice in ({"start": 3, "end": 8}, {"start": "0.12s", "end": "0:00.32"}):
        video = open_video(source, every=2, **choice)
        came = list(video)
        assert [frame.index for frame in came] == [3, 5, 7]
        assert video.description.start_time == whole[3].time
        assert video.description.place.endswith("frames 3 to 7, one of 2")
        for frame in came:
            same = whole[frame.index]
            assert (frame.name, frame.time) == (same.name, same.time)
            assert np.array_equal(frame.image, same.image)


def test_times_count_from_the_first_frame(make_video: Callable[..., Path]) -> None:
    times = [1000 + Fraction(n * n, 100) for n in range(10)]
    path = make_video("a.mp4", FRAMES, times=times)
    video = open_video(path, start="0.16s", end="0.50s")
    assert [frame.index for frame in video] == [4, 5, 6, 7]
    assert video.description.start_time == next(iter(video)).time


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mkv", "libx264"),
        ("a.ts", "libx264"),
        ("a.avi", "mpeg4"),
        ("a.webm", "libvpx-vp9"),
        ("a.h264", "libx264"),
        ("a.mpg", "mpeg2video"),
    ],
)
def test_packets_tell_the_times_of_the_frames(
    make_video: Callable[..., Path], name: str, codec: str
) -> None:
    options = {} if codec == "libvpx-vp9" else {"bf": "2"}
    video = FileVideo(make_video(name, FRAMES, codec=codec, options=options))
    frames = list(video)
    begin = frames[0].time
    assert video.description.start_time == begin
    for frame in frames:
        assert video.time_of(frame.index) == frame.time
        assert video.index_at(frame.time - begin) == frame.index
    assert [f.index for f in open_video(video, start=4, end=frames[7].index)] == [4, 5, 6]


def test_what_is_asked_for_is_part_of_the_choices(make_video: Callable[..., Path]) -> None:
    path = make_video(frames=FRAMES)
    assert open_video(path).choices == {}
    chosen = open_video(path, start="0.08s", every=3, skip_damaged=True).choices
    assert chosen == {"skip_damaged": True, "start": 2, "end": None, "every": 3}
    assert open_video(path, start=2).files == (path,)


def test_spans_that_are_none(make_video: Callable[..., Path]) -> None:
    for source in (make_video("a.mp4", FRAMES), make_video("a.mkv", FRAMES), FRAMES):
        with pytest.raises(InputError, match=r"begins at frame 10, but .* has only 10 frames"):
            open_video(source, start=10)
    with pytest.raises(VideoError, match="begins at frame 10"):
        list(open_video(iter(FRAMES), start=10))
    with pytest.raises(InputError, match="n from 1, got 0"):
        open_video(FRAMES, every=0)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("120", 120),
        (120, 120),
        ("2.5s", Fraction(5, 2)),
        ("90s", Fraction(90)),
        ("1:30", Fraction(90)),
        ("0:01:30.5", Fraction(181, 2)),
        ("2:00:00", Fraction(7200)),
    ],
)
def test_moments(text: str | int, moment: int | Fraction) -> None:
    came = parse_moment(text)
    assert came == moment
    assert type(came) is type(moment)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "s", "1:2:3:4", "12:30s", "two"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(InputError, match=r"frame number \(120\) or a time"):
        parse_moment(text)
