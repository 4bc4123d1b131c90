"""The commands of docs/video.md run, and its list of image kinds is true."""

import re
import shlex
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segue.app.cli.main import main
from segue.media.encode import VideoWriter

TEXT = (Path(__file__).parents[2] / "docs" / "video.md").read_text(encoding="utf-8")


def test_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("frames").mkdir()
    ground = np.random.default_rng(0).integers(80, 120, (64, 96, 3), np.uint8)
    with VideoWriter(Path("clip.mp4"), (64, 96), Fraction(25)) as writer:
        for t in range(4):
            frame = ground.copy()
            frame[20:44, 10 + 4 * t : 40 + 4 * t] = (250, 40, 40)
            writer.write(frame, Fraction(t, 25))
            Image.fromarray(frame).save(f"frames/{t:05d}.png")
    mask = np.zeros((64, 96), np.uint8)
    mask[20:44, 10:40] = 255
    Image.fromarray(mask).save("first.png")
    commands = re.findall(r"^segue (.*)$", TEXT, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        assert main(shlex.split(command)) == 0, command
    assert [p.stem for p in sorted(Path("out/span/masks").iterdir())] == ["00000", "00002"]
    assert len(list(Path("out/pattern/masks").iterdir())) == 4
