import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes.trees import write_tree
from segue.app.cli.main import main
from segue.studies.catalog import STUDIES

TINY = (
    "loop.steps=1",
    "loop.batch=1",
    "loop.workers=0",
    "loop.device=cpu",
    "clips.length=2",
    "clips.size_hw=[16,32]",
    "validation.clip_length=4",
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_table_that_needs_no_data(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "temporal-unet-table3"]) == 0
    assert "| Vanilla cGRU | Original | 6,605,204 | 6,605,204 |" in capsys.readouterr().out
    document = json.loads((place / "out/reproduce/temporal-unet-table3.json").read_text())
    assert all(row["ours"] == row["published"] for row in document["rows"])


def test_figure_3_on_a_small_tree_and_again(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tree("cityscapes", place / "city", videos=1, size_hw=(32, 64))
    words = ["reproduce", "temporal-unet-figure3", *TINY, "--data", "city", "--quick"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "resnet-small-deep-cgru: complete" in said.err
    assert "Settings were changed: `loop.steps=1`" in said.out
    out = place / "out/reproduce-quick"
    document = json.loads((out / "temporal-unet-figure3.json").read_text())
    by_frame = document["drawing"]["scores_by_frame_of_clip"]
    assert by_frame.keys() == {"vanilla-original-frame", "resnet-small-deep-cgru"}
    assert all(scores.keys() == {"1", "2", "4"} for scores in by_frame.values())
    alone = by_frame["vanilla-original-frame"]
    assert len(document["drawing"]["clip"]) == 4
    assert document["drawing"]["clip"][-1] == "lindau_000000_000019_leftImg8bit"
    picture = np.asarray(Image.open(out / "temporal-unet-figure3.png"))
    assert picture.shape[1] > picture.shape[0]
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 5
    weights = (out / "resnet-small-deep-cgru/weights.safetensors").stat().st_mtime_ns
    assert main(words) == 0
    assert (out / "resnet-small-deep-cgru/weights.safetensors").stat().st_mtime_ns == weights
    assert json.loads((out / "temporal-unet-figure3.json").read_text()) == document
    assert alone["1"] == alone["2"]


def test_a_failing_row_ends_with_its_own_exit_code(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tree("camvid", place / "camvid", videos=1)

    def out_of_memory(*_: object) -> None:
        raise RuntimeError("not enough memory")

    monkeypatch.setattr("segue.training.run.train", out_of_memory)
    words = ["reproduce", "temporal-unet-figure3", *TINY, "--data", "camvid", "--quick"]
    assert main(words) == 5
    said = capsys.readouterr()
    assert "vanilla-original-frame: not enough memory" in said.err
    assert "resnet-small-deep-cgru: not enough memory" in said.err
    assert "| failed |" in said.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["temporal-unet-table9"], "Did you mean 'temporal-unet-table"),
        (["temporal-unet-table2"], "Give a dataset with --data PATH."),
        (["temporal-unet-table2", "--data", "nowhere"], "No folder nowhere."),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    words: list[str], said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_the_docs_name_every_study_and_none_else() -> None:
    text = (Path(__file__).parents[2] / "docs/reproduce.md").read_text(encoding="utf-8")
    assert set(re.findall(r"segue reproduce ([\w-]+)", text)) == set(STUDIES)
