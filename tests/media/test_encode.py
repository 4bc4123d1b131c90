import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fakes.media_pictures import picture
from segue.errors import FormatError, OutputError, WriteError
from segue.media.encode import PRORES_4444, VP9_ALPHA, Encoding, VideoWriter
from segue.media.video import open_video

TIMES = [Fraction(n, 12_800) for n in (0, 512, 1024, 1537, 5000, 5001)]


def write(path: Path, size_hw: tuple[int, int] = (32, 48), times: list[Fraction] = TIMES) -> Path:
    with VideoWriter(path, size_hw, Fraction(25), Fraction(1, 12_800)) as writer:
        for index, time in enumerate(times):
            writer.write(picture(index, size_hw), time)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_times_and_pictures_survive(tmp_path: Path, suffix: str) -> None:
    frames = list(open_video(write(tmp_path / f"a{suffix}")))
    assert [frame.time for frame in frames] == TIMES
    for frame in frames:
        assert np.abs(frame.image.astype(int) - picture(frame.index)).mean() < 8
    assert os.listdir(tmp_path) == [f"a{suffix}"]


def test_matroska_keeps_milliseconds(tmp_path: Path) -> None:
    times = [Fraction(n, 1000) for n in (0, 40, 81, 300)]
    assert [frame.time for frame in open_video(write(tmp_path / "a.mkv", times=times))] == times


def test_a_late_start_is_kept(tmp_path: Path) -> None:
    times = [time + Fraction(7, 5) for time in TIMES]
    assert [frame.time for frame in open_video(write(tmp_path / "a.mp4", times=times))] == times


@pytest.mark.parametrize("size_hw", [(33, 49), (32, 49), (1, 1)])
def test_odd_sizes_grow_by_an_edge(tmp_path: Path, size_hw: tuple[int, int]) -> None:
    path = tmp_path / "a.mp4"
    image = np.full((*size_hw, 3), (180, 70, 40), np.uint8)
    with VideoWriter(path, size_hw, Fraction(25)) as writer:
        writer.write(image, Fraction(0))
    video = open_video(path)
    assert video.size_hw == tuple(side + side % 2 for side in size_hw)
    assert np.abs(next(iter(video)).image.astype(int) - image[0, 0]).max() <= 8


def test_same_frames_same_bytes(tmp_path: Path) -> None:
    first = write(tmp_path / "a.mp4", (120, 160)).read_bytes()
    assert write(tmp_path / "b.mp4", (120, 160)).read_bytes() == first


def test_times_that_stand_still_move_on(tmp_path: Path) -> None:
    stuck = [Fraction(0), Fraction(1, 25), Fraction(1, 25), Fraction(2, 25)]
    times = [frame.time for frame in open_video(write(tmp_path / "a.mp4", times=stuck))]
    assert times == [0, Fraction(1, 25), Fraction(1, 25) + Fraction(1, 12_800), Fraction(2, 25)]


def test_failure_leaves_a_playable_partial_file_and_the_old_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4")
    before = path.read_bytes()
    writer = VideoWriter(path, (32, 48), Fraction(25))

    def break_off() -> None:
        with writer:
            for index in range(3):
                writer.write(picture(index), Fraction(index, 25))
            raise KeyError("the model broke")

    with pytest.raises(KeyError):
        break_off()
    assert path.read_bytes() == before
    assert len(list(open_video(tmp_path / "a.mp4.partial"))) == 3


def test_an_unused_writer_is_no_trap(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", (32, 48), None):
        pass
    assert os.listdir(tmp_path) == []


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="absent"):
        VideoWriter(tmp_path / "absent" / "a.mp4", (32, 48), Fraction(25))
    with pytest.raises(OutputError, match=r"\.mp4"):
        VideoWriter(tmp_path / "a.xyz", (32, 48), Fraction(25))


@pytest.mark.parametrize(
    ("encoding", "name", "known"),
    [
        (VP9_ALPHA, "a.mp4", ".webm, .mkv"),
        (PRORES_4444, "a.mp4", ".mov"),
        (VP9_ALPHA, "a", ".webm"),
    ],
)
def test_there_is_no_transparency_in_mp4(
    tmp_path: Path, encoding: Encoding, name: str, known: str
) -> None:
    with pytest.raises(FormatError, match=f"has no transparency.*ends in {known}"):
        VideoWriter(tmp_path / name, (32, 48), Fraction(25), encoding=encoding)
    assert os.listdir(tmp_path) == []


def test_the_unfinished_file_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    partial = tmp_path / "scratch/half"
    with VideoWriter(tmp_path / "a.mp4", (32, 48), Fraction(25), partial=partial) as writer:
        writer.write(picture(0), Fraction(0))
        assert os.listdir(tmp_path / "scratch") == ["half"]
        assert not (tmp_path / "a.mp4").exists()
    assert sorted(os.listdir(tmp_path)) == ["a.mp4", "scratch"]
    assert os.listdir(tmp_path / "scratch") == []


def test_an_abandoned_file_is_gone(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", (32, 48), Fraction(25))
    writer.write(picture(0), Fraction(0))
    writer.abandon()
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, Linux only")
def test_full_disk_is_a_write_error(tmp_path: Path) -> None:
    (tmp_path / "a.mp4.partial").symlink_to("/dev/full")
    rng = np.random.default_rng(0)

    def fill() -> None:
        with VideoWriter(tmp_path / "a.mp4", (64, 64), Fraction(25)) as writer:
            for index in range(200):
                noise = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
                writer.write(noise, Fraction(index, 25))

    with pytest.raises(WriteError, match="No space left"):
        fill()
    assert not (tmp_path / "a.mp4").exists()
