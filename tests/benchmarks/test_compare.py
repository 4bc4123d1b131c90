"""The script that compares models, with tiny models in this process."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

from fakes.davis import moving_square, write_davis
from segue.app.cli.main import main
from segue.media.masks import write_mask
from segue.models.catalog import MODELS, Entry

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The script, whose results go to a folder of the test, with two models that ship."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import compare
    import record

    for name in ("colour", "g-colour"):
        build = "gated_models:build_colour" if name == "g-colour" else "colour_model:build"
        monkeypatch.setitem(MODELS, name, Entry(f"fakes.{build}", "", gated=name == "g-colour"))
    shipped = {"colour", "g-colour", "g-colour.int8"}
    monkeypatch.setattr(compare, "ships", shipped.__contains__)
    monkeypatch.setattr(compare, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    return compare


@pytest.fixture
def options(tmp_path: Path) -> argparse.Namespace:
    """Two sequences of one object, and a clip of two."""
    squares = {name: moving_square(5, start) for name, start in (("bear", 2), ("crow", 8))}
    root = write_davis(tmp_path / "davis", squares)
    folder = tmp_path / "many" / "Annotations" / "girls"
    folder.mkdir(parents=True)
    labels = moving_square(5)
    with av.open(str(tmp_path / "many/girls.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.height, stream.width, stream.pix_fmt = 40, 60, "yuv420p"
        for index, frame in enumerate(labels):
            frame = frame + 2 * np.roll(frame, (14, 20), (0, 1))
            write_mask(folder / f"{index:05}.png", frame)
            picture = np.stack([60 * frame, 100 * (frame == 1), 120 * (frame == 2)], axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture.astype(np.uint8))))
        container.mux(stream.encode(None))
    several = tmp_path / "many/girls.mp4"
    return argparse.Namespace(root=root, several=several, threads=1, again=False)


def here(called: list[list[str]]) -> Callable[[list[str]], None]:
    """``segue track`` in this process, which knows the tiny models."""

    def do(words: list[str]) -> None:
        called.append(words)
        assert main(["track", *words]) == 0

    return do


def test_rows_are_models_that_ship_with_presets_that_change_something(script: ModuleType):
    found = [(row.model, row.preset, row.options) for row in script.rows()]
    assert found == [
        ("colour", "balanced", ()),
        ("colour", "fast", ("--quality", "fast")),
        ("g-colour", "best", ("--quality", "best")),
        ("g-colour", "balanced", ()),
        ("g-colour", "fast", ("--quality", "fast")),
        ("g-colour", "int8", ("precision=int8",)),
    ]
    assert {row.model for row in script.rows(["colour"])} == {"colour"}


def test_a_row_holds_quality_and_time_of_the_same_run(
    script: ModuleType, options: argparse.Namespace, tmp_path: Path
):
    called: list[list[str]] = []
    row = next(script.rows(["g-colour"]))
    script.compare([row], options, here(called))
    document = json.loads((tmp_path / "results/compare/g-colour-best.json").read_text())
    assert document["settings"]["model"] == "g-colour"
    assert document["settings"]["clip"] == "girls.mp4"
    one, several = document["results"]["one"], document["results"]["several"]
    assert (one["objects"], one["frames"]) == (1, 10)
    assert (several["objects"], several["frames"]) == (2, 5)
    assert one["J&F"] > 60
    assert several["J&F"] > 60
    assert 0 < one["model_ms"] < 1000
    assert 0 < one["pipeline_ms"] < 5000
    assert all(words[-2:] == ["--quality", "best"] for words in called)
    assert len(called) == 4


def test_rows_that_are_there_are_kept(
    script: ModuleType, options: argparse.Namespace, tmp_path: Path, capsys
):
    row = next(script.rows(["colour"]))
    path = tmp_path / "results" / f"{row.name}.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    script.compare([row], options, here([]))
    assert path.read_text() == "{}"
    assert "there already" in capsys.readouterr().out
    options.again = True
    script.compare([row], options, here([]))
    assert json.loads(path.read_text())["results"]["one"]["frames"] == 10


def test_rows_become_a_table_and_a_picture(script: ModuleType, tmp_path: Path):
    import render_models
    import scatter

    (tmp_path / "compare").mkdir()
    for preset, ms, begun in (
        ("fast", 20.0, "2026-01-01T10:00"),
        ("best", 70.0, "2026-01-02T10:00"),
    ):
        half = {"J&F": 80.0 + ms / 10, "pipeline_ms": ms, "model_ms": ms - 2, "frames": 9}
        document = {
            "machine": "Some machine",
            "threads": 2,
            "versions": {"torch": "2"},
            "settings": {
                "model": "colour",
                "preset": preset,
                "options": [] if preset == "best" else ["--quality", preset],
                "root": "davis",
                "clip": "girls.mp4",
                "begun": begun,
            },
            "results": {"one": {**half, "objects": 1}, "several": {**half, "objects": 7}},
        }
        (tmp_path / f"compare/colour-{preset}.json").write_text(json.dumps(document))
    rows = render_models.read_rows(tmp_path / "compare", ["other", "colour"])
    assert list(rows) == ["colour best", "colour fast"]
    page = render_models.comparison(rows, "images/x.png")
    assert "| colour | `--quality fast` | 82.0 | 20.0 | 18.0 | 82.0 | 20.0 | 18.0 |" in page
    assert "J&F, 7 objects" in page
    assert "(images/x.png)" in page
    assert "from 2 runs, begun 2026-01-01T10:00, 2026-01-02T10:00" in page
    scatter.draw(rows, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"
