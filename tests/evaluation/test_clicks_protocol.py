import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from fakes.clickers import ColourClicker, untrained_weights
from fakes.davis import moving_square, write_davis
from segue.app.cli.main import main
from segue.errors import InputError, NotFoundError
from segue.evaluation.protocols import clicks
from segue.evaluation.run import evaluate
from segue.media.label_file import read_label_values
from segue.media.masks import write_mask
from segue.models.catalog import MODELS, Entry
from segue.nn.weights import shipped_weights


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    root = tmp_path / "stills"
    for name in ("JPEGImages", "Annotations"):
        (root / name).mkdir(parents=True)
    for i in range(27):
        picture, labels = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), np.uint8)
        if i != 3:
            picture[10:30, 10 : 20 + i] = 200
            labels[10:30, 10 : 20 + i] = 1
        cv2.imwrite(str(root / f"JPEGImages/{i:02d}.png"), picture)
        write_mask(root / f"Annotations/{i:02d}.png", labels)
    return root


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of weights, in the place of which colours answer."""
    monkeypatch.setattr(clicks, "_model", lambda path: ColourClicker())
    path = untrained_weights(tmp_path / "w.safetensors")
    monkeypatch.setattr(clicks, "_shipped", lambda: path)
    return path


def test_clicks_on_stills(stills: Path, weights: Path) -> None:
    report = evaluate(weights, stills, "clicks")
    assert report.summary["NoC@85"] == report.summary["NoC@90"] == 1
    assert report.summary["items"] == 26
    assert report.summary["failures@90"] == 0
    assert report.summary["IoU@1"] == 1
    assert list(report.tables[0].rows) == ["00 to 24", "25 to 26"]
    notes = " ".join(report.tables[0].notes)
    assert "1 pictures were left out" in notes
    assert "Weights: sha256" in notes
    assert "with 1 threads" in notes or "threads" in notes


def test_the_name_of_the_model_stands_for_its_weights(stills: Path, weights: Path) -> None:
    assert evaluate("segue-click", stills, "clicks").summary["NoC@90"] == 1
    with pytest.raises(InputError, match=r"expected segue-click, or a \.safetensors file"):
        evaluate("masks", stills, "clicks")


def test_every_tenth_frame_of_a_film(tmp_path: Path, weights: Path) -> None:
    films = {name: moving_square(21, size_hw=(64, 96)) for name in ("goat", "bear")}
    root = write_davis(tmp_path / "davis", films, split="val")
    report = evaluate(weights, root, "clicks-box")
    assert {name: row["items"] for name, row in report.tables[0].rows.items()} == {
        "goat": 3,
        "bear": 3,
    }
    assert report.sequences


def test_random_users_do_not_click_the_middle(stills: Path, weights: Path) -> None:
    report = evaluate(weights, stills, "clicks-random")
    assert report.summary["items"] == 26 * 5
    assert any("5 users: 1.00" in note for note in report.tables[0].notes)


def test_masks_to_correct(stills: Path, weights: Path, tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    for i in range(27):
        labels = np.zeros((40, 60), np.uint8)
        labels[10:25, 10 : 20 + i] = 1
        write_mask(masks / f"{i:02d}.png", labels)
    report = evaluate(masks, stills, "clicks-correct")
    assert report.summary["items"] == 26
    assert report.summary["NoC@90"] == 1
    (masks / "05.png").unlink()
    with pytest.raises(NotFoundError, match=r"No mask to correct for .*05\.png"):
        evaluate(masks, stills, "clicks-correct")


def test_what_was_tracked_is_corrected(
    tmp_path: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From a model's results to the clicks that they need: two commands, nothing between."""
    monkeypatch.setitem(MODELS, "colour", Entry("fakes.colour_model:build", "for tests"))
    monkeypatch.chdir(tmp_path)
    films = {name: moving_square(21, size_hw=(64, 96)) for name in ("goat", "bear")}
    root = write_davis(tmp_path / "davis", films, split="val")
    layout = ["--layout", "davis2016", "--root", str(root), "--model", "colour"]
    assert main(["track", *layout, "--out", "tracked"]) == 0
    spoilt = [Path(f"tracked/{name}/{i:05d}.png") for name in films for i in (0, 10, 20)]
    for path in spoilt[1:]:
        labels = read_label_values(path).copy()
        rows = np.flatnonzero(labels.any(1))
        labels[rows[: round(0.3 * len(rows))]] = 0
        write_mask(path, labels)
    capsys.readouterr()
    words = ["--protocol", "clicks-correct", "--json", "-"]
    assert main(["evaluate", "tracked", str(root), *words]) == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert summary["items"] == 5, "the mask that is right already is left out"
    assert 1 <= summary["NoC@90"] < 3
    assert summary["failures@90"] == 0

    video = [str(root / "JPEGImages/480p/goat"), "--mask", str(spoilt[0]), "--model", "colour"]
    assert main(["track", *video, "--out", "goat"]) == 0
    for i in (0, 10, 20):
        shutil.copy(f"tracked/goat/{i:05d}.png", "goat/masks")
    capsys.readouterr()
    assert main(["evaluate", "goat", str(root), *words]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["items"] == 2
    shutil.rmtree("tracked/bear")
    assert main(["evaluate", "tracked", str(root), *words]) == 2
    assert "segue track --layout davis2016" in capsys.readouterr().err


def test_through_the_command_line(
    stills: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    words = ["evaluate", str(weights), str(stills), "--protocol", "clicks", "--html", str(page)]
    assert main(words) == 0
    assert "NoC@90" in capsys.readouterr().out
    assert "NoC@90" in page.read_text()


def test_the_real_model_answers(stills: Path, tmp_path: Path) -> None:
    path = untrained_weights(tmp_path / "untrained.safetensors")
    (tmp_path / "few").mkdir()
    for name in ("JPEGImages", "Annotations"):
        (tmp_path / "few" / name).mkdir()
        source = stills / name / "20.png"
        (tmp_path / "few" / name / "20.png").write_bytes(source.read_bytes())
    report = evaluate(path, tmp_path / "few", "clicks")
    assert 1 <= report.summary["NoC@90"] <= 20


@pytest.mark.real
def test_clicks_on_real_stills(shared: Path) -> None:
    if not shipped_exists():
        pytest.skip("no weights of segue-click ship")
    report = evaluate("segue-click", shared / "data/stills/ecssd_val", "clicks")
    assert report.summary["NoC@85"] < 4.5, "GrabCut"


def shipped_exists() -> bool:
    try:
        shipped_weights("segue-click")
    except InputError:
        return False
    return True
