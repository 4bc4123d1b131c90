"""The commands and the code of docs/find.md run, and the page tells every constant as it is."""

import re
import shlex
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import segue
import segue.inference.find.find as find_module
from fakes.colour_model import ColourModel
from fakes.proposers import ColourProposer
from fakes.scenes import scene
from fakes.trees import write_tree
from segue.app.cli.main import main
from segue.inference.find import appearance, linking, looks, motion, proposing, ranking
from segue.media.encode import VideoWriter
from segue.models.catalog import MODELS, Entry

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "find.md").read_text(encoding="utf-8")


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    looker = Entry("fakes.proposers:build", "for tests", begins_with="nothing")
    monkeypatch.setitem(MODELS, "slowfast-lite", looker)
    monkeypatch.setitem(MODELS, "segue-lite", Entry("fakes.colour_model:build", "for tests"))
    with VideoWriter(Path("clip.mp4"), (38, 52), Fraction(25)) as writer:
        for t, (frame, _) in enumerate(scene(9)):
            writer.write(np.ascontiguousarray(frame[:, :52]), Fraction(t, 25))
    write_tree("davis2016", tmp_path / "DAVIS")
    return tmp_path


def test_commands_run(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)
    commands = block.splitlines()
    assert len(commands) == 5
    for command in commands:
        if "--layout" in command:
            bright = Entry("fakes.proposers:build_bright", "for tests", begins_with="nothing")
            monkeypatch.setitem(MODELS, "slowfast-lite", bright)
        assert main(shlex.split(command)[1:]) == 0, command
    assert Path("out/found/found.png").is_file()
    assert Path("out/clip/found.png").is_file()


def test_code_runs(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(find_module, "load_model", lambda *words, **named: ColourProposer())
    monkeypatch.setattr(segue, "load_model", lambda name: ColourModel())
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(code, "find.md", "exec"), {})
    assert capsys.readouterr().out.startswith("1 0.")


def test_constants() -> None:
    for number in (
        f"{looks.LOOKS} frames, each the middle",
        f"fewer than {find_module._LEAST}\n   pixels",
        f"(DIS, {motion._SIDE} pixels wide)",
        f"r / (r + s + {motion._NOISE})",
        f"at least\n   {linking.LEAST_LIKE}.",
        f"the best N objects at most ({ranking.MOST_OBJECTS})",
        f"from {ranking._SMALL:.0%} to {ranking._LARGE:.0%}".replace("%", "", 1).replace("%", " %"),
        f"never had a score of {ranking._SURE}.",
    ):
        assert number in TEXT, number
    assert (ranking._FEW, linking._REMEMBERED, proposing.OWN) == (4, 3, 0.5)
    assert len(appearance._BINS) == 3
