"""ONNX Runtime computes what OpenVINO does."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from fakes import exportable
from segue.errors import SettingsError, WeightsError
from segue.exporting import writing
from segue.exporting.loading import load_exported, open_export
from segue.exporting.writing import Exported, export_model
from segue.nn.exported.graphs import open_graph

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("onnx")
    weights = exportable.write(folder / "own.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        from segue.models.catalog import MODELS

        patch.setitem(MODELS, exportable.NAME, exportable.ENTRY)
        export_model(exportable.NAME, folder / "made", weights=weights, graph_format="onnx")
    return folder / "made"


def test_both_compute_the_same_from_the_same_probe(
    onnx: Path, written: tuple[Path, Exported]
) -> None:
    there = open_export(onnx).manifest
    assert set(there.graphs) == set(written[1].manifest.graphs)
    probe = load_file(onnx / there.probe.file)
    for name, record in there.graphs.items():
        inputs = [probe[f"{name}/inputs/{port.name}"] for port in record.inputs]
        other = written[1].manifest.graphs[name]
        found = open_graph(onnx / record.file, "onnx")(*inputs)
        expected = open_graph(written[0] / other.file, "openvino")(*inputs)
        for one, two in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-5)


def test_an_export_for_onnx_runtime_is_a_model(onnx: Path) -> None:
    assert load_exported(onnx).name == exportable.NAME


def test_a_graph_that_onnx_runtime_cannot_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "look.onnx").write_bytes(b"no graph")
    with pytest.raises(WeightsError, match=r"The graph look.onnx .*ONNX Runtime cannot use it"):
        open_graph(tmp_path / "look.onnx", "onnx")


def test_without_onnx_runtime_the_message_says_what_to_install(
    onnx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(SettingsError, match=r"pip install 'segue\[onnx\]'"):
        load_exported(onnx)
    monkeypatch.setattr(writing, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'segue\[onnx\]'"):
        export_model(exportable.NAME, onnx / "other", graph_format="onnx")
