"""``segue track --finetune``: the video is learned from its masks, and then tracked with what was learned."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.tuning import picture, write_slowfast
from segue.app.cli import train
from segue.app.cli.main import main
from segue.media.label_file import read_label_values
from segue.media.masks import write_mask
from segue.models.slowfast.build import load_network
from segue.training import journal
from segue.training.finetune import run as finetune_run
from segue.training.finetune import slowfast

SMALL = {"short_side": 64, "long_side": 96}


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(slowfast, "load_network", lambda n, s, p: load_network(n, SMALL, p))
    monkeypatch.setattr(journal, "draw_curves", lambda *paths: None)
    Path("frames").mkdir()
    for index in range(3):
        Image.fromarray(picture(index)[0]).save(f"frames/{index:05d}.png")
    write_mask(Path("0.png"), picture(0)[1])
    write_slowfast(Path("first.safetensors"))
    return tmp_path


TRACK = "track frames --mask 0.png --out out --no-overlay"
LEARN = "--finetune --tune steps=2 --tune batch=1 --tune views=1"
SLOWFAST = "--model slowfast-lite --weights first.safetensors short_side=64 long_side=96"


def segue(*parts: str) -> int:
    return main(" ".join(parts).split())


def refuse(*arguments: object) -> None:
    raise AssertionError("it was learned again")


def test_the_video_is_learned_once_and_then_looked_at(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert segue(TRACK, SLOWFAST, LEARN) == 0
    said = capsys.readouterr().err
    assert "step 2 of 2" in said
    assert "slowfast-lite, fine-tuned on the given masks" in said
    record = json.loads(Path("out/run.json").read_text())
    told = record["finetuned"]
    assert (told["steps"], told["masked frames"], told["complete"]) == (2, [0], True)
    assert told["settings"]["views"] == 1
    for index in range(3):
        assert set(np.unique(read_label_values(Path(f"out/masks/{index:05d}.png")))) <= {0, 1}
    monkeypatch.setattr(finetune_run, "train", refuse)
    assert segue(TRACK, SLOWFAST, LEARN, "--resume") == 0
    assert "is complete already" in capsys.readouterr().out
    assert segue(TRACK, SLOWFAST, LEARN) == 2
    assert "already holds results" in capsys.readouterr().err
    changed = LEARN.replace("steps=2", "steps=3")
    assert segue(TRACK, SLOWFAST, changed, "--resume") == 2
    assert "settings.steps was 2, now 3" in capsys.readouterr().err


def test_an_interruption_while_it_learns_loses_nothing(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Impatient(train.Progress):
        def __call__(self, done: int, total: int, values: object) -> None:
            if done == 1:
                signal.raise_signal(signal.SIGINT)

    learn = LEARN.replace("steps=2", "steps=3")
    with monkeypatch.context() as pressed:
        pressed.setattr(train, "Progress", Impatient)
        assert segue(TRACK, SLOWFAST, learn) == 130
    assert "Go on with --resume" in capsys.readouterr().err
    assert not Path("out/masks").exists()
    assert segue(TRACK, SLOWFAST, learn) == 2
    assert "was interrupted" in capsys.readouterr().err
    assert segue(TRACK, SLOWFAST, learn, "--resume") == 0
    whole = TRACK.replace("--out out", "--out whole")
    assert segue(whole, SLOWFAST, learn) == 0
    for name in ("tuned.safetensors", "masks/00002.png"):
        assert (workplace / "out" / name).read_bytes() == (workplace / "whole" / name).read_bytes()


def test_a_model_that_carries_masks_is_told_them_too(workplace: Path) -> None:
    learn = "--finetune --tune steps=1 --tune batch=1"
    assert segue(TRACK, learn) == 0
    record = json.loads(Path("out/run.json").read_text())
    assert record["finetuned"]["steps"] == 1
    assert record["model"] == "segue-lite"
    assert np.array_equal(read_label_values(Path("out/masks/00000.png")), picture(0)[1])


def test_a_dry_run_writes_nothing(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert segue(TRACK, SLOWFAST, LEARN, "--dry-run") == 0
    assert "fine-tuned on the given masks" in capsys.readouterr().out
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("track frames --out out --finetune", "learns from masks"),
        (f"{TRACK} --tune steps=1", "Give --finetune too"),
        ("track --layout davis2016 --root . --out out --finetune", "learns one video"),
        (f"{TRACK} --finetune --model ttvos-lite", "'ttvos-lite'"),
        (f"{TRACK} --finetune --tune stps=1", "did you mean 'steps'"),
        (f"{TRACK} --finetune --tune freeze=all", "'all'"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    workplace: Path, capsys: pytest.CaptureFixture[str], words: str, sentence: str
) -> None:
    assert segue(words) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not Path("out/tuned.safetensors").exists()


def test_results_that_know_nothing_of_it(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert segue(TRACK.replace("--mask 0.png ", ""), SLOWFAST) == 0
    assert segue(TRACK, SLOWFAST, LEARN, "--resume") == 2
    assert "were made without fine-tuning" in capsys.readouterr().err
