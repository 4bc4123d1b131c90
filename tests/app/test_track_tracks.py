"""``segue track --layout kitti-mots``: tracks of a street, given where they appear."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segue.app.cli.main import main
from segue.data.mots_text import read_mots
from segue.evaluation.run import evaluate
from segue.media.label_file import read_label_values

COLOURS = {1007: (220, 30, 30), 1002: (30, 220, 30), 1011: (30, 30, 220), 2003: (220, 220, 30)}
SIZES = {"0000": (37, 124), "0001": (37, 122), "0002": (36, 123)}
"""Those of KITTI, a tenth of them."""


def street(size_hw: tuple[int, int], *ids: int) -> np.ndarray:
    labels = np.zeros(size_hw, np.uint16)
    for place, i in enumerate(ids):
        labels[10:20, 5 + 20 * place : 20 + 20 * place] = i
    return labels


FILMS: dict[str, list[tuple[int, ...]]] = {
    "0000": [(10000, 2003), (1007, 2003), (1007, 2003, 1002), (1002, 1011), (1002, 1011)],
    "0001": [(1011,), (1011,), (1011,), (1011,), (1011,)],
    "0002": [(2003,), (10000,), (2003,), (2003,), ()],
}


@pytest.fixture
def kitti(tmp_path: Path) -> Path:
    root = tmp_path / "kitti"
    for name, film in FILMS.items():
        for folder in ("instances", "image_02"):
            (root / folder / name).mkdir(parents=True)
        for index, ids in enumerate(film):
            labels = street(SIZES[name], *ids)
            frame = np.full((*labels.shape, 3), 120, np.uint8)
            for i, colour in COLOURS.items():
                frame[labels == i] = colour
            Image.fromarray(labels).save(root / f"instances/{name}/{index:06}.png")
            Image.fromarray(frame).save(root / f"image_02/{name}/{index:06}.png")
    lines = (f"{name} empty 000000 {len(film) - 1:06}\n" for name, film in FILMS.items())
    (root / "val.seqmap").write_text("".join(lines))
    return root


def track(root: Path, out: Path, *more: str) -> int:
    place = ["--layout", "kitti-mots", "--root", str(root), "--out", str(out)]
    return main(["track", *place, "--model", "colour", *more])


def test_cars_as_text_and_as_png(kitti: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert track(kitti, out, "--class", "car") == 0
    for name, film in FILMS.items():
        text = read_mots(out / f"{name}.txt")
        for index, ids in enumerate(film):
            cars = sorted(i for i in ids if i // 1000 == 1)
            written = read_label_values(out / f"{name}/{index:06}.png")
            assert written.shape == SIZES[name]
            found = [m.track_id for m in text.get(index, ())]
            assert np.unique(written[written > 0]).tolist() == found
            assert set(cars) <= set(found)
    # Nothing before the first car, and a sequence without one is empty.
    assert 0 not in read_mots(out / "0000.txt")
    assert (out / "0002.txt").read_text() == ""
    sources = json.loads((out / "_run/0000/tracks.json").read_text())["sources"]
    assert sources == {"1": "track 1007", "2": "track 1002", "3": "track 1011"}


def test_all_classes_unless_one_is_named(kitti: Path, tmp_path: Path) -> None:
    assert track(kitti, tmp_path / "out") == 0
    ids = {m.track_id for ms in read_mots(tmp_path / "out/0002.txt").values() for m in ms}
    assert ids == {2003}


@pytest.mark.parametrize("protocol", ["kitti-mots", "kitti-mots-by-sequence"])
def test_both_forms_score_alike(kitti: Path, tmp_path: Path, protocol: str) -> None:
    assert track(kitti, tmp_path / "out", "--class", "car") == 0
    text = evaluate(tmp_path / "out", kitti, protocol)
    for path in (tmp_path / "out").glob("*.txt"):
        path.unlink()
    assert evaluate(tmp_path / "out", kitti, protocol).tables == text.tables
    car = next(table for table in text.tables if table.title == "car").summary
    assert car["recall"] == 100
    assert text.num_frames == 15


def test_it_goes_on_where_it_was(kitti: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert track(kitti, out) == 0
    before = {path: path.read_bytes() for path in out.glob("*.txt")}
    next(iter(before)).unlink()
    assert track(kitti, out, "--resume") == 0
    assert {path: path.read_bytes() for path in out.glob("*.txt")} == before


def test_results_of_others_are_not_written_over(
    kitti: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "0001.txt").write_text("mine")
    for more in ((), ("--overwrite",)):
        assert track(kitti, out, *more) == 2
        assert "0001.txt is in the way" in capsys.readouterr().err
    assert (out / "0001.txt").read_text() == "mine"
    (out / "0001.txt").unlink()
    assert track(kitti, out) == 0
    assert track(kitti, out, "--overwrite") == 0


def test_what_cannot_be(kitti: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (kitti / "val.seqmap").write_text("0002 empty 000000 000004\n")
    assert track(kitti, tmp_path / "out", "--class", "car") == 2
    assert "None of the 1 sequences shows an object to follow" in capsys.readouterr().err
    words = ["--layout", "davis2017", "--root", str(kitti), "--out", str(tmp_path / "out")]
    assert main(["track", *words, "--class", "car", "--model", "colour"]) == 2
    assert "have no class. Leave out --class" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("merging", ["surest", "area-stability"])
@pytest.mark.parametrize("rules", [[], ["when_empty=drop", "later=predicted"]])
def test_rvos_by_both_rules(kitti: Path, tmp_path: Path, merging: str, rules: list[str]) -> None:
    out = tmp_path / "out"
    words = ["random_weights=true", "size_hw=[32,96]", f"merging={merging}", *rules]
    place = ["--layout", "kitti-mots", "--root", str(kitti), "--out", str(out), "--class", "car"]
    assert main(["track", *place, "--model", "rvos-lite", *words]) == 0
    given = [m.track_id for m in read_mots(out / "0000.txt").get(1, ())]
    assert given == [1007]
    assert evaluate(out, kitti, "kitti-mots").tables
