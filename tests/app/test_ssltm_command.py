"""SSLTM at the command line: labels of a video, interrupted and resumed, and how large it is."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fakes.scenes import write_frames
from segue.app.cli.main import main
from segue.inference.job import Job
from segue.models.ssltm.model import SsltmModel

FRAMES = 6


def label(*words: str) -> int:
    quick = ("random_weights=true", "backend=torch", "distance=2")
    return main(["label", "frames", "--model", "ssltm-lite", "--no-overlay", *words, *quick])


def labels(out: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(Path(out, "labels").iterdir())]


def test_a_run_that_was_interrupted_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_frames(Path("frames"), FRAMES)
    assert label("--out", "whole") == 0
    assert len(labels("whole")) == FRAMES
    step, calls = SsltmModel.step, iter(range(99))

    def interrupted(*arguments: Any) -> Any:
        if next(calls) == 4:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr("segue.app.engine.Job", partial(Job, checkpoint_seconds=0.0))
    with monkeypatch.context() as patch:
        patch.setattr(SsltmModel, "step", interrupted)
        assert label("--out", "parts") == 130
    assert label("--out", "parts", "--resume") == 0
    assert json.loads(Path("parts/run.json").read_text())["resumed_at_frame"] == 4
    assert labels("parts") == labels("whole")


def test_without_weights_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_frames(Path("frames"), 1)
    assert main(["label", "frames", "--model", "ssltm", "--out", "out"]) == 2
    assert "No trained weights ship with ssltm." in capsys.readouterr().err


def test_the_total_of_another_backbone(tmp_path: Path) -> None:
    target = tmp_path / "m.json"
    words = ["models", "ssltm", "backbone=resnet-101", "--size", "32x32", "--json", str(target)]
    assert main(words) == 0
    assert json.loads(target.read_text())["parameters"]["total"] == 61_859_128
