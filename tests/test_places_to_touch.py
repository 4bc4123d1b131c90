"""What a new format and a new dataset take, tried with toys: a few files and lines, and all else comes by itself.

For models see ``tests/models/test_entry_points.py``: a file, and a line of an entry point or of the table.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fakes.scenes import write_frames
from segue.app.cli.main import main
from segue.data.catalog import LAYOUTS
from segue.media.masks import write_mask
from segue.results.formats.catalog import FORMATS, FormatEntry
from segue.synthetic.catalog import WRITERS, Writer

TESTS = Path(__file__).parent
LINES = {
    "format": [(FORMATS, FormatEntry("fakes.toy_format:COUNTS", "pixels of each frame"))],
    "dataset": [
        (LAYOUTS, "fakes.toy_layout:TOYS"),
        (WRITERS, Writer("fakes.toy_writer:write", "objects", (120, 214))),
    ],
}
"""All that has to be written besides the files."""


def add(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for table, entry in LINES[kind]:
        monkeypatch.setitem(table, "toy", entry)  # type: ignore[arg-type]


def shown(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main([*words, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_a_format_is_a_file_and_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add("format", monkeypatch)
    assert "pixels of each frame" in shown(["convert"], capsys)
    truth = write_frames(tmp_path / "frames", 3)
    write_mask(tmp_path / "first.png", truth[0])
    words = ["track", str(tmp_path / "frames"), "--mask", str(tmp_path / "first.png")]
    assert main([*words, "--format", "toy", "--out", str(tmp_path / "out")]) == 0
    made = tmp_path / "out/counts.txt"
    first = made.read_text().splitlines()[0]
    assert first == f"00000 {np.count_nonzero(truth[0])}"
    written = made.read_bytes()
    assert main(["convert", str(tmp_path / "out"), "--to", "toy", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "counts.txt").read_bytes() == written


def test_a_dataset_is_a_file_a_line_and_a_writer_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add("dataset", monkeypatch)
    for action in ("check", "synthesize"):
        assert "frames and masks of toys" in shown(["data", action], capsys)
    small = ["--layout", "toy", "--videos", "1", "--frames", "2", "--size", "48x64"]
    assert main(["data", "synthesize", str(tmp_path / "toy"), *small]) == 0
    assert main(["data", "check", str(tmp_path / "toy"), "--layout", "toy"]) == 0
    assert main(["data", "check", str(tmp_path / "toy"), "--layout", "camvid"]) == 2
    assert "looks like toy" in capsys.readouterr().err


def test_suites_over_the_tables_try_them_and_the_page_is_missed() -> None:
    suites = ["results/test_documents.py", "data/test_catalog.py", "data/test_recognise.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p"]
    chosen = ["fakes.toy_lines", "-k", "toy or has_a_row or has_a_writer"]
    done = subprocess.run(
        [
            *command,
            *chosen,
            *(str(TESTS / suite) for suite in (*suites, "docs/test_formats_page.py")),
        ],
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1, done.stdout
    assert "test_every_format_has_a_row" in failed[0], "docs/formats.md asks for its row"
    assert int(done.stdout.split(" passed")[0].split()[-1]) >= 15
