import json
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.tuning import picture, use_toy
from segue.app.cli import train
from segue.app.cli.main import main
from segue.media.masks import write_mask


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six frames, masks of three, and a network of one number under the name of segue-lite."""
    monkeypatch.chdir(tmp_path)
    use_toy(monkeypatch)
    for folder in ("frames", "masks"):
        Path(folder).mkdir()
    for index in range(6):
        frame, labels = picture(index)
        Image.fromarray(frame).save(f"frames/{index:05d}.png")
        if index in (0, 2, 5):
            write_mask(Path(f"masks/{index:05d}.png"), labels)
    return tmp_path


WORDS = ["finetune", "frames", "--masks", "masks", "--out", "tuned.safetensors"]


def test_a_folder_of_masks_gives_weights(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(WORDS) == 0
    said = capsys.readouterr()
    assert "tuned.safetensors: 6 steps on 3 masked frames" in said.out
    assert "segue track VIDEO --model segue-lite --weights tuned.safetensors" in said.out
    assert "step 6 of 6" in said.err
    assert Path("tuned.safetensors").is_file()


def test_options_and_settings(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "--freeze backbone --steps 2 --seed 7 rotation=0 scale=0.4 --json"
    first = ["finetune", "frames", "--mask", "masks/00000.png", "--mask", "2:1=masks/00002.png"]
    assert main([*first, "--out", "tuned.safetensors", *words.split()]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["steps"], document["masked"], document["complete"]) == (2, 2, True)
    settings = json.loads(Path("tuned.run/run.json").read_text())["settings"]
    expected = {"freeze": "backbone", "steps": 2, "seed": 7, "rotation": 0.0, "scale": 0.4}
    assert {key: settings[key] for key in expected} == expected


def test_ctrl_c_keeps_what_was_learned(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Impatient(train.Progress):
        def __call__(self, done: int, total: int, values: object) -> None:
            if done == 3:
                signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as pressed:
        pressed.setattr(train, "Progress", Impatient)
        assert main(WORDS) == 130
    assert "Go on with --resume" in capsys.readouterr().err
    assert not Path("tuned.safetensors").exists()
    assert Path("tuned.run/weights.safetensors").is_file()
    assert main(WORDS) == 2
    assert "was interrupted" in capsys.readouterr().err
    assert main([*WORDS, "--resume"]) == 0
    assert Path("tuned.safetensors").is_file()
    assert main([*WORDS, "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("finetune --masks masks --out t.safetensors", "Give one VIDEO (got: none)"),
        ("finetune frames --out t.safetensors", "and its masks: --mask FILE or --masks FOLDER"),
        ("finetune frames --masks masks", "with --out TUNED.safetensors"),
        ("finetune frames --masks masks --out t.pt", "ends in .safetensors, got 't.pt'"),
        ("finetune frames --masks none --out t.safetensors", "No mask file or folder none"),
        ("finetune rtsp://a/b --masks masks --out t.safetensors", "is a live source"),
        ("finetune none.mp4 --masks masks --out t.safetensors", "none.mp4"),
        (
            "finetune frames --masks masks --out t.safetensors --steps 3 steps=4",
            "--steps 3 and steps=4 set the same thing",
        ),
        ("finetune frames --masks masks --out t.safetensors --freeze all", "'all'"),
        ("finetune frames --masks masks --out t.safetensors --model frtm", "'frtm'"),
        ("finetune frames --mask empty.png --out t.safetensors", "holds no object"),
        ("finetune frames --mask small.png --out t.safetensors", "Pass --fit-mask to resize it"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    workplace: Path, capsys: pytest.CaptureFixture[str], words: str, sentence: str
) -> None:
    write_mask(Path("empty.png"), np.zeros((64, 96), np.uint8))
    write_mask(Path("small.png"), picture(0)[1][::2, ::2].copy())
    assert main(words.split()) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not Path("t.safetensors").exists()
    assert not Path("t.run").exists()


def test_a_full_disk_is_one_sentence(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(WORDS) == 4
    error = capsys.readouterr().err.splitlines()[-1]
    assert "Could not write" in error
    assert "No space left on device. Free space" in error
    assert error.endswith("Go on with --resume.")


def test_help_names_models_and_parts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["finetune", "--help"])
    said = capsys.readouterr().out
    assert all(name in said for name in ("segue-lite", "rvos-lite", "temporal-unet-lite"))
    assert "--freeze none, backbone, features" in said
