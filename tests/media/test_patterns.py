from pathlib import Path

import pytest
from PIL import Image

from fakes.media_pictures import picture
from segue.errors import NotFoundError, VideoError
from segue.media.video import open_video


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    folder = tmp_path / "sh[1]"
    folder.mkdir()
    for name in ("00007", "00008", "00010", "100000", "s.0001", "s.0002", "x1", "x2", "x10"):
        Image.fromarray(picture()).save(folder / f"{name}.png")
    (folder / "notes.txt").write_text("no frame")
    return folder


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("%05d.png", ["00007", "00008", "00010", "100000"]),
        ("#####.png", ["00007", "00008", "00010", "100000"]),
        ("%06d.png", ["100000"]),
        ("s.%04d.png", ["s.0001", "s.0002"]),
        ("s.####.png", ["s.0001", "s.0002"]),
        ("x%d.png", ["x1", "x2", "x10"]),
        ("x#.png", ["x1", "x2", "x10"]),
    ],
)
def test_numbers_in_names(shots: Path, pattern: str, names: list[str]) -> None:
    video = open_video(f"{shots}/{pattern}")
    assert [frame.name for frame in video] == names
    assert video.name == "sh[1]"
    assert video.description.place == f"{shots}/{pattern}"


def test_the_folder_may_be_a_pattern_and_the_pattern_relative(
    shots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(list(open_video(f"{shots.parent}/sh*/%05d.png"))) == 4
    monkeypatch.chdir(shots)
    assert len(list(open_video("%05d.png"))) == 4
    assert len(list(open_video("####.png"))) == 4


def test_a_file_of_that_name_is_the_file(tmp_path: Path) -> None:
    Image.fromarray(picture()).save(tmp_path / "#1.png")
    Image.fromarray(picture()).save(tmp_path / "11.png")
    assert [frame.name for frame in open_video(tmp_path / "#1.png")] == ["#1"]


def test_what_matches_nothing_or_no_image(shots: Path) -> None:
    with pytest.raises(NotFoundError, match=r"'.*y%05d\.png' matches nothing"):
        open_video(f"{shots}/y%05d.png")
    with pytest.raises(NotFoundError, match=r"No folder .*absent"):
        open_video(f"{shots}/absent/%05d.png")
    for number in (1, 2):
        (shots / f"{number}.cr2").write_bytes(b"raw")
    with pytest.raises(NotFoundError, match=r"2 files, but no image \(2 \.cr2\).* \.exr "):
        open_video(f"{shots}/#.cr2")


def test_a_folder_without_images_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for number in range(3):
        (tmp_path / "raw" / f"{number}.cr2").write_bytes(b"raw")
    with pytest.raises(VideoError, match=r"only 3 \.cr2"):
        open_video(tmp_path / "raw")
    (tmp_path / "raw" / "clip.MP4").write_bytes(b"film")
    with pytest.raises(VideoError, match=r"holds no images, but videos\. .*raw/clip\.MP4"):
        open_video(tmp_path / "raw")
    (tmp_path / "set" / "frames").mkdir(parents=True)
    Image.fromarray(picture()).save(tmp_path / "set" / "frames" / "1.png")
    with pytest.raises(VideoError, match=r"folders with images: .*frames \(1\)"):
        open_video(tmp_path / "set")


def test_frames_and_masks_in_one_folder(tmp_path: Path) -> None:
    for index in range(3):
        Image.fromarray(picture(index)).save(tmp_path / f"{index}.jpg")
    Image.fromarray(picture()).save(tmp_path / "m0.png")
    assert "(3 .jpg, 1 .png)" in open_video(tmp_path).description.doubts[0]
    video = open_video(tmp_path, without=[tmp_path / "m0.png"])
    assert [frame.name for frame in video] == ["0", "1", "2"]
    assert video.description.doubts == ("Among the frames lies m0.png, which is left out.",)
    Image.fromarray(picture()).save(tmp_path / "0.png")
    with pytest.raises(VideoError, match=r"Two frames are named '0'.* like '.*\*\.jpg'"):
        open_video(tmp_path)
