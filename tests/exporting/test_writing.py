"""What an export holds, that its graphs compute what the network does, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from fakes import exportable
from segue.errors import OutputError, SettingsError, WeightsError
from segue.exporting.examples import EXAMPLES, Example, show
from segue.exporting.loading import load_exported
from segue.exporting.writing import Exported, export_model
from segue.models.catalog import load_model
from segue.nn.exported.graphs import open_graph
from segue.nn.exported.manifest import read_manifest
from segue.nn.exported.probe import worst

NAME = exportable.NAME


def test_the_manifest_says_what_goes_in_and_comes_out(written: tuple[Path, Exported]) -> None:
    folder, exported = written
    manifest = read_manifest(folder)
    assert manifest == exported.manifest
    look, tell = manifest.graphs["look"], manifest.graphs["tell_classes"]
    assert [(p.name, p.dtype, p.shape) for p in look.inputs] == [
        ("frames", "uint8", (1, None, None, 3))
    ]
    assert [port.name for port in tell.inputs] == ["features", "memory_0"]
    assert [(p.dtype, p.shape) for p in tell.outputs] == [
        ("float32", (1, 3, None, None)),
        ("uint8", (1, None, None)),
    ]
    assert set(exported.differences) == {"look", "tell_classes"}
    assert exported.agreement == 1


def test_only_what_no_graph_holds_is_a_constant(written: tuple[Path, Exported]) -> None:
    folder, _ = written
    with safe_open(folder / "constants/own.safetensors", framework="np") as file:
        assert list(file.keys()) == ["gain"]


def test_graphs_compute_the_probe_and_other_sizes(written: tuple[Path, Exported]) -> None:
    folder, exported = written
    probe = load_file(folder / exported.manifest.probe.file)
    record = exported.manifest.graphs["look"]
    graph = open_graph(folder / record.file, "openvino")
    assert worst(graph, [probe["look/inputs/frames"]], [probe["look/outputs/look_0"]]) < 1e-5
    (found,) = graph(np.zeros((1, 5, 7, 3), np.uint8))
    assert found.shape == (1, 4, 5, 7)


def test_the_export_answers_as_the_model_does(written: tuple[Path, Exported]) -> None:
    """On a video of another size than the export was tried with, with constants from its own folder."""
    folder, _ = written
    example = Example((40, 64), 2)
    expected = show(load_model(NAME, weights=folder.parent / "own.safetensors"), example)
    found = show(load_exported(folder), example)
    assert len(found) == len(expected) > 3
    for one, other in zip(found, expected, strict=True):
        assert np.mean(one.labels == other.labels) > 0.999


def test_settings_of_the_export_are_kept_and_may_be_changed(tmp_path: Path) -> None:
    weights = exportable.write(tmp_path / "own.safetensors")
    given = {"share": 0.25, "backend": "openvino"}
    exported = export_model(NAME, tmp_path / "made", weights=weights, settings=given)
    assert exported.manifest.settings == {"share": 0.25}
    assert load_exported(tmp_path / "made").settings.share == 0.25
    assert load_exported(tmp_path / "made", settings={"share": 0.75}).settings.share == 0.75
    for key in ("backend", "precision"):
        with pytest.raises(SettingsError, match=f"{key}=.* cannot be set for .*fp32 for openvino"):
            load_exported(tmp_path / "made", settings={key: "torch"})


def test_constants_are_no_weights(written: tuple[Path, Exported]) -> None:
    path = written[0] / "constants/own.safetensors"
    with pytest.raises(WeightsError, match="only the constants of an export"):
        load_model(NAME, weights=path)


def test_bytes_are_smaller_and_close_to_their_imitation(tmp_path: Path) -> None:
    weights = exportable.write(tmp_path / "own.safetensors")
    exported = export_model(NAME, tmp_path / "made", weights=weights, precision="int8")
    assert exported.manifest.precision == "int8"
    assert max(exported.differences.values()) < 0.03
    assert "FakeQuantize" in (tmp_path / "made/look.xml").read_text()


def test_half_precision_halves_the_weights(tmp_path: Path, written: tuple[Path, Exported]) -> None:
    weights = exportable.write(tmp_path / "own.safetensors")
    export_model(NAME, tmp_path / "made", weights=weights, precision="fp16")
    half = (tmp_path / "made/look.bin").stat().st_size
    assert half < 0.7 * (written[0] / "look.bin").stat().st_size


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("leaks", "labels .* of the pixels of a small video as the model does"),
        ("fixed", r"The graph look does not compute .* for inputs of 1x\d+x\d+x3"),
        ("unknown", "The network look cannot be converted for openvino"),
    ],
)
def test_what_an_export_cannot_hold_is_refused(tmp_path: Path, fault: str, said: str) -> None:
    weights = exportable.write(tmp_path / "own.safetensors")
    with pytest.raises(WeightsError, match=said):
        export_model(NAME, tmp_path / "made", weights=weights, settings={"fault": fault})
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("fault", "said"),
    [("twice", "Two parts of the model are called tell_classes"), ("graphless", "torch alone")],
)
def test_models_without_graphs_of_their_own_are_refused(
    tmp_path: Path, fault: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        export_model(NAME, tmp_path / "made", settings={"fault": fault})


def test_what_does_not_go_together_is_refused(
    tmp_path: Path, written: tuple[Path, Exported]
) -> None:
    with pytest.raises(SettingsError, match="ONNX graphs are written in fp32 or int8"):
        export_model(NAME, tmp_path / "made", precision="fp16", graph_format="onnx")
    with pytest.raises(SettingsError, match="float32 only"):
        export_model("rvos-lite", tmp_path / "made", precision="int8")
    shutil.copytree(written[0], tmp_path / "there")
    with pytest.raises(OutputError, match="holds an export already") as caught:
        export_model(NAME, tmp_path / "there")
    assert caught.value.option == "Pass --overwrite."
    before = json.loads((tmp_path / "there/manifest.json").read_text())
    export_model(NAME, tmp_path / "there", overwrite=True)
    assert json.loads((tmp_path / "there/manifest.json").read_text()) != before


def test_examples_have_sizes_that_differ_in_both_sides_and_other_numbers_of_objects() -> None:
    heights, widths = zip(*(example.size_hw for example in EXAMPLES), strict=True)
    counts = {example.objects for example in EXAMPLES}
    assert len({*heights}) == len({*widths}) == len(counts) == len(EXAMPLES)
    for example in EXAMPLES:
        *_, (frame, labels) = example.frames()
        assert frame.shape[:2] == labels.shape == example.size_hw
        assert set(np.unique(labels)) == set(range(example.objects + 1))
