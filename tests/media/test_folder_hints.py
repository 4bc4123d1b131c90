"""Folders given as a video that hold something else."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.media_pictures import picture
from segue.errors import MaskError, VideoError
from segue.media.mask_args import read_masks
from segue.media.masks import write_mask
from segue.media.video import open_video

MASK = np.zeros((48, 64), np.uint8)
MASK[10:30, 10:30] = 1


def frames(folder: Path, suffix: str, count: int = 3) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.fromarray(picture(index, (48, 64))).save(folder / f"f{index:03d}{suffix}")
    return folder


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("name", ["mask.png", "g000.png"])
def test_masks_among_frames_are_named(tmp_path: Path, suffix: str, name: str) -> None:
    write_mask(frames(tmp_path / "clip", suffix) / name, MASK)
    with pytest.raises(VideoError, match=f"clip holds 3 frames and 1 mask, such as {name}"):
        open_video(tmp_path / "clip")


def test_a_white_mask_among_grey_or_coloured_frames_is_named(tmp_path: Path) -> None:
    folder = frames(tmp_path / "clip", ".png")
    Image.fromarray(np.dstack([MASK * 255] * 3)).save(folder / "first_mask.png")
    with pytest.raises(VideoError, match=r"3 frames and 1 mask, such as first_mask\.png"):
        open_video(folder)


def test_the_pattern_for_the_frames_alone_is_shown(tmp_path: Path) -> None:
    folder = frames(tmp_path / "clip", ".jpg")
    for index in range(3):
        write_mask(folder / f"m{index}.png", MASK)
    with pytest.raises(VideoError, match=r"3 frames and 3 masks.*'.*clip/\*\.jpg'"):
        open_video(folder)
    assert open_video(f"{folder}/*.jpg").num_frames == 3


def test_frames_that_are_no_masks_are_left_alone(tmp_path: Path) -> None:
    folder = frames(tmp_path / "mixed", ".png")
    Image.fromarray(picture(9, (48, 64))).convert("L").save(folder / "grey.png")
    Image.fromarray(picture(8, (48, 64))).save(folder / "masked.png")
    assert open_video(folder).num_frames == 5
    masks = tmp_path / "masks"
    masks.mkdir()
    for index in range(2):
        write_mask(masks / f"mask{index}.png", MASK)
    assert open_video(masks).num_frames == 2


def test_a_data_set_is_told_from_a_folder(tmp_path: Path) -> None:
    frames(tmp_path / "set/JPEGImages/480p/goat", ".jpg")
    frames(tmp_path / "set/Annotations/480p/goat", ".png")
    with pytest.raises(VideoError, match=r"looks like a data set: .*JPEGImages/480p/goat\."):
        open_video(tmp_path / "set")
    frames(tmp_path / "other/inside", ".jpg")
    with pytest.raises(VideoError, match=r"folders with images: .*other/inside "):
        open_video(tmp_path / "other")
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoError, match="Give a folder of frames or a video file"):
        open_video(tmp_path / "empty")


def test_photos_where_masks_are_due(tmp_path: Path) -> None:
    folder = frames(tmp_path / "clip", ".jpg")
    with pytest.raises(MaskError, match=r"clip holds 3 JPEG photos, such as f000\.jpg.*frames"):
        read_masks(folder)
    write_mask(folder / "mask.png", MASK)
    with pytest.raises(MaskError, match="3 JPEG photos beside 1 other files"):
        read_masks(f"4={folder}")
