import json
import re
from pathlib import Path

import pytest

from fakes.davis import moving_square, write_masks
from segue.app.cli.main import main
from segue.evaluation.catalog import PROTOCOLS

LONG = "a-sequence-with-quite-a-long-name"


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A bear predicted four pixels to the right of the truth, of 12: IoU 8 / 16."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setitem(PROTOCOLS, "stand-in", "fakes.stand_in:STAND_IN")
    for name in (LONG, "[bear]"):
        write_masks(Path("truth", name), moving_square(6), value=1)
    write_masks(Path("ours", LONG), moving_square(6), value=1)
    write_masks(Path("ours/[bear]"), moving_square(6, start=6), value=1)
    return ["evaluate", "ours", "truth", "--protocol", "stand-in"]


def lines_of(text: str) -> dict[str, list[str]]:
    """Cells of each line by its first word."""
    return {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.split()}


def test_tables(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    out, err = capsys.readouterr()
    rows = lines_of(out)
    assert "stand-in, by sequence" in out
    assert rows["[bear]"] == ["50.0", "0.500", "500"]
    assert rows[LONG] == ["100.0", "0.000", "1000"]
    assert rows["all"] == ["75.0", "0.250", "750"]
    assert rows["4"] == ["classes", "do", "not", "occur."]
    assert err == ""


def test_long_narrow_tables_stand_in_blocks_that_fit_the_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(words)
    table = capsys.readouterr().out.split("by class")[1]
    assert re.search(r"class 0 +0\.0 +class \d+", table)
    assert re.search(r"class 3 +- ", table)
    for number in range(30):
        assert len(re.findall(rf"class {number} ", table)) == 1
    assert max(map(len, table.splitlines())) <= 80
    assert len(table.splitlines()) < 15


def test_a_name_longer_than_the_line_is_whole(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert main(words) == 0
    assert lines_of(capsys.readouterr().out)[LONG] == ["100.0", "0.000", "1000"]


def test_problems_are_counted_and_the_first_named(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for frame in range(1, 6):
        Path("ours", LONG, f"{frame:05}.png").unlink()
    write_masks(Path("ours/zebra"), moving_square(2))
    assert main(words) == 0
    err = capsys.readouterr().err.splitlines()
    assert err == [
        "extra-sequence: 1",
        "  zebra: It is left out.",
        "missing-frame: 5",
        *(f"  {LONG}/0000{frame}: It counts as empty." for frame in (1, 2, 3)),
        "  and 2 more; --json and --html list them",
    ]


def test_a_strict_run_refuses_problems_and_writes_nothing(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("ours", LONG, "00001.png").unlink()
    assert main([*words, "--strict", "--csv", "a.csv", "--html", "a.html"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{LONG}/00001: It counts as empty." in err
    assert not list(Path().glob("a.*"))


def test_json_on_stdout_is_the_whole_output(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["summary"] == {"IoU": 75.0, "error": 0.25, "pixels": 750}
    assert document["tables"]["class"]["rows"]["class 3"] == {"IoU": None}


def test_files_are_written_whole(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--json", "scores.json", "--csv", "scores.csv", "--html", "report.html"]
    assert main([*words, *files, "--workers", "2"]) == 0
    assert json.loads(Path("scores.json").read_text())["num_frames"] == 12
    assert "stand-in,sequence,[bear],IoU,percent,50.0\n" in Path("scores.csv").read_text()
    assert Path("report.html").read_text().startswith("<!doctype html>")
    assert "by sequence" in capsys.readouterr().out
    assert not list(Path().glob(".*.part"))


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        (["--protocol", "stand-on"], "Did you mean 'stand-in'?"),
        (["--json", "scores.txt"], "ends in .json"),
        (["--csv", "scores.json"], "ends in .csv, got 'scores.json'. Give one, such as scores.csv"),
        (["--html", "page.htm"], "ends in .html"),
        (["--html", "nowhere/page.html"], "No folder nowhere to write page.html in"),
        (["--json", "nowhere/scores.json"], "No folder nowhere"),
        (["--csv", "folder.csv"], "is a folder"),
        (["--workers", "0"], "at least 1 worker"),
        (["--workers", "many"], "at least 1 worker"),
    ],
)
def test_mistakes_end_with_code_2_before_the_work_begins(
    words: list[str],
    extra: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("folder.csv").mkdir()
    monkeypatch.setattr("fakes.stand_in.StandIn.gather", lambda *_: pytest.fail("work began"))
    try:
        code: object = main([*words, *extra])
    except SystemExit as left:
        code = left.code
    assert code == 2
    assert sentence in capsys.readouterr().err


def test_help_tells_what_the_protocols_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in list(PROTOCOLS):
        monkeypatch.delitem(PROTOCOLS, name)
    monkeypatch.setitem(PROTOCOLS, "stand-in", "fakes.stand_in:STAND_IN")
    with pytest.raises(SystemExit):
        main(["evaluate", "--help"])
    assert "stand-in  intersection over union, for tests" in capsys.readouterr().out


@pytest.mark.real
def test_the_page_of_ten_real_sequences_is_small(shared: Path, tmp_path: Path) -> None:
    data, page = shared / "data", tmp_path / "report.html"
    predictions = data / "davis2016_published/masks/osvos"
    words = [str(predictions), str(data / "davis2016_val_dev"), "--html", str(page)]
    assert main(["evaluate", *words]) == 0
    text = page.read_text(encoding="utf-8")
    assert "<dd>77.8</dd>" in text
    assert text.count("<img ") == 3 * 12
    assert len(text) < 3_000_000
