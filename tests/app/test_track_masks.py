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
