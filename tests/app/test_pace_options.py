import json
import os
from pathlib import Path

import pytest
from PIL import Image

from fakes.scenes import SIZE_HW, write_frames
from segue.app.cli import dials
from segue.app.cli.main import main
from segue.media.masks import write_mask
from segue.media.resize import DEFAULT_MAX_SIDE


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of 12 frames, and ``0.png``, the mask of object 1."""
    monkeypatch.chdir(tmp_path)
    truth = write_frames(Path("frames"), 12)
    write_mask(Path("0.png"), truth[0])
    return tmp_path


def track(*words: str, model: str = "g-colour", out: str = "out") -> int:
    command = ["track", "frames", "--mask", "0.png", "--out", out, "--model", model]
    return main([*command, "--no-overlay", *words])


def record(out: str = "out") -> dict:
    return json.loads(Path(out, "run.json").read_text())


def refused(capsys) -> str:
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("segue: error: ")
    return error


@pytest.mark.parametrize(
    ("words", "rate"),
    [
        (("--quality", "best"), 0.0),
        (("--quality", "balanced"), 0.7273),  # as the model's settings say
        (("--quality", "fast"), 0.7273),
        (("--quality", "best", "--reuse", "0"), 1.0),  # what is said by hand goes before
    ],
)
def test_presets_turn_the_gate(place: Path, words: tuple[str, ...], rate: float) -> None:
    assert track(*words) == 0
    assert record()["reuse"] == {"1": rate}


def test_presets_without_a_gate_leave_it_out(place: Path) -> None:
    assert track("--quality", "best", model="colour") == 0
    assert "reuse" not in record()


def test_the_fast_preset_shrinks_frames(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dials.QUALITY, "fast", dials.Preset(reuse=0.7, max_side=30))
    assert track("--quality", "fast") == 0
    assert record()["identity"]["max_side"] == 30
    assert track("--quality", "fast", "--max-side", "40", out="mine") == 0
    assert record("mine")["identity"]["max_side"] == 40


def test_an_unknown_preset(place: Path, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        track("--quality", "fastest")
    assert caught.value.code == 2
    assert "invalid choice: 'fastest'" in refused(capsys)


def test_a_pace_that_is_held_is_told(place: Path, capsys) -> None:
    assert track("--fps", "0.5") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("0.5 fps held, ")
    assert said[1].endswith("reached; frames: 100 % at 53x38 with reuse 0.75")
    assert record()["pace"]["levels"][0] == {"reuse": 0.75, "size_hw": [38, 53], "frames": 11}
    assert record()["identity"]["fps"] == 0.5


@pytest.mark.filterwarnings("default")
def test_a_pace_that_cannot_be_held_is_told_once_and_the_run_goes_on(place: Path, capsys) -> None:
    write_frames(Path("many"), 60)
    command = ["track", "many", "--mask", "0.png", "--out", "out", "--model", "g-colour"]
    assert main([*command, "--no-overlay", "--fps", "1e6"]) == 0
    captured = capsys.readouterr()
    assert "\nsegue: warning: 1e+06 frames per second cannot be held here" in captured.err
    assert captured.err.count("warning") == 1
    assert "1e+06 fps not held" in captured.out
    assert len(list(Path("out/masks").iterdir())) == 60
    with Image.open("out/masks/00059.png") as image:
        assert image.size == SIZE_HW[::-1]


def test_a_model_that_can_give_nothing_up_is_refused(place: Path, capsys) -> None:
    assert track("--fps", "25", model="colour") == 2
    error = capsys.readouterr().err
    assert "\nsegue: error: colour has no reuse gate that can be moved" in error
    assert error.endswith("Replace --fps by --max-side, or pass --model segue-lite.\n")
    assert not Path("out").exists()


def test_labels_can_be_paced_too(place: Path) -> None:
    command = ["label", "frames", "--model", "g-shade", "--out", "out", "--reuse", "0.7"]
    assert main([*command, "--fps", "0.5", "--ids", "cityscapes"]) == 0
    assert record()["pace"]["asked_fps"] == 0.5


def test_a_data_set_is_told_as_a_whole(place: Path, capsys) -> None:
    for name in ("dog", "cat"):
        truth = write_frames(Path("davis/JPEGImages/480p", name), 4)
        folder = Path("davis/Annotations/480p", name)
        folder.mkdir(parents=True)
        for index, labels in enumerate(truth):
            write_mask(folder / f"{index:05d}.png", labels)
    Path("davis/ImageSets/480p").mkdir(parents=True)
    Path("davis/ImageSets/480p/val.txt").write_text("dog\ncat\n")
    layout = ["--layout", "davis2016", "--root", "davis", "--split", "val"]
    assert main(["track", *layout, "--out", "o", "--model", "g-colour", "--fps", "0.5"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("0.5 fps held, ")
    report = json.loads(Path("o/_run/run.json").read_text())
    assert report["sequences"]["cat"]["pace"]["levels"][0]["frames"] == 3


@pytest.mark.parametrize("value", ["0", "-3", "nan", "inf", "fast", ""])
def test_no_other_pace_is_taken(place: Path, capsys, value: str) -> None:
    with pytest.raises(SystemExit) as caught:
        track(f"--fps={value}")
    assert caught.value.code == 2
    assert f"--fps: expected frames per second above 0, got {value!r}" in refused(capsys)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not tell")
def test_more_threads_than_processors_are_pointed_out(
    place: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0})
    assert track("--threads", "2") == 0
    error = capsys.readouterr().err
    assert error.startswith("segue: --threads 2, but there are 1 processors for this program.")
    assert record()["threads"] == 2
    assert track("--threads", "1", out="one") == 0
    assert "--threads" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--fps", "25", "--reuse", "off"), "--reuse off lets no frame be reused"),
        (("--fps", "25", "--reuse", "1"), "--reuse off lets no frame be reused"),
        (("--fps", "25", "--quality", "best"), "--quality best lets no frame be reused"),
        (("--fps", "25", "reuse.threshold=1"), "--reuse off lets no frame be reused"),
        (("--reuse", "0.5", "reuse.threshold=0.2"), "--reuse 0.5 and reuse.threshold=0.2 set the"),
        (("--seed", "5", "seed=3"), "--seed 5 and seed=3 are two seeds"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    place: Path, capsys, words: tuple[str, ...], sentence: str
) -> None:
    assert track(*words) == 2
    assert sentence in refused(capsys)
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("words", "sentence", "threshold", "side"),
    [
        (
            ("--quality", "best", "--reuse", "0.5"),
            "means --reuse off; --reuse 0.5 is used",
            0.5,
            None,
        ),
        (("--quality", "best", "reuse.threshold=0.5"), "--reuse 0.5 is used", 0.5, None),
        (("--quality", "fast", "--max-side", "0"), "means --max-side 480; --max-side 0 is", 0.7, 0),
        (
            ("--quality", "fast", "--reuse", "off"),
            "means --reuse 0.7; --reuse off is used",
            1.0,
            480,
        ),
        (("--fps", "1", "--reuse", "0.9"), "--fps goes before --reuse 0.9: while", 0.9, None),
        (("--fps", "1", "--max-side", "40"), "--fps goes before --max-side 40: while", None, 40),
    ],
)
def test_which_of_two_options_is_used_is_said(
    place: Path,
    capsys,
    words: tuple[str, ...],
    sentence: str,
    threshold: float | None,
    side: int | None,
) -> None:
    assert track(*words) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("check ")]
    assert len([line for line in lines if sentence in line]) == 1
    identity = record()["identity"]
    assert identity["settings"].get("reuse", {}).get("threshold") == threshold
    assert identity["max_side"] == side
    doubts = [line.removeprefix("check").strip() for line in lines]
    assert record()["understood"]["doubts"] == doubts


@pytest.mark.parametrize("words", [(), ("--quality", "fast"), ("--fps", "1"), ("--reuse", "off")])
def test_options_that_agree_raise_no_doubt(place: Path, capsys, words: tuple[str, ...]) -> None:
    assert track(*words) == 0
    assert "check" not in capsys.readouterr().err


def test_the_help_knows_the_default_size(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["track", "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert f"(0: all pixels; default: {DEFAULT_MAX_SIDE})" in words


def test_never_is_what_a_model_without_a_gate_does_anyway(place: Path) -> None:
    assert track("--reuse", "off", model="colour") == 0
    assert record()["identity"]["settings"] == {}


@pytest.mark.parametrize("value", ["-1", "1.5", "all", "", "²"])
def test_no_other_side_is_taken(place: Path, capsys, value: str) -> None:
    with pytest.raises(SystemExit):
        track(f"--max-side={value}")
    assert "--max-side: expected a whole number of pixels, or 0 for all" in refused(capsys)
