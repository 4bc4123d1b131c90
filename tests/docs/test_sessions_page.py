"""The commands and the example of docs/sessions.md run, and its options, methods and paths exist."""

import inspect
import os
import re
import shlex
import shutil
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import segue
from segue.app.cli.main import main
from segue.inference.session import events
from segue.inference.session.history import KEY_FRAMES
from segue.inference.session.opening import Options
from segue.media.encode import VideoWriter
from segue.media.label_file import read_label_values
from segue.media.masks import write_mask
from segue.types import Labels

TEXT = (Path(__file__).parents[2] / "docs/sessions.md").read_text(encoding="utf-8")
SIZE = 48, 64
FRAMES = 12


def labels(frame: int) -> Labels:
    found = np.zeros(SIZE, np.uint8)
    found[12:32, 6 + 2 * frame : 26 + 2 * frame] = 1
    return found


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the page names."""
    monkeypatch.chdir(tmp_path)
    ground = np.random.default_rng(0).integers(80, 120, (*SIZE, 3), np.uint8)
    with VideoWriter(tmp_path / "clip.mp4", SIZE, Fraction(25)) as writer:
        for t in range(FRAMES):
            frame = np.where(labels(t)[..., None] == 1, np.uint8([250, 40, 40]), ground)
            writer.write(frame, Fraction(t, 25))
    for name, frame in (("first", 0), ("last", 9), ("fix", 7)):
        write_mask(tmp_path / f"{name}.png", labels(frame))
    return tmp_path


def commands(number: int) -> list[list[str]]:
    """Those of a block, in words."""
    block = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)[number]
    return [shlex.split(line)[1:] for line in block.splitlines()]


def maps(folder: Path) -> Mapping[str, Labels]:
    return {path.stem: read_label_values(path) for path in sorted(folder.glob("*.png"))}


def test_corrections_run_without_the_first_mask(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    track, *corrections = commands(0)
    assert main(track) == 0
    (workplace / "first.png").unlink()
    said = []
    for words in corrections:
        assert main(words) == 0, words
        said += re.findall(r"(\d+) frames? computed again", capsys.readouterr().out)
    assert len(said) == len(corrections), "how many frames, each time"
    assert int(said[0]) >= FRAMES - 7
    after = maps(workplace / "out/clip/masks")
    assert np.array_equal(after["00005"], labels(7)), "to the pixel"
    assert np.array_equal(after["00007"], labels(7))
    assert not after["00009"].any(), "the object is not there"
    for name, described in re.findall(r"^\| `(\w+/<frame>.png)` \|(.*)", TEXT, re.MULTILINE):
        assert (workplace / "out/clip" / name.replace("<frame>", "00000")).is_file(), described


def test_both_ways_run(workplace: Path) -> None:
    both, back = commands(1)
    assert main(both) == 0
    assert main(back) == 0
    assert np.array_equal(maps(workplace / "out/both/masks")["00009"], labels(9))
    assert maps(workplace / "out/back/masks")["00000"].any(), "answered backwards"
    assert not maps(workplace / "out/back/masks")["00011"].any(), "nothing behind the mask"


def test_the_example_runs_and_its_folder_is_as_described(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names = {"first": labels(0), "fix": labels(7)}
    exec(compile(code, "sessions.md", "exec"), names)
    recomputed, shape = capsys.readouterr().out.split(maxsplit=1)
    assert int(recomputed) > 0
    assert shape.strip() == str(SIZE)
    folder = workplace / "out/session"
    paths = re.findall(r"`((?:masks|_session)/[\w./<>]*)`", TEXT.partition("## What lies")[2])
    assert len(paths) == 5
    for path in paths:
        assert (folder / path.replace("<frame>", "00007")).exists(), path

    # The folder may be copied, moved and gone on with.
    shutil.copytree(folder, workplace / "elsewhere")
    (workplace / "elsewhere/masks/00002.png").unlink()
    with segue.Session.open(workplace / "elsewhere") as session:
        assert session.run().answered >= 1
        assert session.result(2).labels.any()
        with pytest.raises(segue.SegueError, match=f"Process {os.getpid()} is working"):
            segue.Session.open(workplace / "elsewhere", session.model)


def test_methods_and_numbers_are_those_of_the_code() -> None:
    part = TEXT.partition("| method |")[2].partition("\n\n")[0]
    methods = re.findall(r"`(\w+)\(", part)
    assert len(methods) == 9
    assert all(callable(getattr(segue.Session, name)) for name in methods)
    assert hasattr(segue.Session, "__iter__")
    assert f"every {KEY_FRAMES} frames" in TEXT
    budget = inspect.signature(segue.Session).parameters["disk_mb"].default
    assert f"({budget} MB)" in TEXT
    assert f"or {Options().checkpoint_seconds:.0f} seconds" in TEXT
    said = {f"`{event.__name__}`" for event in get_args(events.Event)}
    assert all(name in TEXT for name in said)


def test_options_exist(capsys: pytest.CaptureFixture[str]) -> None:
    said = ""
    for verb in ("track", "correct"):
        with pytest.raises(SystemExit):
            main([verb, "--help"])
        said += capsys.readouterr().out
    options = set(re.findall(r"(--[a-z][a-z-]*)", TEXT))
    assert len(options) == 9
    assert {option for option in options if option not in said} == set()
