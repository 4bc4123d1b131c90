"""Values of more than 8 bits: one stretch for the whole clip."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakes.media_pictures import picture
from segue.errors import DecodeError, VideoError
from segue.media.depth import SAMPLE_FRAMES, as_frame, find_stretch, spread
from segue.media.video import open_video


def write_deep(folder: Path, bits: int, suffix: str = ".tif", count: int = 3) -> Path:
    """The pictures 0, 1, ... at so many bits in files of 16; the last one is the brightest."""
    folder.mkdir()
    for index in range(count):
        values = picture(index).astype(np.uint32) * (2**bits - 1) // 255
        values = values.astype(np.uint16)
        cv2.imwrite(str(folder / f"{index}{suffix}"), values[:, :, ::-1])
    return folder


@pytest.mark.parametrize("suffix", [".tif", ".png"])
@pytest.mark.parametrize("bits", [10, 12, 16])
def test_low_bits_in_deep_files_are_stretched_and_said(
    tmp_path: Path, bits: int, suffix: str
) -> None:
    video = open_video(write_deep(tmp_path / "clip", bits, suffix))
    for frame in video:
        assert np.abs(frame.image.astype(int) - picture(frame.index)).max() <= 1
    doubts = video.description.doubts
    if bits == 16:
        assert doubts == ()
    else:
        assert f"between 0 and {2**bits - 1}, of 65535" in doubts[0]


def test_grey_files_are_stretched_by_one_factor(tmp_path: Path) -> None:
    for index, brightest in enumerate((300, 4000)):
        grey = np.full((20, 30), 100, np.uint16)
        grey[5:9, 5:9] = brightest
        Image.fromarray(grey).save(tmp_path / f"{index}.tif")
    first, second = (frame.image for frame in open_video(tmp_path))
    assert first[0, 0, 0] == second[0, 0, 0] == round(100 * 255 / 4095)
    assert second[6, 6].tolist() == [249, 249, 249]


def test_a_later_file_far_beyond_the_stretch_is_refused(tmp_path: Path) -> None:
    count = 2 * SAMPLE_FRAMES
    hidden = next(index for index in range(count) if index not in spread(count))
    for index in range(count):
        grey = np.full((8, 8), 60_000 if index == hidden else 1000, np.uint16)
        Image.fromarray(grey).save(tmp_path / f"{index:02d}.tif")
    with pytest.raises(DecodeError, match=rf"{hidden:02d}\.tif holds values up to 60000.*1023"):
        list(open_video(tmp_path))


def test_floats_are_read_from_0_to_1_or_by_their_bits() -> None:
    assert as_frame(np.full((2, 2), 0.5, np.float32)).tolist() == [[[128] * 3] * 2] * 2
    wide = np.array([[0, 255.0], [-3, np.nan]])
    assert as_frame(wide)[:, :, 0].tolist() == [[0, 255], [0, 0]]
    assert as_frame(np.array([[True, False]]))[0, :, 0].tolist() == [255, 0]


@given(st.integers(256, 65_535))
def test_the_stretch_never_cuts_and_never_leaves_half_the_range_empty(highest: int) -> None:
    stretch = find_stretch([np.array([[highest]], np.uint16)])
    assert stretch is not None
    assert highest <= stretch.white < 2 * highest + 1
    assert stretch.apply(np.array([highest], np.uint16))[0] >= 127


@given(st.integers(1, 500))
def test_samples_are_spread_over_the_clip(count: int) -> None:
    places = spread(count)
    assert places == sorted(set(places))
    assert places[0] == 0
    assert places[-1] == count - 1
    assert len(places) == min(count, SAMPLE_FRAMES)


def test_eight_bits_need_no_stretch() -> None:
    assert find_stretch([picture()]) is None
    with pytest.raises(VideoError, match=r"up to 900, but .* up to 1"):
        find_stretch([np.ones((2, 2), np.float32)]).apply(np.array([900.0]))


@pytest.mark.parametrize("pix_fmt", ["gray16le", "gbrp16le"])
@pytest.mark.parametrize("bits", [12, 16])
def test_low_bits_in_a_video_file(tmp_path: Path, pix_fmt: str, bits: int) -> None:
    path = tmp_path / "a.mkv"
    pictures = [picture(i) for i in range(4)]
    if pix_fmt == "gray16le":
        pictures = [np.repeat(p[:, :, :1], 3, axis=2) for p in pictures]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 32, 48, pix_fmt
        for image in pictures:
            deep = (image.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
            grey = pix_fmt == "gray16le"
            layout = "gray16le" if grey else "rgb48le"
            array = np.ascontiguousarray(deep[:, :, 0]) if grey else deep
            frame = av.VideoFrame.from_ndarray(array, format=layout).reformat(format=pix_fmt)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    video = open_video(path)
    for frame, image in zip(video, pictures, strict=True):
        assert np.abs(frame.image.astype(int) - image).max() <= 1
    assert bool(video.description.doubts) == (bits == 12)


def test_normalised_floats_are_refused() -> None:
    ramp = np.linspace(-1, 1, 40 * 60, dtype=np.float32).reshape(40, 60)
    for values in (ramp, ramp * 2.2 + 0.2):
        with pytest.raises(VideoError, match="Undo the normalisation"):
            open_video([values])
    overshoot = np.linspace(-0.02, 1, 40 * 60).reshape(40, 60)
    assert open_video([overshoot]).description.doubts == ()


def test_values_below_0_are_said() -> None:
    scan = np.linspace(-1000, 3000, 40 * 60).reshape(40, 60).astype(np.int16)
    assert "all below 0 become black" in open_video([scan]).description.doubts[0]
