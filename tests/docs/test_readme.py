"""Everything that the README shows runs, and its map is complete."""

import re
import shlex
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.trees import write_tree
from segue.app.cli.main import VERBS, main
from segue.media.encode import VideoWriter
from segue.models.catalog import MODELS
from segue.nn.backends.catalog import using
from segue.nn.backends.torch_backend import TorchBackend
from segue.types import Labels

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.default_backend  # what users see first is run as they run it


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def mask_at(index: int) -> Labels:
    mask = np.zeros((64, 96), np.uint8)
    mask[20:44, 10 + 4 * index : 40 + 4 * index] = 1
    return mask


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the README's commands name."""
    monkeypatch.chdir(tmp_path)
    ground = np.random.default_rng(0).integers(80, 120, (64, 96, 3), np.uint8)
    with VideoWriter(tmp_path / "clip.mp4", (64, 96), Fraction(25)) as writer:
        for t in range(4):
            frame = ground.copy()
            frame[20:44, 10 + 4 * t : 40 + 4 * t] = (250, 40, 40)
            writer.write(frame, Fraction(t, 25))
    for name, index in (("first", 0), ("fix", 2), ("last", 3)):
        Image.fromarray(mask_at(index) * 255).save(tmp_path / f"{name}.png")
    write_tree("davis2017", tmp_path / "DAVIS")
    shutil.copytree(tmp_path / "DAVIS/Annotations/480p", tmp_path / "out/davis")
    return tmp_path


@pytest.mark.parametrize("code", blocks("python"))
def test_python_examples_run(
    code: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(code, "README.md", "exec"), {"first": mask_at(0), "fix": mask_at(2)})
    said = capsys.readouterr().out
    if "Session(" in code:
        # Two or three where the run was slow enough to keep the memory of a frame before the correction.
        assert re.match(r"[234] frames computed again\n00000 \(64, 96\)\n", said)
    elif "track(" in code:
        assert len(said.splitlines()) == 4
        assert "(64, 96)" in said.splitlines()[-1]
    else:
        assert said.startswith("100.0 {"), "the truth scored against itself"


def test_shell_examples_run(workplace: Path) -> None:
    commands = [
        line.partition("#")[0].strip() for block in blocks("bash") for line in block.splitlines()
    ]
    ours = [shlex.split(line)[1:] for line in commands if line.startswith("segue ")]
    assert ours
    with using(TorchBackend()):  # each command would compile the network anew
        for words in ours:
            assert main(words) == 0
    assert (workplace / "out/clip/tracks.json").is_file()
    assert (workplace / "out/clip/review.csv").is_file()
    assert len(list((workplace / "out/masks/png").iterdir())) >= 4


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"^make (\w[\w-]*)", "\n".join(blocks("bash")), re.MULTILINE))
    assert named == {"demo", "test"}
    assert all(f"\n{target}:" in makefile for target in named)


def test_every_verb_and_model_is_described() -> None:
    assert all(f"`segue {verb}" in TEXT for verb in VERBS)
    assert all(f"`{name}`" in TEXT for name in MODELS)


def test_the_map_names_every_folder_and_nothing_else() -> None:
    rows = [row for row in TEXT.partition("## Where things are")[2].splitlines() if "| `" in row]
    named = {
        path.rstrip("/") for row in rows for path in re.findall(r"`([\w./-]+)`", row.split("|")[1])
    }
    packages = {
        f"src/segue/{p.name}"
        for p in (ROOT / "src/segue").iterdir()
        if p.is_dir() and p.name[0] != "_"
    }
    top = {"configs", "benchmarks", "docs", "tests"}
    assert packages | top <= named
    modules = {"errors.py", "files.py", "problems.py", "settings.py", "threads.py", "workers.py"}
    assert all((ROOT / path).exists() for path in named - modules)
