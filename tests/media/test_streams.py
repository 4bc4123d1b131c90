"""Which video stream of a file is taken, how its pixels are shaped, and when it begins."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from fakes.media_pictures import picture
from segue.errors import VideoError
from segue.media.video import open_video


def write_streams(
    path: Path, streams: Sequence[tuple[tuple[int, int], int]], default: int | None = None
) -> Path:
    """A Matroska file with a stream of so many pictures of a size for each entry."""
    with av.open(str(path), "w") as container:
        made = []
        for number, (size_hw, count) in enumerate(streams):
            stream = container.add_stream("mjpeg" if count == 1 else "libx264", rate=25)
            stream.height, stream.width = size_hw
            stream.pix_fmt = "yuvj444p" if count == 1 else "yuv420p"
            flags = av.stream.Disposition
            stream.disposition = flags.default if number == default else flags(0)
            made.append((stream, size_hw, count))
        for stream, size_hw, count in made:
            for index in range(count):
                frame = av.VideoFrame.from_ndarray(picture(index, size_hw), format="rgb24")
                frame = frame.reformat(format=stream.pix_fmt)
                frame.pts, frame.time_base = index, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    return path


COVER, FILM, SMALL = ((96, 96), 1), ((32, 48), 8), ((24, 24), 8)


@pytest.mark.parametrize("default", [None, 0, 1])
@pytest.mark.parametrize("order", [(COVER, FILM), (FILM, COVER)])
def test_a_cover_is_never_taken_for_the_film(tmp_path: Path, order, default: int | None) -> None:
    video = open_video(write_streams(tmp_path / "a.mkv", order, default))
    assert video.size_hw == (32, 48)
    assert len(list(video)) == 8
    (doubt,) = video.description.doubts
    assert f"Stream {order.index(FILM)} is used" in doubt
    assert "mjpeg, 96x96" in doubt


@pytest.mark.parametrize("default", [0, 1])
def test_of_two_films_the_default_one_is_taken_and_said(tmp_path: Path, default: int) -> None:
    video = open_video(write_streams(tmp_path / "a.mkv", (FILM, SMALL), default))
    assert video.size_hw == (FILM, SMALL)[default][0]
    assert video.description.stream == f"video stream {default} of 0 to 1 (h264)"
    assert "0 (h264, 48x32), 1 (h264, 24x24)" in video.description.doubts[0]


def test_a_stream_by_its_number(tmp_path: Path) -> None:
    path = write_streams(tmp_path / "a.mkv", (FILM, SMALL, COVER))
    sizes = [open_video(path, stream=number).size_hw for number in range(3)]
    assert sizes == [(32, 48), (24, 24), (96, 96)]
    assert open_video(path, stream=1).choices == {"stream": 1}
    with pytest.raises(VideoError, match=r"no video stream 3; it has 0 .*, 2 \(mjpeg, 96x96\)"):
        open_video(path, stream=3)
    with pytest.raises(VideoError, match="Only video files have streams"):
        open_video([picture()], stream=0)


def test_a_single_stream_leaves_no_doubt(make_video: Callable[..., Path]) -> None:
    description = open_video(make_video()).description
    assert description.stream == "video stream (h264)"
    assert description.doubts == ()


@pytest.mark.parametrize(("degrees", "aspect"), [(0, Fraction(4, 3)), (90, Fraction(3, 4))])
def test_pixel_aspect(tmp_path: Path, degrees: int, aspect: Fraction) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        if degrees:
            stream.set_display_rotation(degrees)
        frame = av.VideoFrame.from_ndarray(picture(), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    video = open_video(path)
    assert video.description.pixel_aspect == aspect
    assert video.size_hw == ((48, 32) if degrees else (32, 48))  # pixels stay as stored


def test_a_late_start_stays_in_the_times(make_video: Callable[..., Path]) -> None:
    times = [1000 + Fraction(n, 25) for n in range(5)]
    video = open_video(make_video("a.ts", [picture(i) for i in range(5)], times=times))
    came = [frame.time for frame in video]
    assert video.description.start_time == came[0] >= 1000
    assert np.allclose(np.diff([float(t) for t in came]), 0.04)
