"""The commands and the example of docs/finetune.md run, and its options, settings and models are those that exist."""

import argparse
import re
import shlex
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.tuning import picture, use_toy
from segue.app.cli import finetune as command
from segue.app.cli.main import main
from segue.media.encode import VideoWriter
from segue.media.masks import write_mask
from segue.training.finetune import catalog
from segue.training.finetune.catalog import TUNERS
from segue.training.finetune.settings import FinetuneSettings

TEXT = (Path(__file__).parents[2] / "docs/finetune.md").read_text(encoding="utf-8")


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with VideoWriter(Path("clip.mp4"), (64, 96), Fraction(25)) as writer:
        for index in range(4):
            writer.write(picture(index)[0], Fraction(index, 25))
    Path("masks").mkdir()
    for index in (0, 2):
        write_mask(Path(f"masks/{index:05d}.png"), picture(index)[1])
    for name, index in (("first", 0), ("last", 3)):
        Image.fromarray(picture(index)[1] * np.uint8(255)).save(f"{name}.png")
    return tmp_path


def test_commands_run(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number stands for the models; so the command that tracks takes weights that ship."""
    use_toy(monkeypatch)
    parts = {"none": (), "backbone": (), "features": ()}
    toy = catalog.Tuner("fakes.tuning:build", parts, TUNERS["segue-lite"].defaults)
    for name in ("segue-lite", "rvos-lite"):
        monkeypatch.setitem(TUNERS, name, toy)
    found = re.findall(r"^segue (.*)$", TEXT, re.MULTILINE)
    assert len(found) == 5
    for line in found:
        words = shlex.split(line.partition("#")[0])
        if words[0] == "track":
            place = words.index("--weights")
            words[place : place + 2] = ["--no-overlay"]
        assert main(words) == 0, line
    assert len(list(Path().glob("*.safetensors"))) == 4


def test_the_example_runs(workplace: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    quick = code.replace('"steps": 40', '"steps": 1, "batch": 1')
    assert quick != code
    exec(compile(quick, "finetune.md", "exec"), {"__name__": "page"})
    assert Path("mine.safetensors").is_file()


def test_options_settings_and_models_are_named() -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    options = {o for action in parser._actions for o in action.option_strings if o[:2] == "--"}
    rows = TEXT.partition("## Options")[2].partition("## What can go wrong")[0]
    assert all(f"`{option}" in rows for option in options - {"--help", "--out"})
    assert set(re.findall(r"`(--[a-z-]+)", rows)) <= options
    fields = {name for tuner in TUNERS.values() for name in type(tuner.defaults).model_fields}
    assert fields > set(FinetuneSettings.model_fields)
    assert all(f"`{name}`" in rows for name in fields - {"freeze", "steps", "device", "seed"})
    assert all(f"`{name}`" in rows for name in TUNERS)
    assert all(f"`{part}`" in rows for tuner in TUNERS.values() for part in tuner.parts)
