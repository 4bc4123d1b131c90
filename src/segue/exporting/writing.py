"""From a model to a folder of graphs, constants and probes that other computers, and other programs, can run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from segue.errors import OutputError, SettingsError, WeightsError
from segue.exporting import clicking
from segue.exporting.constants import write_constants
from segue.exporting.conversion import write_graph
from segue.exporting.examples import EXAMPLES, Example, show
from segue.exporting.loading import Export, built, load_graphs
from segue.exporting.recording import RecordingBackend
from segue.files import replacing_folder, write_bytes, write_json
from segue.models.catalog import find
from segue.nn.backends.catalog import using
from segue.nn.exported.graphs import open_graph
from segue.nn.exported.manifest import (
    KIND,
    MANIFEST,
    SUFFIXES,
    VERSION,
    ExportPrecision,
    GraphFormat,
    GraphRecord,
    Manifest,
    ProbeRecord,
    digest_of,
    files_of,
)
from segue.nn.exported.probe import worst
from segue.nn.weights import Load, noting_loads
from segue.types import Labels

TOLERANCE: dict[ExportPrecision, float] = {"fp32": 1e-3, "fp16": 1e-2, "int8": 3e-2}
"""Largest difference of an output of a graph from what torch computes; see ``docs/export.md`` for what was measured."""
_SAME = 0.98
"""Share of pixels that the exported model has to label as the model does."""
_PROBE = "probe.safetensors"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    manifest: Manifest
    differences: Mapping[str, float]
    """Graph -> the largest difference from torch, on inputs of all shapes that were tried."""
    agreement: float
    """Share of pixels that the exported model labels as the model does, on small videos."""


def export_model(
    name: str,
    out: str | Path,
    *,
    weights: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    precision: ExportPrecision = "fp32",
    graph_format: GraphFormat = "openvino",
    overwrite: bool = False,
) -> Exported:
    """Write a model as graphs, and try them.

    Args:
        name: A model of the table.
        out: The folder; it appears complete or not at all.
        weights: As in ``load_model``.
        settings: As in ``load_model``; the export keeps them.
        precision: ``fp16`` halves the files, numbers are widened again when they are computed; ``int8`` computes
            convolutions in bytes.
        graph_format: What computes the graphs.
        overwrite: Whether an older export in ``out`` is replaced.

    Raises:
        SettingsError: No such model or setting; or the model has no graphs, or none of this precision and format.
        OutputError: ``out`` holds something else, or an export already.
        WeightsError: As in ``load_model``; or a graph cannot be converted, or computes something else.
        WriteError: The disk refuses.
    """
    out, weights = Path(out), None if weights is None else Path(weights)
    given = {k: v for k, v in (settings or {}).items() if k not in ("backend", "precision")}
    wanted = _Wanted(name, given, precision, graph_format)
    _refuse(wanted, out, overwrite)
    recorder = RecordingBackend()
    with using(recorder, whole=True), noting_loads() as loads:
        model = _built(wanted, weights)
    answers = [_answers(model, example) for example in EXAMPLES]
    if not recorder.used:
        raise SettingsError(f"{name} computes with torch alone, so it has no graphs to export.")
    with replacing_folder(out) as folder:
        differences = _write_graphs(recorder, folder, graph_format, precision)
        write_constants(loads, recorder.held(), folder)
        _write_probe(recorder, folder)
        manifest = _manifest(wanted, recorder, loads, folder)
        write_json(folder / MANIFEST, manifest.model_dump(mode="json"))
        agreement = _agreement(Export(folder, manifest), answers)
    return Exported(manifest, differences, agreement)


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: str
    settings: Mapping[str, Any]
    precision: ExportPrecision
    graph_format: GraphFormat


def _refuse(wanted: _Wanted, out: Path, overwrite: bool) -> None:
    find(wanted.name)
    if wanted.graph_format == "onnx" and wanted.precision == "fp16":
        raise SettingsError(
            "ONNX graphs are written in fp32 or int8. Choose one of them, or the format openvino for fp16."
        )
    if wanted.graph_format == "onnx" and not all(map(find_spec, ("onnx", "onnxruntime"))):
        raise SettingsError(
            "The packages onnx and onnxruntime write and try such graphs. Run: pip install 'segue[onnx]'."
        )
    if (out / MANIFEST).exists() and not overwrite:
        raise OutputError(
            f"{out} holds an export already. Give another folder, or let it be replaced.",
            option="Pass --overwrite.",
        )


def _built(wanted: _Wanted, weights: Path | None) -> Any:
    if wanted.precision != "int8":
        return built(wanted.name, weights, wanted.settings)
    try:
        return built(wanted.name, weights, {**wanted.settings, "precision": "int8"})
    except SettingsError as error:
        if "'precision'" not in str(error):
            raise
        raise SettingsError(
            f"{wanted.name} computes in float32 only, so it cannot be exported in int8. Choose fp32 or fp16."
        ) from None


def _manifest(
    wanted: _Wanted, recorder: RecordingBackend, loads: Sequence[Load], folder: Path
) -> Manifest:
    """What is said of the files in a folder."""
    return Manifest(
        kind=KIND,
        version=VERSION,
        model=wanted.name,
        graph_format=wanted.graph_format,
        precision=wanted.precision,
        settings=_kept(wanted.name, wanted.settings),
        graphs=_records(recorder, wanted.graph_format),
        probe=ProbeRecord(file=_PROBE, tolerance=TOLERANCE[wanted.precision]),
        weights={load.path.stem: digest_of(load.path) for load in loads},
        files=dict(files_of(folder)),
        versions=_versions(),
    )


def _write_graphs(
    recorder: RecordingBackend,
    folder: Path,
    graph_format: GraphFormat,
    precision: ExportPrecision,
) -> dict[str, float]:
    """Write the graphs, and compute every call once more with what will compute them."""
    found = {}
    for name, recorded in recorder.used.items():
        file = write_graph(recorded, folder, graph_format, precision)
        graph = open_graph(folder / file, graph_format)
        found[name] = 0.0
        for call in recorded.calls:
            inputs, outputs = ([t.numpy() for t in ts] for ts in (call.inputs, call.outputs))
            apart = worst(graph, inputs, outputs)
            if not apart <= TOLERANCE[precision]:
                shapes = ", ".join("x".join(map(str, shape)) for shape in call.shapes)
                raise WeightsError(
                    f"The graph {name} does not compute what the network does: for inputs of {shapes} an output "
                    f"differs by {apart:.2g}, allowed is {TOLERANCE[precision]:g}. It is not exported."
                )
            found[name] = max(found[name], apart)
    return found


def _write_probe(recorder: RecordingBackend, folder: Path) -> None:
    from safetensors.numpy import save

    tensors = {}
    for name, recorded in recorder.used.items():
        call = recorded.smallest
        for port, tensor in zip(recorded.inputs(), call.inputs, strict=True):
            tensors[f"{name}/inputs/{port.name}"] = tensor.numpy()
        for port, tensor in zip(recorded.outputs(), call.outputs, strict=True):
            tensors[f"{name}/outputs/{port.name}"] = tensor.numpy()
    write_bytes(folder / _PROBE, save(tensors))  # save_file would keep it from other users


def _records(recorder: RecordingBackend, graph_format: GraphFormat) -> dict[str, GraphRecord]:
    return {
        name: GraphRecord(
            file=f"{name}{SUFFIXES[graph_format]}",
            inputs=recorded.inputs(),
            outputs=recorded.outputs(),
        )
        for name, recorded in recorder.used.items()
    }


def _kept(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that the export keeps: not those that name files, which are among its constants."""
    return {k: v for k, v in settings.items() if k not in find(name).more_weights}


def _answers(model: Any, example: Example) -> list[Labels]:
    """What a model says of an example."""
    if isinstance(model, clicking.Clicker):
        return clicking.show(model, example)
    return [prediction.labels for prediction in show(model, example)]


# Labels of several sizes: no sequences of Labels, whose sides have to be equal within a signature.
def _agreement(export: Export, answers: Sequence[Sequence[np.ndarray]]) -> float:
    """Let the export answer the examples as well: code around the graphs may need weights that only graphs hold."""
    model = load_graphs(export, {})
    shares = [
        float(np.mean(found == expected))
        for example, labels in zip(EXAMPLES, answers, strict=True)
        for found, expected in zip(_answers(model, example), labels, strict=True)
    ]
    least = min(shares)
    if least < _SAME:
        raise WeightsError(
            f"The exported {export.manifest.model} labels {least:.1%} of the pixels of a small video as the model "
            f"does, at least {_SAME:.0%} are needed. It is not exported."
        )
    return float(np.mean(shares))


def _versions() -> dict[str, str]:
    packages = ("segue", "torch", "openvino", "onnx", "onnxruntime")
    return {name: version(name) for name in packages if find_spec(name)}
