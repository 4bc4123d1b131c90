"""OpenVINO without its telemetry, and torch networks as graphs of it."""

import ctypes
import functools
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jaxtyping
import torch
from torch import Tensor, nn

_LENGTH_SIZE = 8


@functools.cache
def openvino() -> Any:
    """The package, imported once.

    Raises:
        ImportError: It is not installed, or does not load on this computer.
    """
    telemetry = "openvino_telemetry"
    blocked = telemetry not in sys.modules
    if blocked:
        # With this package at hand, the import reports itself to a server; without it, it works the same.
        sys.modules[telemetry] = None  # type: ignore[assignment]
    try:
        import openvino
    finally:
        if blocked:
            del sys.modules[telemetry]
    return openvino


@functools.cache
def core() -> Any:
    """The devices that OpenVINO knows, found once."""
    return openvino().Core()


def convert(module: nn.Module, inputs: tuple[Tensor, ...]) -> bytes:
    """A network as OpenVINO's representation of a graph, for inputs of these shapes only; its weights are in it."""
    with warnings.catch_warnings(), torch.no_grad(), _sizes_may_be_tensors():
        # The tracer warns of what depends on shapes, which are fixed here, and of its successor.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(module, inputs, check_trace=False)  # type: ignore[no-untyped-call]
        graph = openvino().convert_model(
            traced, example_input=inputs, input=[tuple(i.shape) for i in inputs]
        )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "graph.xml"
        openvino().save_model(graph, path, compress_to_fp16=False)
        structure, weights = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    return len(structure).to_bytes(_LENGTH_SIZE, "little") + structure + weights


@contextmanager
def _sizes_may_be_tensors() -> Iterator[None]:
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


def give_back_memory() -> None:
    """Return to the system what was freed: compiling leaves tens of megabytes behind that malloc would keep."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:  # of glibc alone
        trim(0)
