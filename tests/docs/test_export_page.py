"""The commands and the program of docs/export.md run, and the program labels as Segue does."""

import re
import shlex
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segue.app.cli.main import main
from segue.exporting import writing
from segue.exporting.examples import EXAMPLES
from segue.media.encode import VideoWriter
from segue.models.catalog import MODELS
from segue.nn.exported import manifest, probe

TEXT = (Path(__file__).parents[2] / "docs/export.md").read_text(encoding="utf-8")


def test_the_program_labels_as_segue_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(writing, "EXAMPLES", EXAMPLES[1:])
    draws = np.random.default_rng(0)
    ground = np.kron(draws.integers(0, 256, (9, 13, 3), np.uint8), np.ones((16, 16, 1), np.uint8))
    with VideoWriter(Path("clip.mp4"), (144, 208), Fraction(25)) as writer:
        for t in range(3):
            writer.write(np.roll(ground, 3 * t, 1), Fraction(t, 25))
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    export, run = re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)[1].splitlines()
    assert main(shlex.split(export)[1:]) == 0
    monkeypatch.setattr(sys, "argv", shlex.split(run)[1:])
    exec(compile(code, "label_onnx.py", "exec"), {"__name__": "__main__"})
    assert main(["label", "clip.mp4", "--no-overlay", "--out", "segue", "--reuse", "off"]) == 0
    for number in range(3):
        found, expected = (
            np.array(Image.open(path))
            for path in (f"out/classes/{number:05d}.png", f"segue/labels/{number:05d}.png")
        )
        # OpenCV and Segue turn colours to RGB in slightly different ways.
        assert np.mean(found == expected) > 0.95


def test_the_page_says_the_numbers_of_the_code() -> None:
    allowed = ", ".join(f"{tolerance:g}" for tolerance in writing.TOLERANCE.values())
    said = re.search(r"Allowed are ([\d.]+)\nin fp32, ([\d.]+) in fp16 and ([\d.]+) in int8", TEXT)
    assert said
    assert ", ".join(said.groups()) == allowed
    assert manifest.MANIFEST in TEXT
    assert probe.difference.__doc__


def test_the_models_of_the_page_are_there() -> None:
    rows = TEXT.partition("## What can be exported")[2].partition("## ")[0]
    names = re.findall(
        r"`([\w-]+)`", "\n".join(row.split("|")[1] for row in rows.splitlines()[3:] if "|" in row)
    )
    assert names
    assert set(names) <= MODELS.keys()
