"""What the page on curricula names exists, and is what it says."""

import re
import tomllib
from pathlib import Path

import pytest

from segue.app.cli.main import main
from segue.studies.catalog import STUDIES
from segue.studies.rvos_curriculum.davis import DAVIS
from segue.training.curriculum import Stage

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/rvos.md").read_text(encoding="utf-8")
CONFIGS = {path.stem for path in (ROOT / "configs/rvos").glob("*.toml")}


def test_every_file_is_in_the_table() -> None:
    rows = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    named = set()
    for row in rows:
        first, *others = re.findall(r"`([\w-]+)`", row)
        prefix = first.split("-")[0] if first.endswith("-") else first.rsplit("-", 1)[0]
        whole = [name for name in (first, *others) if not name.startswith("-")]
        ends = [name for name in others if name.startswith("-")]
        if first.endswith("-"):
            kinds = [whole[1].partition("-")[2], *(end.strip("-") for end in ends)]
            named |= {f"{side}-{kind}" for side in ("forward", "inverse") for kind in kinds}
        else:
            named |= {*whole, *(prefix + end for end in ends)}
    assert named == CONFIGS


def test_the_best_curriculum_is_that_of_the_file() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    stages, file = tomllib.loads(block)["stages"], ROOT / "configs/rvos/combination.toml"
    assert stages == tomllib.loads(file.read_text())["stages"]
    assert [Stage.parse(stage).epochs for stage in stages] == [20, 20]


def test_studies_and_settings_are_those_that_there_are() -> None:
    for page in (TEXT, (ROOT / "docs/reproduce.md").read_text(encoding="utf-8")):
        for study in re.findall(r"segue reproduce ([\w-]+)", page):
            assert study in STUDIES
    assert "160 steps of 2 clips of 5 frames at 144x256" in " ".join(DAVIS.full_note.split())
    assert "160 steps of 2 clips of 5 frames at 144x256" in " ".join(TEXT.split())


@pytest.mark.parametrize("option", ["--layout", "--class"])
def test_tracking_has_the_options(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["track", "--help"])
    assert option in capsys.readouterr().out
    assert option in TEXT
