import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakes.media_pictures import picture
from segue.errors import DecodeError, VideoError
from segue.media.images import list_images, natural_key, read_image
from segue.media.video import open_video


def save(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for seed, name in enumerate(names):
        Image.fromarray(picture(seed)).save(folder / name)
    return folder


@given(st.lists(st.integers(0, 10**6), unique=True), st.sampled_from(["", "f", "img_", "a1b"]))
def test_numbers_sort_by_value_whatever_the_padding(numbers: list[int], prefix: str) -> None:
    names = [f"{prefix}{number:0{random.Random(number).randint(1, 8)}d}.jpg" for number in numbers]
    came = sorted(names, key=natural_key)
    assert [int(name.removeprefix(prefix)[:-4]) for name in came] == sorted(numbers)


@given(st.lists(st.text(max_size=8), unique=True))
def test_natural_order_is_total_for_any_names(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)
    assert len({repr(natural_key(name)) for name in names}) == len(names)


def test_folder_in_natural_order_with_times(tmp_path: Path) -> None:
    folder = save(tmp_path / "clip", "f2.png", "f10.bmp", "F1.tiff", ".hidden.png")
    (folder / "notes.txt").write_text("no frame")
    video = open_video(folder)
    frames = list(video)
    assert [frame.name for frame in frames] == ["F1", "f2", "f10"]
    assert [frame.time for frame in frames] == [0, Fraction(1, 25), Fraction(2, 25)]
    assert (frames[1].image == picture(0)).all()
    assert (video.name, video.num_frames, video.size_hw) == ("clip", 3, (32, 48))
    assert video.frame_names == ("F1", "f2", "f10")
    assert len(list(video)) == 3


def test_pattern_and_single_image(tmp_path: Path) -> None:
    folder = save(tmp_path / "clip", "1.png", "1.bmp", "2.bmp")
    assert [frame.name for frame in open_video(f"{folder}/*.bmp")] == ["1", "2"]
    assert len(list(open_video(folder / "1.png"))) == 1
    with pytest.raises(VideoError, match="Two frames are named '1'"):
        open_video(folder)


def test_folder_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    assert len(list(open_video(save(tmp_path / "clip[1]", "1.png")))) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, orientation: int) -> None:
    upright = picture()
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(undo(upright))).save(tmp_path / "a.png", exif=exif)
    Image.fromarray(upright).save(tmp_path / "b.png")
    video = open_video(tmp_path)  # the size check must look at upright sizes
    assert all((frame.image == upright).all() for frame in video)


def test_sixteen_bits_alpha_and_grey(tmp_path: Path) -> None:
    grey = np.arange(0, 65_536, 256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert (read_image(tmp_path / "a.png")[:, :, 1] == grey // 257).all()

    rgba = np.full((4, 4, 4), (200, 100, 50, 255), np.uint8)
    rgba[0, :, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "b.png")
    came = read_image(tmp_path / "b.png")
    assert not came[0].any()
    assert (came[1] == (200, 100, 50)).all()


def test_mixed_sizes_are_refused_up_front(tmp_path: Path) -> None:
    folder = save(tmp_path / "clip", "1.png", "2.png")
    Image.fromarray(picture(0, (20, 30))).save(folder / "3.png")
    with pytest.raises(VideoError, match=r"1\.png is 48x32, .*3\.png is 30x20"):
        open_video(folder)


def test_damaged_image_in_the_middle(tmp_path: Path) -> None:
    folder = save(tmp_path / "clip", "1.jpg", "2.jpg", "3.jpg")
    data = (folder / "2.jpg").read_bytes()
    (folder / "2.jpg").write_bytes(data[: len(data) // 2])
    frames = iter(open_video(folder))
    assert next(frames).name == "1"
    with pytest.raises(DecodeError, match=r"Frame 2 .*2\.jpg"):
        next(frames)

    (folder / "2.jpg").write_bytes(b"")
    with pytest.raises(DecodeError, match="Frame 2 "):
        list(open_video(folder))

    (folder / "1.jpg").write_bytes(b"")
    with pytest.raises(VideoError, match=r"1\.jpg") as caught:
        open_video(folder)
    assert not isinstance(caught.value, DecodeError)


def test_list_images_knows_every_suffix(tmp_path: Path) -> None:
    names = ["1.jpg", "2.JPEG", "3.Png", "4.webp", "5.bmp", "6.tif", "7.tiff"]
    assert [path.name for path in list_images(save(tmp_path, *names))] == names


def test_two_sequences_in_one_folder_are_a_doubt(tmp_path: Path) -> None:
    save(tmp_path / "two", "shot1.png", "shot2.png", "other1.png", "other2.png")
    (doubt,) = open_video(tmp_path / "two").description.doubts
    assert "2 'other#', 2 'shot#'" in doubt
    save(tmp_path / "one", "cover.png", "f1.png", "f2.png")
    assert open_video(tmp_path / "one").description.doubts == ()
