"""``segue export``, and its folder as ``--model`` of ``segue label``, through the real command line."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fakes import exportable
from fakes.scenes import write_frames
from segue.app.cli.main import main
from segue.models.catalog import MODELS


@pytest.fixture(autouse=True)
def tiny_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, exportable.NAME, exportable.ENTRY)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames, weights, an export of them, and the labels without it."""
    folder = tmp_path_factory.mktemp("place")
    write_frames(folder / "frames", 3)
    weights = exportable.write(folder / "own.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, exportable.NAME, exportable.ENTRY)
        words = [exportable.NAME, "--weights", str(weights), "--out", str(folder / "made")]
        assert main(["export", *words, "share=0.4"]) == 0
        plain = ["--model", exportable.NAME, "--weights", str(weights), "--no-overlay", "share=0.4"]
        assert main(["label", str(folder / "frames"), *plain, "--out", str(folder / "plain")]) == 0
    return folder


def label(place: Path, out: Path, *words: str, model: Path | None = None) -> int:
    words = ("--model", str(model or place / "made"), "--no-overlay", *words)
    return main(["label", str(place / "frames"), "--out", str(out), *words])


def labels(out: Path) -> np.ndarray:
    return np.stack([np.array(Image.open(path)) for path in sorted((out / "labels").iterdir())])


def refused(said: str, capsys: pytest.CaptureFixture[str]) -> bool:
    error = capsys.readouterr().err
    assert error.count("segue: error:") == 1
    assert "Traceback" not in error
    return said in error


def test_a_folder_is_a_model(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert label(place, tmp_path / "out") == 0
    assert np.array_equal(labels(tmp_path / "out"), labels(place / "plain"))
    record = json.loads((tmp_path / "out/run.json").read_text())
    assert record["model"] == exportable.NAME
    assert record["settings"]["share"] == 0.4
    assert record["export"] == {
        "folder": str(place / "made"),
        "format": "openvino",
        "precision": "fp32",
    }
    assert "exported in" in capsys.readouterr().err


def test_a_run_goes_on_with_the_same_export_only(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert label(place, out) == 0
    assert label(place, out, "--resume") == 0
    assert "complete already" in capsys.readouterr().out
    other = shutil.copytree(place / "made", tmp_path / "other")
    path = other / "manifest.json"
    path.write_text(path.read_text() + "\n")
    assert label(place, out, "--resume", model=other) == 2
    assert refused("export was", capsys)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--weights", "other.safetensors"), "the weights are in the graphs"),
        (("--device", "cuda"), "compute on the CPU"),
        (("backend=torch",), "backend=torch cannot be set"),
        (("precision=int8",), "precision=int8 cannot be set"),
    ],
)
def test_what_does_not_go_with_an_export(
    place: Path,
    tmp_path: Path,
    words: tuple[str, ...],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert label(place, tmp_path / "out", *words) == 2
    assert refused(said, capsys)


def test_a_folder_that_is_no_export(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert label(place, tmp_path / "out", model=tmp_path / "not-there") == 2
    assert refused("is no export", capsys)
    assert label(place, tmp_path / "out", model=place / "frames") == 2
    assert refused("segue export MODEL --out DIR", capsys)


def test_a_model_of_another_kind_is_refused_by_its_name(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["track", str(place / "frames"), "--model", str(place / "made")]
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    assert refused(f"'{exportable.NAME}' names the class of every pixel", capsys)


def test_a_graph_that_fails_its_probe_is_refused_before_any_work(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = shutil.copytree(place / "made", tmp_path / "spoilt")
    said = json.loads((spoilt / "manifest.json").read_text())
    said["probe"]["tolerance"] = -1.0
    (spoilt / "manifest.json").write_text(json.dumps(said))
    assert label(place, tmp_path / "out", model=spoilt) == 2
    assert refused("The graph look fails its probe on this computer", capsys)
    assert not (tmp_path / "out").exists()
    assert main(["doctor", str(spoilt)]) == 2
    assert "wrong:" in capsys.readouterr().out


def test_what_was_written_is_told(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["export", exportable.NAME, "--out", str(place / "again"), "--json"]
    assert main([*words, "--weights", str(place / "own.safetensors")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["agreement"] == 1
    assert document["bytes"] == sum(
        path.stat().st_size for path in (place / "again").rglob("*") if path.is_file()
    )
    assert document["manifest"]["model"] == exportable.NAME
    assert main([*words[:-1], "--weights", str(place / "own.safetensors")]) == 2
    assert refused("holds an export already. Give another folder", capsys)


def test_one_model_is_exported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--out", "made"]) == 2
    assert refused("Give one MODEL (got: none)", capsys)
    assert main(["export", "segue-lit", "--out", "made"]) == 2
    assert refused("Did you mean 'segue-lite'?", capsys)
