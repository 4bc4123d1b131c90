"""OpenVINO without its telemetry, and compiled graphs as functions of arrays. Torch is not needed here."""

import ctypes
import functools
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from segue import threads

_MOST_COMPILED = 16
"""Graphs of a network that stay in memory, each for inputs of other shapes."""

Array = np.ndarray


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


class Compiled:
    """A graph for inputs of fixed shapes, computed on the processor by a fixed number of threads.

    Args:
        graph: OpenVINO's model; the shapes of its inputs are known.
        num_threads: Threads.
    """

    def __init__(self, graph: Any, num_threads: int) -> None:
        properties = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": num_threads,
            "INFERENCE_PRECISION_HINT": "f32",
        }
        compiled = core().compile_model(graph, "CPU", properties)
        give_back_memory()
        self._request = compiled.create_infer_request()
        self._outputs = [
            (tuple(output.shape), output.element_type.to_dtype()) for output in compiled.outputs
        ]

    def __call__(self, inputs: Sequence[Array]) -> tuple[Array, ...]:
        """Outputs in fresh memory, which OpenVINO writes to without a copy between.

        Args:
            inputs: Dense arrays of the graph's shapes and types.
        """
        outputs = tuple(np.empty(shape, dtype) for shape, dtype in self._outputs)
        tensor = openvino().Tensor
        for i, value in enumerate(inputs):
            self._request.set_input_tensor(i, tensor(value, shared_memory=True))
        for i, value in enumerate(outputs):
            self._request.set_output_tensor(i, tensor(value, shared_memory=True))
        self._request.infer()
        return outputs


class CompiledForms:
    """Compiled graphs of one network by the shapes of its inputs; the oldest make room. Not safe for threads."""

    def __init__(self) -> None:
        self._compiled: OrderedDict[Any, Compiled] = OrderedDict()

    def __len__(self) -> int:
        return len(self._compiled)

    def find(self, inputs: Sequence[Array], graph: Callable[[], Any]) -> Compiled:
        """The compiled graph for inputs of these shapes and types, and for the number of threads now.

        Args:
            inputs: Arrays; their values do not matter.
            graph: Called for OpenVINO's model with these shapes, if there is none compiled yet.
        """
        num_threads = threads.current()
        key = (num_threads, *((i.dtype.str, i.shape) for i in inputs))
        if key not in self._compiled:
            self._compiled[key] = Compiled(graph(), num_threads)
            if len(self._compiled) > _MOST_COMPILED:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(key)
        return self._compiled[key]


def give_back_memory() -> None:
    """Return to the system what was freed: compiling leaves tens of megabytes behind that malloc would keep."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:  # of glibc alone
        trim(0)
