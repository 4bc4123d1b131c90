"""``--start``, ``--end``, ``--every``, ``--stream``, ``--skip-damaged``, and videos that are not plain."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from fakes.scenes import scene, write_frames
from segue.app.cli.main import main
from segue.media.masks import write_mask
from segue.media.video import open_video


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """A folder of 12 frames in the working folder, and the masks of all of them as ``<index>.png``."""
    monkeypatch.chdir(tmp_path)
    truth = write_frames(Path("frames"), 12)
    for index, labels in enumerate(truth):
        write_mask(Path(f"{index}.png"), labels)
    return truth


def track(source: str, *words: str) -> int:
    return main(["track", source, "--out", "out", "--model", "colour", *words])


def tracked() -> dict[str, int]:
    """Name and index of the frames in ``tracks.json``."""
    return {
        f["name"]: f["index"] for f in json.loads(Path("out/tracks.json").read_text())["frames"]
    }


def write_clip(path: Path, pixel_aspect: Fraction, begin: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 52, 38, "yuv420p"
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        for index, (picture, _) in enumerate(scene(6)):
            frame = av.VideoFrame.from_ndarray(picture[:, :52].copy(), format="rgb24")
            frame.pts, frame.time_base = 25 * begin + index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_a_span_keeps_numbers_and_names(place) -> None:
    assert (
        track("frames", "--start", "3", "--end", "0.40s", "--every", "3", "--mask", "3=3.png") == 0
    )
    assert tracked() == {"00003": 3, "00006": 6, "00009": 9}
    assert sorted(p.name for p in Path("out/masks").iterdir()) == [
        "00003.png",
        "00006.png",
        "00009.png",
    ]
    labels = np.asarray(Image.open("out/masks/00009.png"))
    assert ((labels == 1) == (place[9] == 1)).mean() > 0.95
    record = json.loads(Path("out/run.json").read_text())
    video = record["identity"]["video"]
    assert (video["start"], video["end"], video["every"]) == (3, 10, 3)
    overlay = list(open_video("out/overlay.mp4"))
    assert [frame.time for frame in overlay] == [0, Fraction(3, 25), Fraction(6, 25)]


def test_another_span_is_another_job(place, capsys) -> None:
    words = ("--mask", "0=0.png", "--no-overlay")
    assert track("frames", "--end", "8", *words) == 0
    assert track("frames", "--end", "9", "--resume", *words) == 2
    assert "video.end was 8, now is 9" in capsys.readouterr().err
    assert track("frames", "--end", "8", "--resume", *words) == 0


@pytest.mark.parametrize("source", ["frames", "a.mp4"])
def test_a_mask_without_a_frame_is_for_the_first_one_of_the_span(place, source: str) -> None:
    write_clip(Path("a.mp4"), Fraction(1), 0)
    width = open_video(source).size_hw[1]
    write_mask(Path("m.png"), place[3][:, :width])
    assert track(source, "--start", "3", "--mask", "m.png") == 0
    labels = np.asarray(Image.open("out/masks/00005.png"))
    assert ((labels == 1) == (place[5][:, :width] == 1)).mean() > 0.95


def test_a_mask_outside_the_span_is_refused_before_any_work(place, capsys) -> None:
    assert (
        track("frames", "--start", "3", "--end", "8", "--mask", "3=3.png", "--mask", "9=9.png") == 2
    )
    assert "frames 3 to 7, but there is a mask for frame 9" in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_mask_past_the_end_of_a_file_is_refused_before_any_work(place, capsys) -> None:
    write_clip(Path("a.mp4"), Fraction(1), 0)
    write_mask(Path("m.png"), place[0][:, :52])
    assert track("a.mp4", "--mask", "m.png", "--mask", "99=m.png") == 2
    assert "frames 0 to 5, but there is a mask for frame 99" in capsys.readouterr().err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--start", "soon"), "a frame number (120) or a time (2.5s, 1:30 or 0:01:30), got 'soon'"),
        (("--start", "8", "--end", "8"), "ends at frame 8, but begins at frame 8"),
        (("--start", "99"), "begins at frame 99"),
        (("--stream", "1"), "Only video files have streams"),
    ],
)
def test_what_cannot_be_done_is_said(place, capsys, words: tuple[str, ...], says: str) -> None:
    assert track("frames", "--mask", "0=0.png", *words) == 2
    assert says in capsys.readouterr().err
    assert not Path("out").exists()


def test_options_about_frames_are_not_for_data_sets(place, capsys) -> None:
    words = ["--layout", "davis2016", "--root", ".", "--every", "2", "--skip-damaged"]
    assert main(["track", "--out", "out", *words]) == 2
    assert "--skip-damaged, --every: only for one VIDEO" in capsys.readouterr().err


def test_damaged_frames_are_left_out_and_listed(place, capsys) -> None:
    Path("frames/00004.png").write_bytes(b"no picture")
    assert track("frames", "--mask", "0=0.png") == 3
    error = capsys.readouterr().err
    assert "00004.png is not a whole image" in error
    assert "--skip-damaged" in error
    assert track("frames", "--mask", "0=0.png", "--skip-damaged", "--overwrite") == 0
    assert "not in the file: 00004." in capsys.readouterr().err
    assert list(tracked().values()) == [0, 1, 2, 3, *range(5, 12)]
    assert json.loads(Path("out/run.json").read_text())["damaged"] == ["00004"]
    last = np.asarray(Image.open("out/masks/00011.png"))
    assert ((last == 1) == (place[11] == 1)).mean() > 0.95


def test_a_mask_of_a_damaged_frame_is_refused(place, capsys) -> None:
    Path("frames/00004.png").write_bytes(b"no picture")
    words = ("--mask", "0=0.png", "--mask", "4=4.png", "--skip-damaged")
    assert track("frames", *words) == 2
    assert "a mask for frame 4, but that frame does not decode" in capsys.readouterr().err
    assert list(tracked().values()) == [0, 1, 2, 3]


def test_a_mask_among_the_frames_is_no_frame(place) -> None:
    write_mask(Path("frames/m0.png"), place[0])
    assert track("frames", "--mask", "frames/m0.png") == 0
    assert len(tracked()) == 12
    assert "m0" not in tracked()


def test_an_overlay_begins_at_0_and_keeps_the_shape_of_the_pixels(place) -> None:
    write_clip(Path("a.ts"), Fraction(4, 3), 1000)
    write_mask(Path("m.png"), place[0][:, :52])
    assert track("a.ts", "--mask", "m.png") == 0
    times = [f["time"] for f in json.loads(Path("out/tracks.json").read_text())["frames"]]
    assert times[0] >= 1000
    overlay = open_video("out/overlay.mp4")
    assert [frame.time for frame in overlay] == [Fraction(n, 25) for n in range(6)]
    assert overlay.description.pixel_aspect == Fraction(4, 3)
    assert overlay.size_hw == (38, 52)


def test_labels_of_a_span(place) -> None:
    words = ["--out", "out", "--model", "shade", "--start", "2", "--end", "5", "--no-overlay"]
    assert main(["label", "frames", *words]) == 0
    assert sorted(p.stem for p in Path("out/labels").iterdir()) == ["00002", "00003", "00004"]
