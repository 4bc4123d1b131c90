"""Files of several pictures, and kinds of images that FFmpeg reads."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from fakes.media_pictures import picture
from segue.errors import DecodeError, VideoError
from segue.media.images import list_images, read_image
from segue.media.video import open_video

PICTURES = [Image.fromarray(picture(i)) for i in range(5)]


def save_all(path: Path, **options) -> Path:
    PICTURES[0].save(path, save_all=True, append_images=PICTURES[1:], **options)
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.webp", {"lossless": True}),
        ("a.png", {}),
        ("a.apng", {"format": "PNG"}),
        ("a.gif", {}),
        ("a.tif", {}),
    ],
)
def test_all_pictures_of_a_file_are_frames(tmp_path: Path, name: str, options) -> None:
    video = open_video(save_all(tmp_path / name, **options))
    frames = list(video)
    assert [frame.index for frame in frames] == list(range(5))
    tolerance = 25 if name == "a.gif" else 0
    for frame in frames:
        assert np.abs(frame.image.astype(int) - picture(frame.index)).mean() <= tolerance
    assert (video[3].image == frames[3].image).all()
    assert len(list(video)) == 5


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.gif"])
def test_times_of_an_animation(tmp_path: Path, name: str) -> None:
    durations = [100, 40, 200, 40, 100]
    video = open_video(save_all(tmp_path / name, duration=durations))
    times = [frame.time for frame in video]
    assert times == [Fraction(sum(durations[:i]), 1000) for i in range(5)]
    assert all((time / video.time_base).denominator == 1 for time in times)


def test_pages_of_a_tiff_have_the_given_rate_and_one_stretch(tmp_path: Path) -> None:
    pages = [Image.fromarray(np.full((20, 30), value, np.uint16)) for value in (100, 1000, 4000)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    video = open_video(tmp_path / "stack.tif", frame_rate=Fraction(10))
    assert [int(f.image[0, 0, 0]) for f in video] == [
        round(v * 255 / 4095) for v in (100, 1000, 4000)
    ]
    assert [f.time for f in video] == [0, Fraction(1, 10), Fraction(2, 10)]
    assert len(video) == 3
    assert "between 0 and 4095" in video.description.doubts[0]


def test_a_smaller_copy_inside_a_tiff_is_no_frame(tmp_path: Path) -> None:
    small = PICTURES[0].resize((12, 8))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    PICTURES[0].save(tmp_path / "a.tif", save_all=True, append_images=[small])
    assert len(list(open_video(tmp_path / "a.tif"))) == 1


@pytest.mark.parametrize("name", ["a.gif", "a.png"])
def test_an_animation_cut_off_gives_what_is_whole(tmp_path: Path, name: str) -> None:
    path = save_all(tmp_path / name, duration=40)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 9 // 10])
    came = iter(open_video(path))
    assert np.abs(next(came).image.astype(int) - picture(0)).mean() < 25
    with pytest.raises(DecodeError, match=rf"Frame 0000\d of .*{name} does not decode"):
        list(came)


def test_a_stack_in_a_folder_of_frames_is_said(tmp_path: Path) -> None:
    save_all(tmp_path / "1.tif")
    PICTURES[0].save(tmp_path / "2.tif")
    assert "1.tif holds 5 pictures" in open_video(tmp_path).description.doubts[0]


def write_still(path: Path, codec: str, pix_fmt: str, image: np.ndarray) -> None:
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = pix_fmt
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pix_fmt)
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.mark.parametrize(
    ("suffix", "codec", "pix_fmt"),
    [("dpx", "dpx", "gbrp10le"), ("jp2", "jpeg2000", "rgb24"), ("sgi", "sgi", "rgb24")],
)
def test_folders_of_what_ffmpeg_reads(
    tmp_path: Path, suffix: str, codec: str, pix_fmt: str
) -> None:
    for index in range(3):
        write_still(tmp_path / f"s.{index:04d}.{suffix}", codec, pix_fmt, picture(index))
    video = open_video(tmp_path)
    assert [frame.name for frame in video] == ["s.0000", "s.0001", "s.0002"]
    for frame in video:
        assert np.abs(frame.image.astype(int) - picture(frame.index)).mean() < 6
    assert len(list(open_video(f"{tmp_path}/s.####.{suffix}"))) == 3


def test_exr_holds_linear_light(tmp_path: Path) -> None:
    # FFmpeg writes the numbers as they are: 55 / 255 = 0.2157 is linear light for sRGB 128.
    write_still(
        tmp_path / "a.exr", "exr", "gbrpf32le", np.full((32, 48, 3), (55, 255, 0), np.uint8)
    )
    video = open_video(tmp_path / "a.exr")
    assert np.abs(video[0].image[4, 4].astype(int) - (128, 255, 0)).max() <= 1
    assert video.description.colour == "linear light, shown as sRGB"


def test_other_kinds_that_pillow_reads(tmp_path: Path) -> None:
    names = ["1.tga", "2.ppm", "3.jp2", "4.avif", "5.sgi"]
    for name in names:
        PICTURES[0].save(tmp_path / name)
        assert np.abs(read_image(tmp_path / name).astype(int) - picture()).mean() < 8, name
    assert [path.name for path in list_images(tmp_path)] == names


def test_an_exr_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.exr").write_bytes(b"no picture")
    with pytest.raises(VideoError, match=r"a\.exr is not a whole image"):
        open_video(tmp_path / "a.exr")


def test_jpeg_2000_of_16_bits_has_one_scale(tmp_path: Path) -> None:
    pictures = [np.tile(picture(index), (2, 2, 1)).astype(np.uint16) for index in range(6)]
    for index, values in enumerate(pictures):
        lossless = [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000]
        cv2.imwrite(str(tmp_path / f"{index}.jp2"), values[..., ::-1] * 16, lossless)
    for frame in open_video(tmp_path):
        assert np.abs(frame.image.astype(int) - pictures[frame.index]).mean() < 6


def test_a_stack_with_a_page_of_another_size_is_refused_before_the_work(tmp_path: Path) -> None:
    pages = [Image.fromarray(picture(index)) for index in range(4)]
    pages[2] = pages[2].resize((20, 10))
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(VideoError, match=r"Page 2 of .*a\.tif is 20x10"):
        open_video(tmp_path / "a.tif")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Truncated", "ignore:Metadata")
def test_a_stack_cut_off_behind_its_first_pages_is_said(tmp_path: Path) -> None:
    pages = [Image.fromarray(picture(index)) for index in range(4)]
    pages[0].save(tmp_path / "whole.tif", save_all=True, append_images=pages[1:])
    data = (tmp_path / "whole.tif").read_bytes()
    for length in range(len(data) // 2, len(data), 97):
        (tmp_path / "a.tif").write_bytes(data[:length])
        with pytest.raises((VideoError, DecodeError), match=r"a\.tif"):
            list(open_video(tmp_path / "a.tif"))


def test_values_beyond_the_stretch_name_the_frame_of_a_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 32, 48, "gray16le"
        for index in range(20):
            values = np.full((32, 48), 60_000 if index == 18 else 900, np.uint16)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(values, format="gray16le")))
        container.mux(stream.encode())
    with pytest.raises(DecodeError, match=r"Frame 00018 of .*a\.mkv holds values up to 60000"):
        list(open_video(tmp_path / "a.mkv"))
