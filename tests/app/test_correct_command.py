"""``segue correct``: results are corrected in place, and are those of a run that knew the masks."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.scenes import write_frames
from segue.app.cli.main import main
from segue.inference.session.session import Session
from segue.media.masks import write_mask

NUM_FRAMES = 30


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    truth = write_frames(Path("frames"), NUM_FRAMES)
    write_mask(Path("0.png"), truth[0])
    write_mask(Path("6.png"), truth[6])
    write_mask(Path("fix.png"), np.roll(truth[20], 6, axis=0))
    return tmp_path


def track(out: str, *words: str) -> int:
    given = ["--mask", "0.png", "--mask", "6=6.png", *words]
    return main(["track", "frames", *given, "--out", out, "--model", "colour"])


def correct(*words: str) -> int:
    return main(["correct", "out", *words])


def files(out: str) -> dict[str, bytes]:
    paths = [path.relative_to(out) for path in Path(out).rglob("*") if path.is_file()]
    kept = [path for path in paths if path.parts[0] not in ("run.json", "_session")]
    return {str(path): (out / path).read_bytes() for path in kept}


def record() -> dict:
    return json.loads(Path("out/run.json").read_text())


def masks(out: str) -> dict[int, bytes]:
    return {int(path.stem): path.read_bytes() for path in Path(out, "masks").iterdir()}


def test_a_correction_is_a_run_that_knew_the_mask(place: Path, capsys) -> None:
    assert track("out") == 0
    before = masks("out")
    assert correct("--mask", "20=fix.png") == 0
    said = capsys.readouterr()
    told = record()
    assert f"{told['recomputed']} frames computed again" in said.out
    assert NUM_FRAMES - 20 <= told["recomputed"] <= NUM_FRAMES - 20 + 16
    assert told["complete"]
    assert "understood" in told
    assert track("whole", "--mask", "20=fix.png") == 0
    whole = masks("whole")
    found = masks("out")
    assert {i: found[i] for i in range(20)} == {i: before[i] for i in range(20)}
    assert {i: found[i] for i in range(20, 30)} == {i: whole[i] for i in range(20, 30)}
    assert files("out")["tracks.json"] == files("whole")["tracks.json"]
    assert files("out")["overlay.mp4"] == files("whole")["overlay.mp4"]
    # A second one goes on from there.
    assert correct("--mask", "25=6.png", "--until", "next-given") == 0
    after = masks("out")
    assert {i for i in after if after[i] != found[i]} <= set(range(21, 30))


def test_objects_are_forgotten_renamed_and_absent(place: Path, capsys) -> None:
    assert track("out") == 0
    assert correct("--absent", "1@9", "--forget", "2", "--rename", "1=5", "--check", "0:3") == 0
    for path in sorted(Path("out/masks").iterdir()):
        found = set(np.unique(np.asarray(Image.open(path))).tolist())
        assert found == ({0} if path.stem == "00009" else {0, 5})
    tracks = json.loads(Path("out/tracks.json").read_text())
    assert {number for frame in tracks["frames"] for number in frame["objects"]} == {"5"}
    assert record()["lost"]["5"][0]["first"] == "00009"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Nothing to correct"),
        (["--mask", "99=fix.png"], "has frames 0 to 29 only"),
        (["--mask", "5=small.png"], "12x10"),
        (["--forget", "9"], "There is no object 9. Known are: 1, 2"),
        (["--rename", "1=2"], "There is an object 2 already"),
        (["--mask", "5=none.png"], "none.png"),
        (["--absent", "1@99"], "has frames 0 to 29, but not 99"),
        (["--check", "40:50"], "has frames 0 to 29, but not 40 to 50"),
        # What can be made is not, if another one cannot.
        (
            ["--check", "0:3", "--mask", "20=fix.png", "--forget", "2", "--rename", "2=4"],
            "object 2",
        ),
    ],
)
def test_bad_input_is_one_sentence(place: Path, capsys, words: list[str], sentence: str) -> None:
    write_mask(Path("small.png"), np.ones((10, 12), np.uint8))
    assert track("out") == 0
    before = files("out")
    capsys.readouterr()
    assert correct(*words) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("segue: error: ")
    assert sentence in error
    assert files("out") == before
    with Session.open("out", _model()) as session:
        assert {type(edit).__name__ for edit in session.edits.items} == {"Give"}


def test_results_of_an_earlier_version_are_refused(place: Path, capsys) -> None:
    assert track("out") == 0
    for path in sorted(Path("out/_session").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    Path("out/_session").rmdir()
    assert correct("--mask", "5=fix.png") == 2
    assert "no results that this version of Segue can" in capsys.readouterr().err


def test_a_moved_video_is_named(place: Path, capsys) -> None:
    assert track("out") == 0
    Path("frames").rename("moved")
    assert correct("--mask", "5=fix.png") == 2
    assert "frames" in capsys.readouterr().err
    assert correct("--mask", "5=fix.png", "--video", "moved") == 0
    write_frames(Path("other"), NUM_FRAMES, seed=3)
    assert correct("--mask", "5=fix.png", "--video", "other") == 2
    assert "video.sha256 was" in capsys.readouterr().err


def test_two_processes_do_not_correct_one_result(place: Path, capsys) -> None:
    assert track("out") == 0
    with Session.open("out", _model()):
        assert correct("--mask", "5=fix.png") == 2
    assert f"Process {os.getpid()} is working on the results" in capsys.readouterr().err


def test_results_are_not_replaced_while_another_process_works_on_them(place: Path, capsys) -> None:
    assert track("out") == 0
    before = files("out")
    with Session.open("out", _model()):
        assert track("out", "--overwrite") == 2
    assert f"Process {os.getpid()} is working on the results" in capsys.readouterr().err
    assert files("out") == before
    assert track("out", "--overwrite") == 0


def test_what_cannot_be_corrected_says_why(place: Path, capsys) -> None:
    with Session("frames", _model(), folder="python") as session:
        session.give(0, session.video.frame(0).image[:, :, 0] // 200)
        session.run()
    Path("set/_run").mkdir(parents=True)
    Path("older/_resume").mkdir(parents=True)
    for out, sentence in (
        ("python", "made from Python"),
        ("set", "a whole data set"),
        ("older", "no results that this version of Segue can"),
    ):
        assert main(["correct", out, "--check", "0:1"]) == 2
        assert sentence in capsys.readouterr().err


def test_a_label_map_with_a_changed_bit_is_computed_again_and_said(place: Path, capsys) -> None:
    assert track("out") == 0
    before = files("out")
    path = Path("out/masks/00003.png")
    content = bytearray(path.read_bytes())
    content[-30] ^= 255
    path.write_bytes(content)
    assert correct("--check", "10:12") == 0
    assert "The label map of frame 00003 is gone or damaged" in capsys.readouterr().err
    assert files("out") == before


def test_tracking_backward_and_from_both_sides(place: Path) -> None:
    for direction, origins in (("backward", "none"), ("both", "forward")):
        assert track(direction, "--direction", direction) == 0
        told = json.loads(Path(direction, "run.json").read_text())
        assert (told["direction"], told["frames"], told["complete"]) == (direction, 30, True)
        with Session.open(direction, _model()) as session:
            assert session.store.records[29].origin == origins


def _model():
    from fakes.colour_model import ColourModel

    return ColourModel()
