from pathlib import Path

import cv2
import numpy as np
import pytest

import segue.models.click.build as click_build
from fakes.clickers import ColourClicker, untrained_weights
from segue.app.cli.main import main
from segue.media.label_file import read_label_values
from segue.media.masks import write_mask


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture and a folder of three, in which things have one colour each, and a model that knows colours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(click_build, "load_click_model", lambda **named: ColourClicker())
    Path("frames").mkdir()
    for i in range(3):
        picture = np.zeros((60, 96, 3), np.uint8)
        picture[10:30, 10 + i : 40 + i] = (200, 0, 0)
        picture[10:30, 60:90] = (0, 200, 0)
        picture[40:56, 5:91] = (0, 0, 200)
        cv2.imwrite(f"frames/{i:05d}.png", picture)
    cv2.imwrite("photo.png", picture)
    return tmp_path


def labels(path: str = "mask.png") -> np.ndarray:
    return read_label_values(Path(path))


def test_clicks_on_a_picture(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mask", "photo.png", "--click", "20,20", "--out", "mask.png"]) == 0
    assert labels().sum() == 20 * 30
    assert "mask.png: object 1 with 600 pixels (10.4%)." in capsys.readouterr().out


def test_a_frame_of_a_video_several_objects_and_pixels_outside(workplace: Path) -> None:
    words = "mask frames --frame 1 --click 20,20 --click 2:70,20 --click 2:20,45 --click 2:-30,50"
    assert main([*words.split(), "--out", "mask.png"]) == 0
    found = labels()
    assert (found[10:30, 11:41] == 1).all()
    assert (found[10:30, 60:90] == 2).all()
    assert (found == 2).sum() == 20 * 30 + 1, (
        "the last click took the blue part out again, but for the pixel that is in"
    )


def test_a_minus_stands_before_x(workplace: Path) -> None:
    words = ["mask", "photo.png", "--box", "0,0,96,60", "--click", "-20,20"]
    assert main([*words, "--out", "mask.png"]) == 0
    assert not labels()[20, 20]
    assert labels()[20, 70]


def test_scribbles_and_masks_to_correct(workplace: Path) -> None:
    before = np.zeros((60, 96), np.uint8)
    before[0:5, 0:5] = 3
    write_mask("before.png", before)
    words = [
        "mask",
        "photo.png",
        "--mask",
        "before.png",
        "--scribble",
        "20,20;30,20",
        "--click",
        "20,20",
    ]
    assert main([*words, "--out", "mask.png"]) == 0
    assert set(np.unique(labels())) == {0, 1, 3}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--click 99,20", "The point 99,20 lies outside the frame, which has columns 0 to 95"),
        ("--click 20,20 --click -20,20", "contradict each other: 20,20 is both in and out"),
        ("--box 20,20,20,50", "The box 20,20,20,50 has no area"),
        ("--box 20,20,50", "expected left, top, right, bottom"),
        ("--box 1,1,5,5 --box 2,2,6,6", "Object 1 has two boxes"),
        ("--click 300:20,20", "ids of objects go from 1 to 254, got 300"),
        ("--click 0:20,20", "ids of objects go from 1 to 254, got 0"),
        ("--click 20", "expected X,Y such as 120,80"),
        ("--click here", "expected X,Y such as 120,80"),
        ("--scribble 20,20", "expected two or more points"),
        ("--click 1:20,20 --click 2:20,20", "Objects 1 and 2 both claim the pixel 20,20"),
        ("", "Nothing was pointed at"),
        ("--click 20,20 --frame 7", "is one picture; --frame 7 is for a video"),
        ("--click 20,20 --mask none.png", "No mask file none.png"),
        ("--click 20,20 --mask frames", "--mask frames is a folder"),
        ("--click 20,20 --click -20.9,20.9", "contradict each other: 20,20 is both in and out"),
        ("--click -20,20", "Nothing was found for object 1. Click on it."),
        (
            " ".join(f"--click {n}:{n % 96},{n // 96}" for n in range(1, 301)),
            "from 1 to 254, got 255",
        ),
    ],
)
def test_what_is_wrong_is_said(
    workplace: Path, capsys: pytest.CaptureFixture[str], words: str, sentence: str
) -> None:
    assert main(["mask", "photo.png", *words.split(), "--out", "mask.png"]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not Path("mask.png").exists()


def test_the_picture_and_the_frames_stay(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path("photo.png").read_bytes()
    words = ["--click", "20,20", "--out"]
    assert main(["mask", "photo.png", *words, "../" + workplace.name + "/photo.png"]) == 2
    assert "photo.png is the picture itself" in capsys.readouterr().err
    assert Path("photo.png").read_bytes() == before
    assert main(["mask", "frames", *words, "frames/mask.png"]) == 2
    assert "lies among the frames in frames" in capsys.readouterr().err
    assert len(list(Path("frames").iterdir())) == 3


def test_no_threads_are_too_few(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["mask", "photo.png", "--click", "20,20", "--threads", "0", "--out", "m.png"])
    assert "expected a whole number from 1, got '0'" in capsys.readouterr().err


def test_a_frame_that_is_not_there(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mask", "frames", "--frame", "7", "--click", "2,2", "--out", "mask.png"]) == 2
    assert "frames has no frame 7; frames are numbered from 0" in capsys.readouterr().err
    assert main(["mask", "none.mp4", "--click", "2,2", "--out", "mask.png"]) == 2


def test_tracking_in_one_go(workplace: Path) -> None:
    words = ["track", "frames", "--click", "20,20", "--box", "2:55,5,95,35", "--out", "out"]
    assert main([*words, "--no-overlay"]) == 0
    first = labels("out/masks/00000.png")
    assert (first[10:30, 10:40] == 1).all()
    assert (first == 2).sum() == 20 * 30
    assert len(list(Path("out/masks").glob("*.png"))) == 3


@pytest.mark.parametrize("option", ["--frame", "--click-frame"])
def test_pointing_at_a_later_frame(workplace: Path, option: str) -> None:
    words = ["track", "frames", "--click", "20,20", option, "1", "--out", "out"]
    assert main([*words, "--no-overlay"]) == 0
    assert not labels("out/masks/00000.png").any()
    assert (labels("out/masks/00001.png")[10:30, 11:41] == 1).all()


def test_clicks_beside_masks(workplace: Path) -> None:
    before = np.zeros((60, 96), np.uint8)
    before[40:56, 5:91] = 1
    write_mask("blue.png", before)
    words = ["track", "frames", "--mask", "blue.png", "--click", "2:20,20", "--out", "out"]
    assert main([*words, "--no-overlay"]) == 0
    assert set(np.unique(labels("out/masks/00000.png"))) == {0, 1, 2}


def test_tracking_says_what_is_wrong(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, sentence in (
        (["--click", "99,20"], "outside the frame"),
        (["--click-frame", "1"], "--click-frame says where to point"),
        (["--click", "2,2", "--click-frame", "9"], "has no frame 9 to point at"),
    ):
        assert main(["track", "frames", *words, "--mask", "photo.png", "--out", "out"]) == 2
        assert sentence in capsys.readouterr().err
    assert not Path("out").exists()


def test_the_real_model_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    untrained_weights(Path("w.safetensors"))
    cv2.imwrite("photo.png", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    words = ["mask", "photo.png", "--click", "20,20", "--click-weights", "w.safetensors"]
    assert main([*words, "--out", "mask.png"]) == 0
    assert labels()[20, 20] == 1
