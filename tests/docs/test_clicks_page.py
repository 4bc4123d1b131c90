"""The commands of docs/clicks.md and of the README that point at objects run, and the page names every option."""

import re
import shlex
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

import segue
import segue.models.click.build as click_build
from fakes.clickers import ColourClicker, untrained_weights
from segue.app.cli.main import main
from segue.evaluation.catalog import PROTOCOLS
from segue.media.encode import VideoWriter

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "clicks.md").read_text(encoding="utf-8")
README = (DOCS.parent / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for module in (click_build, segue):
        monkeypatch.setattr(module, "load_click_model", lambda **named: ColourClicker())
    picture = np.full((180, 320, 3), 90, np.uint8)
    picture[60:100, 100:140] = 250
    picture[40:160, 205:295] = 10
    with VideoWriter(Path("clip.mp4"), (180, 320), Fraction(25)) as writer:
        for t in range(40):
            writer.write(picture, Fraction(t, 25))
    cv2.imwrite("photo.jpg", picture)
    return tmp_path


def commands(text: str) -> list[str]:
    before = text.partition("## Train it")[0]
    found = re.findall(r"^segue (mask .*|track .*--click.*)$", before, re.MULTILINE)
    return [command for command in found if "VIDEO" not in command and "FRAME" not in command]


def test_commands_run(workplace: Path) -> None:
    assert len(commands(TEXT)) == 5
    for command in commands(TEXT):
        words = shlex.split(command)
        last = ["--end", "3", "--no-overlay"] if words[0] == "track" else []
        assert main([*words, *last]) == 0, command
    assert Path("better.png").is_file()


def test_commands_of_the_readme_run(workplace: Path) -> None:
    assert len(commands(README)) == 2
    for command in commands(README):
        words = shlex.split(command)
        last = ["--end", "3", "--no-overlay"] if words[0] == "track" else []
        assert main([*words, *last]) == 0, command


def test_the_example_runs(workplace: Path) -> None:
    code, export = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(code, "clicks.md", "exec"), {"__name__": "page"})
    assert Path("mask.png").is_file()
    Path("runs/click").mkdir(parents=True)
    untrained_weights(Path("runs/click/weights.safetensors"))
    exec(compile(export, "clicks.md", "exec"), {"__name__": "page"})
    assert Path("segue-click.safetensors").stat().st_size < 8e6


def test_the_page_of_protocols_has_each() -> None:
    page = (DOCS / "protocols/clicks.md").read_text(encoding="utf-8")
    ours = {name for name in PROTOCOLS if name.startswith("clicks")}
    assert set(re.findall(r"^## `([\w-]+)`", page, re.MULTILINE)) == ours
