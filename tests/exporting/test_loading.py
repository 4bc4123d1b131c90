"""Exports that are not whole, or do not compute here what was exported."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fakes import exportable
from segue.errors import NotFoundError, SettingsError, WeightsError
from segue.exporting import loading
from segue.exporting.loading import is_export, load_exported, open_export
from segue.exporting.writing import Exported
from segue.nn import weights as weights_module
from segue.nn.exported import probe
from segue.nn.exported.backend import graph_name


@pytest.fixture
def folder(tmp_path: Path, written: tuple[Path, Exported]) -> Path:
    return Path(shutil.copytree(written[0], tmp_path / "made"))


def change(folder: Path, **values: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def spoil_probe(folder: Path) -> None:
    """Nothing is near enough any more."""
    said = json.loads((folder / "manifest.json").read_text())["probe"]
    change(folder, probe={**said, "tolerance": -1.0})


def test_folders_that_are_no_export(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"is no export: there is no manifest.json") as caught:
        open_export(tmp_path)
    assert "segue export MODEL" in caught.value.option
    (tmp_path / "manifest.json").write_text('{"name": "an app"}')
    with pytest.raises(NotFoundError, match="is of something else"):
        open_export(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "\ud83d", "[]"])
def test_a_damaged_manifest(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises((WeightsError, NotFoundError), match=r"manifest.json"):
        open_export(folder)


def test_a_manifest_with_a_wrong_value_names_it(folder: Path) -> None:
    change(folder, graphs={"look": {"file": 3}})
    with pytest.raises(WeightsError, match=r"is damaged \(graphs.look.file"):
        open_export(folder)


def test_a_newer_format(folder: Path) -> None:
    change(folder, version=2, precision="fp4")
    with pytest.raises(WeightsError, match=r"format 2, .* reads formats up to 1. Update Segue"):
        open_export(folder)


def test_a_model_that_this_version_does_not_have(folder: Path) -> None:
    change(folder, model="segue-huge")
    with pytest.raises(SettingsError, match="No model 'segue-huge'"):
        open_export(folder)


@pytest.mark.parametrize("name", ["look.bin", "constants/own.safetensors", "probe.safetensors"])
def test_a_file_that_is_missing_or_changed_is_named(folder: Path, name: str) -> None:
    path = folder / name
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(WeightsError, match=f"{name} is not the file that was exported"):
        open_export(folder)
    path.unlink()
    with pytest.raises(WeightsError, match=f"{name} is missing"):
        open_export(folder)


def test_a_graph_that_fails_its_probe_is_named_and_nothing_stands_in(folder: Path) -> None:
    spoil_probe(folder)
    with pytest.raises(WeightsError, match=r"graph look fails its probe .* Nothing else here"):
        load_exported(folder)
    assert load_exported(folder, probe=False).name == exportable.NAME


def test_the_installed_model_with_the_same_weights_stands_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = folder.parent / "own.safetensors"
    exportable.write(own)
    monkeypatch.setattr(weights_module, "shipped_weights", lambda name: own)
    spoil_probe(folder)
    with pytest.warns(RuntimeWarning, match=r"fails its probe .* of this installation computes"):
        model = load_exported(folder)
    assert model.settings.backend == "torch"


def test_other_weights_do_not_stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = folder.parent / "own.safetensors"
    other.write_bytes(b"other")
    monkeypatch.setattr(weights_module, "shipped_weights", lambda name: other)
    spoil_probe(folder)
    with pytest.raises(WeightsError, match="Nothing else here"):
        load_exported(folder)


def test_a_probe_is_tried_once_and_again_where_something_changed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    original = probe.try_probes

    def counted(*arguments: Any) -> Any:
        tried.append(1)
        return original(*arguments)

    monkeypatch.setattr(probe, "try_probes", counted)
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path / "cache"))
    for expected in (1, 1):
        load_exported(folder)
        assert len(tried) == expected
    monkeypatch.setattr(probe, "machine", lambda: "another")
    load_exported(folder)
    assert len(tried) == 2
    spoil_probe(folder)  # a failure is not remembered
    for expected in (3, 4):
        with pytest.raises(WeightsError, match="probe"):
            load_exported(folder)
        assert len(tried) == expected


def test_a_cache_that_cannot_be_written_costs_one_warning(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path / "file"))
    with pytest.warns(RuntimeWarning, match=r"result of a probe cannot be kept .* SEGUE_CACHE"):
        assert load_exported(folder).name == exportable.NAME


def test_which_words_are_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made").mkdir()
    (tmp_path / "segue-lite").mkdir()
    assert is_export("made")
    assert is_export("./not-there")
    assert not is_export("segue-lite")
    assert not is_export("segue-lit")


def test_a_graph_goes_by_the_name_of_its_class() -> None:
    assert graph_name(exportable.TellClasses(exportable.network())) == "tell_classes"
    assert loading.is_export.__doc__
