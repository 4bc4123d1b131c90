"""The commands and the code of docs/ssltm.md run, and the page names settings that there are."""

import re
import shlex
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from segue.app.cli.main import main
from segue.media.encode import VideoWriter
from segue.models.ssltm.build import create_network
from segue.models.ssltm.settings import SsltmSettings, variant
from segue.nn.backends.catalog import using
from segue.nn.backends.torch_backend import TorchBackend
from segue.nn.weights import describe
from segue.settings import override

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/ssltm.md").read_text(encoding="utf-8")
ROOM = (ROOT / "src/segue/models/ssltm/README.md").read_text(encoding="utf-8")


def frames() -> list[np.ndarray]:
    draws = np.random.default_rng(0)
    return list(draws.integers(0, 255, (2, 64, 96, 3), np.uint8))


def test_commands_and_code_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with VideoWriter(Path("drive.mp4"), (64, 96), Fraction(25)) as writer:
        for t, frame in enumerate(frames()):
            writer.write(frame, Fraction(t, 25))
    (block,) = re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    with using(TorchBackend()):
        for command in block.splitlines():
            assert main(shlex.split(command, comments=True)[1:]) == 0, command
        exec(compile(code, "ssltm.md", "exec"), {"frames": frames()})
    assert len(list(Path("result/labels").iterdir())) == 2


def test_the_settings_it_names_are_there() -> None:
    rows = re.findall(r"^\| `(\w+=.*)` \|", TEXT, re.MULTILINE)
    assert len(rows) == 7
    for row in rows:
        for assignment in row.replace("`", "").split(", "):
            values = override({}, [assignment])
            changed = variant("ssltm-lite", values)
            assert changed != variant("ssltm-lite"), assignment
            assert values.keys() <= SsltmSettings.model_fields.keys()


def test_the_rooms_page_names_its_files_and_sizes() -> None:
    folder = ROOT / "src/segue/models/ssltm"
    named = set(re.findall(r"`(\w+\.py)`", ROOM))
    assert {p.name for p in folder.glob("*.py")} - {"__init__.py"} <= named
    total = describe(create_network(variant("ssltm-lite")))["total"]
    assert f"{total:,}" in ROOM
