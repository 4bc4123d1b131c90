"""Torch networks as graphs of OpenVINO."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jaxtyping
import torch
from torch import Tensor, nn

from segue.nn.openvino_runtime import core, openvino

_LENGTH_SIZE = 8


def convert(module: nn.Module, inputs: tuple[Tensor, ...]) -> bytes:
    """A network as OpenVINO's representation of a graph, for inputs of these shapes only; its weights are in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = openvino().convert_model(
            traced(module, inputs), example_input=inputs, input=[tuple(i.shape) for i in inputs]
        )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "graph.xml"
        openvino().save_model(graph, path, compress_to_fp16=False)
        structure, weights = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    return len(structure).to_bytes(_LENGTH_SIZE, "little") + structure + weights


def traced(module: nn.Module, inputs: tuple[Tensor, ...]) -> Any:
    """A network as torch's own graph, found by computing it once."""
    with warnings.catch_warnings(), torch.no_grad(), sizes_may_be_tensors():
        # The tracer warns of what depends on shapes, which are fixed or tried out, and of its successor.
        warnings.simplefilter("ignore")
        return torch.jit.trace(module, inputs, check_trace=False)  # type: ignore[no-untyped-call]


@contextmanager
def sizes_may_be_tensors() -> Iterator[None]:
    """No shape is checked inside (the tests do so): sizes are tensors while a network is traced, not numbers."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)


def read(content: bytes) -> Any:
    """The graph in what ``convert`` returned."""
    start = _LENGTH_SIZE + int.from_bytes(content[:_LENGTH_SIZE], "little")
    return core().read_model(content[_LENGTH_SIZE:start], content[start:])
