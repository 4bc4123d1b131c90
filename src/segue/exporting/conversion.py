"""Torch networks as files of graphs whose inputs may have any size."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from segue.errors import WeightsError
from segue.exporting.recording import Recorded, Tensors
from segue.nn.backends.conversion import sizes_may_be_tensors, traced
from segue.nn.exported.manifest import SUFFIXES, ExportPrecision, GraphFormat, Port
from segue.nn.openvino_runtime import openvino

_OPSET = 17
"""Of ONNX; ONNX Runtime knows it since 1.12."""


def write_graph(
    recorded: Recorded, folder: Path, graph_format: GraphFormat, precision: ExportPrecision
) -> str:
    """Write the graph of a network.

    Args:
        recorded: The network, and calls of it.
        folder: Where the files go.
        graph_format: Of which kind.
        precision: ``fp16`` keeps weights in half; ``int8`` rounds as the network does.

    Returns:
        The name of the file to be opened.

    Raises:
        WeightsError: The network cannot be converted.
    """
    path = folder / f"{recorded.name}{SUFFIXES[graph_format]}"
    inputs, outputs, example = recorded.inputs(), recorded.outputs(), recorded.smallest.inputs
    module = recorded.graph.module
    try:
        if graph_format == "onnx":
            _write_onnx(module, example, inputs, outputs, path)
        else:
            _write_openvino(module, example, inputs, outputs, path, half=precision == "fp16")
    except Exception as error:  # what a converter may raise is written nowhere
        lines = str(error).strip().splitlines() or [type(error).__name__]
        # OpenVINO names the operators that it does not know behind places in its own code.
        reason = next((line for line in lines if "No conversion rule" in line), lines[0])[:200]
        raise WeightsError(
            f"The network {recorded.name} cannot be converted for {graph_format}: {reason}."
        ) from error
    return path.name


def _write_openvino(
    module: nn.Module,
    example: Tensors,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    path: Path,
    *,
    half: bool,
) -> None:
    ov = openvino()
    shapes = [ov.PartialShape([-1 if s is None else s for s in port.shape]) for port in inputs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = ov.convert_model(traced(module, example), example_input=example, input=shapes)
    for port, place in zip((*inputs, *outputs), (*graph.inputs, *graph.outputs), strict=True):
        place.get_tensor().set_names({port.name})
    _keep_bytes(graph)
    ov.save_model(graph, path, compress_to_fp16=half)


def _keep_bytes(graph: Any) -> None:
    """Weights that are rounded to bytes become bytes in the file."""
    from openvino._offline_transformations import compress_quantize_weights_transformation

    compress_quantize_weights_transformation(graph)


def _write_onnx(
    module: nn.Module,
    example: Tensors,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    path: Path,
) -> None:
    free = {
        port.name: {axis: f"{port.name}_{axis}" for axis, s in enumerate(port.shape) if s is None}
        for port in (*inputs, *outputs)
    }
    with warnings.catch_warnings(), torch.no_grad(), sizes_may_be_tensors():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            example,
            str(path),
            input_names=[port.name for port in inputs],
            output_names=[port.name for port in outputs],
            opset_version=_OPSET,
            dynamic_axes={name: axes for name, axes in free.items() if axes},
            dynamo=False,  # the same trace as for OpenVINO; sizes stay free
        )
