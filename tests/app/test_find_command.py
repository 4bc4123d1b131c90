"""``segue find``, and ``segue track`` without a mask."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import segue.app.cli.find as find_command
import segue.app.cli.track as track_command
import segue.app.finding as finding
from fakes.scenes import scene, write_frames
from segue.app.cli.main import main
from segue.media.masks import read_mask, write_mask
from segue.media.video import open_video


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of 8 frames with object 1, and from frame 5 on object 2."""
    monkeypatch.chdir(tmp_path)
    write_frames(Path("frames"), 8)
    return tmp_path


def find(*words: str) -> int:
    return main(["find", "frames", "--model", "looker", "--looks", "4", "--out", "found", *words])


def track(*words: str, out: str = "out") -> int:
    known = ["--model", "colour", "--finder", "looker", "--looks", "4", "--threads", "1"]
    return main(["track", "frames", "--no-overlay", "--out", out, *known, *words])


def fit(path: str, truth: np.ndarray, number: int = 1) -> float:
    mask = np.asarray(Image.open(path)) == number
    return float((mask & truth).sum() / (mask | truth).sum())


def test_find(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert find("--threads", "1") == 0
    said = capsys.readouterr()
    assert "model      looker, looks at 4 frames" in said.err
    assert "object 1: score 0." in said.out
    assert "seen on 4 of 4 frames, surest on frame 0000" in said.out
    assert {path.name for path in Path("found").iterdir()} == {
        ".written.json",
        "found.json",
        "found.png",
        "masks",
    }
    assert sorted(path.stem for path in Path("found/masks").iterdir()) == [
        "00001",
        "00003",
        "00005",
        "00007",
    ]
    assert fit("found/masks/00005.png", scene(8)[5][1] == 1) > 0.8
    document = json.loads(Path("found/found.json").read_text())
    assert [item["id"] for item in document["objects"]] == [1, 2]
    assert document["made_with"]["looks"] == 4
    assert document["made_with"]["video"]["files"] == 8


def test_fewer_objects_and_json(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert find("--objects", "1", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["objects"]) == 1
    assert document["objects"][0]["seen"] == document["objects"][0]["of"] == 4
    assert set(np.unique(read_mask(Path("found/masks/00007.png")).labels)) == {0, 1}


def test_nothing_is_found(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert find("seen=[]") == 2
    said = capsys.readouterr().err
    assert "looker found no object in frames on the 4 frames that it looked at." in said
    assert "--mask FILE" in said
    assert not Path("found").exists()


def test_results_are_replaced_only_if_asked(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert find() == 0
    assert find("--objects", "1") == 2
    assert (
        "found already holds files. Give another folder. Or pass --overwrite"
        in capsys.readouterr().err
    )
    assert find("--objects", "1", "--overwrite") == 0
    assert len(json.loads(Path("found/found.json").read_text())["objects"]) == 1
    Path("found/mine.txt").write_text("mine")
    assert find("--overwrite") == 2
    assert "found/mine.txt is in the way" in capsys.readouterr().err
    assert Path("found/mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Give one VIDEO (got: none)."),
        (["a", "b"], "Give one VIDEO (got: a, b)."),
        (["nowhere"], "No file or folder nowhere."),
        (["frames", "--model", "colour"], "colour carries given objects and finds none by itself."),
        (["frames", "--model", "shade"], "names the class of every pixel"),
        (["frames", "--looks", "0"], "expected a whole number from 1, got '0'"),
    ],
)
def test_find_refuses(
    place: Path,
    words: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _code(words) == 2
    assert sentence in capsys.readouterr().err
    assert not Path("x").exists()


def test_what_can_be_read_only_once_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def opened(*words: object) -> Any:
        return open_video(frame for frame, _ in scene(3))

    for module in (find_command, track_command):
        monkeypatch.setattr(module, "open_source", opened)
    assert find() == 2
    assert "can be read only once, and to find objects" in capsys.readouterr().err
    assert track() == 2
    assert (
        "Record it, or give a mask of its first frame. Pass --mask FILE." in capsys.readouterr().err
    )


def _code(words: list[str]) -> int:
    try:
        return main(["find", *words, "--out", "x"])
    except SystemExit as end:
        return int(end.code or 0)


def test_frames_are_not_written_over(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["find", "frames", "--model", "looker", "--out", "frames"]) == 2
    assert "frames already holds files" in capsys.readouterr().err
    assert main(["find", "frames", "--model", "looker", "--out", ".", "--overwrite"]) == 2
    assert "frames/00000.png is read, but lies in ." in capsys.readouterr().err
    assert len(list(Path("frames").iterdir())) == 8


def test_track_finds_and_carries_the_best_both_ways(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert track() == 0
    said = capsys.readouterr()
    assert (
        "looker found 2 objects on 4 frames looked at; carried: the best 1 (--objects 2: all)"
        in said.err
    )
    assert "found      object 1: score 0." in said.err
    assert "direction  both" in said.err
    assert "out/found.png" in said.out
    for index, (_, truth) in enumerate(scene(8)):
        assert fit(f"out/masks/{index:05d}.png", truth == 1) > 0.7
    record = json.loads(Path("out/run.json").read_text())
    assert record["direction"] == "both"
    assert record["found"]["finder"] == "looker"
    assert len(record["found"]["objects"]) == 2
    (frame,) = record["identity"]["masks"]
    assert int(frame) == record["found"]["objects"][0]["surest_frame"]
    assert {"found.png", "found.json"} <= set(record["written"]["files"])
    tracks = json.loads(Path("out/tracks.json").read_text())
    assert "found by looker on frame" in json.dumps(tracks)


def test_several_objects(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert track("--objects", "3") == 0
    assert "looker found 2 objects on 4 frames looked at\n" in capsys.readouterr().err
    truth = scene(8)[7][1]
    assert fit("out/masks/00007.png", truth == 1) > 0.7
    assert fit("out/masks/00007.png", truth == 2, 2) > 0.7


def test_nothing_to_track(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (53, 38), (120, 120, 120)).save("plain.png")
    words = ["track", "plain.png", "--model", "colour", "--finder", "looker", "--out", "out"]
    assert main(words) == 2
    assert (
        "looker found no object in plain on the 1 frame that it looked at."
        in capsys.readouterr().err
    )
    assert not Path("out").exists()


def test_a_single_picture(place: Path) -> None:
    words = ["track", "frames/00000.png", "--model", "colour", "--finder", "looker", "--out", "out"]
    assert main(words) == 0
    assert fit("out/masks/00000.png", scene(1)[0][1] == 1) > 0.8


def test_a_dry_run_looks_at_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert track("--dry-run", "--objects", "2") == 0
    said = capsys.readouterr().out
    assert (
        "looker looks for objects on 4 frames at most, and the best 2 objects found are carried"
        in said
    )
    assert not Path("out").exists()


def test_resume_goes_on_with_what_was_found(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert track() == 0
    whole = {p.name: p.read_bytes() for p in Path("out/masks").iterdir()}
    assert track() == 2
    assert "already holds results" in capsys.readouterr().err

    def never(*args: object, **named: object) -> None:
        raise AssertionError("What was found is known.")

    monkeypatch.setattr(finding, "find", never)
    assert track("--resume") == 0
    assert "complete already" in capsys.readouterr().out
    Path("out/run.json").unlink()
    (Path("out/masks/00004.png")).unlink()
    assert track("--resume") == 0
    assert {p.name: p.read_bytes() for p in Path("out/masks").iterdir()} == whole
    assert track("--resume", "--dry-run") == 0
    assert "would be refused" not in capsys.readouterr().out


def test_resume_finds_again_where_that_got_lost(place: Path) -> None:
    assert track() == 0
    whole = {p.name: p.read_bytes() for p in Path("out/masks").iterdir()}
    Path("out/found.json").unlink()
    Path("out/run.json").unlink()
    assert track("--resume") == 0
    assert Path("out/found.json").is_file()
    assert {p.name: p.read_bytes() for p in Path("out/masks").iterdir()} == whole


def test_another_number_of_objects_is_another_job(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert track() == 0
    assert track("--resume", "--objects", "2") == 2
    assert "Cannot resume" in capsys.readouterr().err
    assert track("--overwrite", "--objects", "2") == 0


def test_given_masks_replace_what_was_found(place: Path) -> None:
    assert track() == 0
    write_mask(Path("0.png"), scene(1)[0][1])
    words = [
        "track",
        "frames",
        "--model",
        "colour",
        "--mask",
        "0.png",
        "--no-overlay",
        "--out",
        "out",
    ]
    assert main([*words, "--overwrite"]) == 0
    assert not Path("out/found.png").exists()
    assert not Path("out/found.json").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--mask", "0.png", "--find"], "Give either --find, or masks or clicks."),
        (
            ["--mask", "0.png", "--objects", "2"],
            "--objects: only where objects are found. Leave out the mask.",
        ),
        (
            ["--model", "finder", "--looks", "2"],
            "--looks: only where objects are found. Give --find too.",
        ),
        (["--finder", "colour"], "colour carries given objects and finds none by itself."),
    ],
)
def test_options_that_contradict_each_other(
    place: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_mask(Path("0.png"), scene(1)[0][1])
    assert main(["track", "frames", "--model", "colour", "--out", "out", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_a_model_that_finds_by_itself_carries_what_another_found(place: Path) -> None:
    assert track("--model", "finder", "--find") == 0
    assert json.loads(Path("out/run.json").read_text())["found"]["finder"] == "looker"
    words = ["track", "frames", "--model", "finder", "--no-overlay", "--out", "own"]
    assert main(words) == 0
    assert "found" not in json.loads(Path("own/run.json").read_text())
