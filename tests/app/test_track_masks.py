"""Masks as people give them, through the command line."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from fakes.scenes import SIZE_HW, scene
from segue.app.cli.main import main
from segue.media.masks import object_ids, read_mask, write_mask


@pytest.fixture
def truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """12 frames named from 00001, and a clip of them; the true labels."""
    monkeypatch.chdir(tmp_path)
    Path("frames").mkdir()
    pictures = scene(12)
    for index, (frame, _) in enumerate(pictures):
        Image.fromarray(frame).save(f"frames/{index + 1:05d}.png")
    with av.open("clip.mp4", "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width = (side // 2 * 2 for side in SIZE_HW)
        stream.pix_fmt, stream.codec_context.thread_count = "yuv420p", 1
        for frame, _ in pictures:
            even = np.ascontiguousarray(frame[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        container.mux(stream.encode())
    return [labels for _, labels in pictures]


def white(path: str, mask: np.ndarray) -> str:
    Image.fromarray((mask * 255).astype(np.uint8)).save(path)
    return path


def track(*words: str) -> int:
    return main(["track", *words, "--out", "out", "--model", "colour", "--no-overlay"])


def test_a_later_white_mask_of_another_object(truth: list[np.ndarray], capsys) -> None:
    a, b = white("a.png", truth[0] == 1), white("b.png", truth[6] == 2)
    assert track("frames", "--mask", a, "--mask", f"6={b}") == 2
    said = capsys.readouterr().err
    assert "--mask 6:1=b.png to correct object 1, or --mask 6:2=b.png to add object 2" in said
    assert not Path("out").exists()
    assert track("frames", "--mask", a, "--mask", f"6:2={b}") == 0
    assert object_ids(read_mask(Path("out/masks/00007.png")).labels) == [1, 2]


def test_a_later_white_mask_corrects_what_it_overlaps(truth: list[np.ndarray]) -> None:
    a, b = white("a.png", truth[0] == 1), white("b.png", truth[2] == 1)
    assert track("frames", "--mask", a, "--mask", f"2={b}") == 0
    labels = read_mask(Path("out/masks/00003.png")).labels
    assert object_ids(labels) == [1]
    assert (labels[truth[2] == 1] == 1).all()
    record = json.loads(Path("out/run.json").read_text())
    assert set(record["identity"]["masks"]) == {"0", "2"}


def test_a_frame_by_its_name(truth: list[np.ndarray]) -> None:
    write_mask("b.png", truth[5])
    assert track("frames", "--mask", "00006=b.png") == 0
    frames = json.loads(Path("out/tracks.json").read_text())["frames"]
    first = next(frame for frame in frames if frame["objects"])
    assert (first["name"], first["index"]) == ("00006", 5)


@pytest.mark.parametrize("source", ["frames", "clip.mp4"])
def test_a_mask_beyond_the_end_is_refused_before_the_work(
    truth: list[np.ndarray], capsys, source: str
) -> None:
    height, width = SIZE_HW if source == "frames" else (side // 2 * 2 for side in SIZE_HW)
    write_mask("a.png", truth[0][:height, :width])
    assert track(source, "--mask", "a.png", "--mask", "99=a.png") == 2
    assert "frames 0 to 11" in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_mask_off_by_rounding(truth: list[np.ndarray]) -> None:
    write_mask("a.png", truth[0][:, :-1])
    assert track("frames", "--mask", "a.png") == 0
    assert read_mask(Path("out/masks/00001.png")).labels.shape == SIZE_HW


def test_video_and_mask_swapped(truth: list[np.ndarray], capsys) -> None:
    write_mask("a.png", truth[0])
    np.save("a.npy", truth[0])
    for mask in ("a.png", "a.npy"):
        for place in ("clip.mp4", "0=clip.mp4"):
            assert track(mask, "--mask", place) == 2
            said = capsys.readouterr().err
            assert "VIDEO and MASK are swapped" in said
            assert f"segue track clip.mp4 --mask {mask}" in said


def test_from_track_to_evaluate(truth: list[np.ndarray], capsys) -> None:
    write_mask("a.png", truth[0])
    assert main(["track", "frames", "--mask", "a.png", "--out", "out", "--model", "g-colour"]) == 0
    assert Path("out/reuse.png").exists()
    for index, labels in enumerate(truth):
        Path("gt").mkdir(exist_ok=True)
        write_mask(f"gt/{index + 1:05d}.png", np.where(labels == 1, labels, 0))
    for protocol in ("folder", "davis2016"):
        capsys.readouterr()
        assert main(["evaluate", "out", "gt", "--protocol", protocol, "--json", "-"]) == 0
        assert json.loads(capsys.readouterr().out)["summary"]["J"] > 80


def test_masks_that_overlap(truth: list[np.ndarray], capsys: pytest.CaptureFixture[str]) -> None:
    big, small = truth[0] > 0, np.zeros(SIZE_HW, bool)
    small[:, :20] = True
    a, b = white("a.png", big), white("b.png", small)
    for first, second in ((a, b), (b, a)):
        words = ["--mask", first, "--mask", second, "--overwrite"]
        assert track("frames", *words) == 0
        said = capsys.readouterr().err
        assert f"overlap, and the later one wins: {second} is cut out of {first}" in said
        labels = read_mask(Path("out/masks/00001.png")).labels
        assert (labels[big & small] == 2).all()
        later = small if second == b else big
        assert (later == (labels == 2)).all()


def test_masks_side_by_side_are_no_doubt(
    truth: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = white("a.png", truth[2] == 1), np.zeros(SIZE_HW, bool)
    b[-10:, -10:] = True
    assert track("frames", "--mask", a, "--mask", white("b.png", b)) == 0
    assert "overlap" not in capsys.readouterr().err


def test_an_object_of_one_pixel(
    truth: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    labels = (truth[0] == 1).astype(np.uint8)
    labels[-1, -1] = 2
    write_mask("a.png", labels)
    words = ["--mask", "a.png", "--end", "3", "--out", "out", "--no-overlay", "backend=torch"]
    assert main(["track", "frames", *words]) == 0  # with segue-lite
    said = capsys.readouterr()
    assert "check      object 2: at most 64 pixels at the size that the model sees" in said.err
    assert read_mask(Path("out/masks/00001.png")).labels[-1, -1] == 2
    assert len(list(Path("out/masks").glob("*.png"))) == 3
    frames = json.loads(Path("out/tracks.json").read_text())["frames"]
    absent = [frame["objects"]["2"]["absent"] for frame in frames]
    assert absent[0] is False
    assert ("object 2: absent" in said.out) == all(absent[1:])


def test_three_hundred_objects(truth: list[np.ndarray], capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.zeros((120, 128, 3), np.uint8)).save("picture.png")
    cell = np.pad(np.ones((5, 7), np.uint16), ((0, 1), (0, 1)))
    ids = np.kron(np.arange(1, 321, dtype=np.uint16).reshape(20, 16), cell)
    for most, name in ((300, "many.png"), (254, "most.png")):
        Image.fromarray(np.where(ids > most, np.uint16(0), ids)).save(name)
    assert track("picture.png", "--mask", "many.png") == 2
    assert "many.png brings the masks to more than 254 objects" in capsys.readouterr().err
    assert not Path("out").exists()
    assert track("picture.png", "--mask", "most.png", "--dry-run") == 0
    assert "object 1, 2, 3, 4 and 250 more: at most 64 pixels" in capsys.readouterr().out


def test_a_still_picture_as_a_video(
    truth: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    write_mask("a.png", truth[0])
    assert track("frames/00001.png", "--mask", "a.png") == 0
    said = capsys.readouterr()
    assert "is a single picture: there is nothing to follow" in said.err
    assert "1 frame in" in said.out
    assert (read_mask(Path("out/masks/00001.png")).labels == truth[0]).all()
