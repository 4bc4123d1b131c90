"""What docs/formats.md says of formats and numbers is true, and its example runs."""

import re
import shlex
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fakes.made_results import make_results, squares
from segue.app.cli.main import main
from segue.media.encode import VideoWriter
from segue.media.label_file import read_label_values
from segue.media.masks import write_mask
from segue.results import review
from segue.results.formats.catalog import FORMATS
from segue.results.formats.cutout import _AROUND, CUTOUT_WEBM

TEXT = (Path(__file__).parents[2] / "docs/formats.md").read_text(encoding="utf-8")


def test_every_format_has_a_row() -> None:
    named = set(re.findall(r"^\| `([\w.-]+)` \|", TEXT, re.MULTILINE))
    assert named == set(FORMATS)


def test_numbers_are_those_of_the_code() -> None:
    for words in (
        f"below {review.LOW_CONFIDENCE} |",
        f"more than {review.AREA_JUMP} times larger or smaller",
        f"more than {review.FLICKER} times larger (or smaller)",
        f"pauses of up to {review.PAUSE} frames",
        f"cover {review.SMALL_CLASS:.0%} of the frame".replace("%", " %"),
        f"{_AROUND} transparent pixels",
    ):
        assert words in TEXT
    assert review.PLACE_JUMP == 0.5, "half the side"


def test_columns_are_named(tmp_path: Path) -> None:
    from segue.results.formats.review_csv import REVIEW_CSV
    from segue.results.formats.tracks_csv import TRACKS_CSV

    results = make_results(squares({1: (5, 5)}))
    part = TEXT.partition("## Columns of tracks.csv")[2]
    for document, text in ((TRACKS_CSV, part), (REVIEW_CSV, part.partition("## Frames")[2])):
        (path,) = document.write(results, tmp_path).files
        for column in path.read_text().splitlines()[0].split(","):
            assert f"`{column}`" in text


def test_the_example_shows_the_alpha(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    CUTOUT_WEBM.write(make_results(squares({1: (5, 5)}, {1: (5, 6)})), tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(code, "formats.md", "exec"), {})
    assert capsys.readouterr().out == "(40, 60, 4)\n" * 2


def test_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ground = np.random.default_rng(0).integers(80, 120, (64, 96, 3), np.uint8)
    with VideoWriter(Path("clip.mp4"), (64, 96), Fraction(25)) as writer:
        for t in range(4):
            frame = ground.copy()
            frame[20:44, 10 + 4 * t : 40 + 4 * t] = (250, 40, 40)
            writer.write(frame, Fraction(t, 25))
    mask = np.zeros((64, 96), np.uint8)
    mask[20:44, 10:40] = 1
    write_mask("first.png", mask)
    assert main(["track", "clip.mp4", "--mask", "first.png", "--out", "result"]) == 0
    commands = re.findall(r"^segue (.*)$", TEXT, re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        assert main(shlex.split(command)) == 0, command
    assert len(list(Path("masks/png").glob("*.png"))) == 4
    for path in Path("result/masks").iterdir():
        same = Path("from_file/masks") / path.name, Path("masks/png") / path.name
        for other in same:
            np.testing.assert_array_equal(read_label_values(other), read_label_values(path))
