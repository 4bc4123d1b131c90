"""Graphs in files as functions of arrays: of OpenVINO, and of ONNX Runtime. Torch is not needed here."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from segue import threads
from segue.errors import SettingsError, WeightsError
from segue.nn.exported.manifest import GraphFormat
from segue.nn.openvino_runtime import Array, CompiledForms, core, openvino

ArrayGraph = Callable[..., tuple[Array, ...]]
"""A graph that is ready to compute: arrays go in, arrays in memory of their own come out, nothing is kept.

A ``WeightsError`` says that it cannot be computed here, or not for such inputs.
"""


def open_graph(path: Path, graph_format: GraphFormat) -> ArrayGraph:
    """A graph of a file, for inputs of any shapes that it is made for.

    Raises:
        SettingsError: What computes such files is not installed.
        WeightsError: The file cannot be read.
    """
    return OnnxFile(path) if graph_format == "onnx" else OpenVinoFile(path)


class OpenVinoFile:
    """A graph of OpenVINO, compiled when it first sees inputs of some shapes, for as many threads as Segue owns.

    Args:
        path: The ``.xml``; the weights are in the ``.bin`` beside it.

    Raises:
        SettingsError: OpenVINO is not installed.
        WeightsError: The file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            openvino()
        except ImportError as error:
            raise SettingsError(
                f"OpenVINO cannot be loaded ({error}), and computes the graphs of {path.parent}. Run: pip install "
                "openvino."
            ) from None
        try:
            self._graph = core().read_model(path)
        except Exception as error:  # what a reader may raise is written nowhere
            raise _unusable(path, "OpenVINO cannot read it", error) from None
        self._forms = CompiledForms()
        self._lock = threading.Lock()

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        """See ``ArrayGraph``."""
        dense = [np.ascontiguousarray(i) for i in inputs]
        with self._lock:
            try:
                return self._forms.find(dense, lambda: self._formed(dense))(dense)
            except Exception as error:
                shapes = ", ".join(str(i.shape) for i in inputs)
                reason = f"OpenVINO cannot compute it for inputs of {shapes}"
                raise _unusable(self._path, reason, error) from None

    def _formed(self, inputs: list[Array]) -> Any:
        """The graph for these shapes: it is as fast as one that was made for them."""
        graph = self._graph.clone()
        shapes = {number: list(i.shape) for number, i in enumerate(inputs)}
        graph.reshape({graph.input(n): openvino().PartialShape(s) for n, s in shapes.items()})
        return graph


class OnnxFile:
    """A graph of ONNX, computed by ONNX Runtime on the processor.

    Args:
        path: The ``.onnx``.

    Raises:
        SettingsError: ONNX Runtime is not installed.
        WeightsError: The file cannot be read, or needs an operator that ONNX Runtime does not have.
    """

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise SettingsError(
                f"ONNX Runtime cannot be loaded ({error}), and computes the graphs of {path.parent}. Run: pip install "
                "'segue[onnx]'. Or export the model for OpenVINO."
            ) from None
        self._path, self._runtime = path, onnxruntime
        self._sessions: dict[int, Any] = {}
        self._lock = threading.Lock()
        self._session()

    def __call__(self, *inputs: Array) -> tuple[Array, ...]:
        """See ``ArrayGraph``."""
        session = self._session()
        names = [port.name for port in session.get_inputs()]
        given = {n: np.ascontiguousarray(i) for n, i in zip(names, inputs, strict=True)}
        try:
            return tuple(session.run(None, given))
        except Exception as error:
            shapes = ", ".join(str(i.shape) for i in inputs)
            reason = f"ONNX Runtime cannot compute it for inputs of {shapes}"
            raise _unusable(self._path, reason, error) from None

    def _session(self) -> Any:
        """The graph, ready for the number of threads now."""
        number = threads.current()
        with self._lock:
            if number not in self._sessions:
                options = self._runtime.SessionOptions()
                options.intra_op_num_threads = number
                options.inter_op_num_threads = 1
                options.log_severity_level = 3  # of what it says to the screen only errors
                # Threads that wait spin by default, and take the processor from decoding and writing.
                options.add_session_config_entry("session.intra_op.allow_spinning", "0")
                try:
                    self._sessions[number] = self._runtime.InferenceSession(
                        str(self._path), options, providers=["CPUExecutionProvider"]
                    )
                except Exception as error:
                    raise _unusable(self._path, "ONNX Runtime cannot use it", error) from None
            return self._sessions[number]


def _unusable(path: Path, reason: str, error: Exception) -> WeightsError:
    said = [line for line in str(error).splitlines() if line and "Exception from" not in line]
    return WeightsError(
        f"The graph {path.name} of {path.parent}: {reason} ({(said or [type(error).__name__])[0][:200]}). Export the "
        "model again with the versions that are installed here."
    )
