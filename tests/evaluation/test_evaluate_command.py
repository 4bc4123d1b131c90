import json
from pathlib import Path

import pytest

from fakes.davis import moving_square, write_davis, write_masks
from segue.app.cli.main import main

LONG = "a-sequence-with-quite-a-long-name"


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    write_davis(Path("davis"), {LONG: moving_square(6), "[bear]": moving_square(5)}, split="train")
    write_masks(Path("ours", LONG), moving_square(6))
    write_masks(Path("ours/[bear]"), moving_square(5, start=4))
    write_masks(Path("ours/zebra"), moving_square(5))
    return ["evaluate", "ours", "davis", "--split", "train"]


def test_table(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("ours", LONG, "00002.png").unlink()
    assert main(words) == 0
    out, err = capsys.readouterr()
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.split()}
    assert "davis2016" in out
    assert rows[LONG][:3] == ["75.0", "75.0", "75.0"]
    assert rows["[bear]"][1] == "71.4"
    assert rows["mean"][1] == "73.2"
    assert f"{LONG}: 1 frames without a prediction, scored as empty masks" in err
    assert "not in the truth, left out: zebra" in err


def test_json_on_stdout_is_the_whole_output(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["sequences"][LONG]["J&F"] == 100


def test_json_in_a_file(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--json", "scores.json"]) == 0
    assert json.loads(Path("scores.json").read_text())["num_frames"] == 4 + 3
    assert "mean" in capsys.readouterr().out
    assert not list(Path().glob(".scores*"))


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        (["--protocol", "davis17"], "No protocol 'davis17'"),
        (["--split", "val"], "No split 'val'"),
        (["--json", "scores.txt"], "ends in .json"),
        (["--workers", "0"], "at least 1 worker"),
    ],
)
def test_mistakes_end_with_code_2(
    words: list[str], extra: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, *extra]) == 2
    assert sentence in capsys.readouterr().err
