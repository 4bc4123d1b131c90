"""Networks computed by OpenVINO, which knows faster ways than torch on most processors.

A network is converted and compiled when it first sees inputs of some shapes. Numbers are float32, so results differ
from those of torch by rounding only, except for convolutions that are asked to compute in eight bits.
"""

import threading
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from segue.nn.backends.cache import GraphCache, default_folder
from segue.nn.backends.conversion import convert, read
from segue.nn.backends.fingerprint import fingerprint
from segue.nn.backends.int8 import Ranges, quantised
from segue.nn.backends.interface import Graph
from segue.nn.backends.torch_backend import TorchBackend
from segue.nn.openvino_runtime import CompiledForms, openvino


class OpenVinoBackend:
    """Implements ``Backend`` on the processor, with as many threads as torch has.

    Where OpenVINO cannot convert or compute a network, torch does, and one warning says why.

    Args:
        cache: Where converted networks are kept; by default in the user's folder for caches.

    Raises:
        ImportError: OpenVINO is not installed, or does not load on this computer.
    """

    name = "openvino"

    def __init__(self, cache: GraphCache | None = None) -> None:
        openvino()
        self.cache = cache or GraphCache(default_folder())
        self._warned = False

    def prepare(self, module: nn.Module, ranges: Ranges | None = None) -> Graph:
        """See ``Backend.prepare``; the function takes and returns tensors on the CPU."""
        return _OpenVinoGraph(quantised(module, ranges), self)

    def warn(self, error: Exception) -> None:
        """Say that torch computes instead, once."""
        if not self._warned:
            reason = str(error).strip() or type(error).__name__
            warnings.warn(
                f"OpenVINO cannot compute a network ({_short(reason)}). Torch computes it, with the same result, more "
                "slowly. Choose the backend torch to leave OpenVINO out.",
                RuntimeWarning,
                stacklevel=2,
            )
        self._warned = True


class _OpenVinoGraph:
    def __init__(self, module: nn.Module, backend: OpenVinoBackend) -> None:
        self._module = module
        self._backend = backend
        self._compiled = CompiledForms()
        self._fallback: Graph | None = None
        self._lock = threading.Lock()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        if self._fallback is None:
            dense = tuple(i.detach().contiguous() for i in inputs)
            try:
                with self._lock:
                    return self._computed(dense)
            except Exception as error:  # what a compiler may raise is written nowhere
                fallback = TorchBackend().prepare(self._module)
                outputs = fallback(*inputs)  # raises for inputs that are wrong for any backend
                self._backend.warn(error)
                self._fallback = fallback
                return outputs
        return self._fallback(*inputs)

    def _computed(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        arrays = [i.numpy() for i in inputs]
        compiled = self._compiled.find(arrays, lambda: self._graph(inputs))
        return tuple(torch.from_numpy(found) for found in compiled(arrays))

    def _graph(self, inputs: tuple[Tensor, ...]) -> Any:
        key = fingerprint(self._module, inputs)
        content = None if key is None else self._backend.cache.load(key)
        if content is None:
            content = convert(self._module, inputs)
            if key is not None:
                self._backend.cache.store(key, content)
        return read(content)


def _short(reason: str) -> str:
    """The first telling line of an error; OpenVINO's begin with places in its own code."""
    lines = [line for line in reason.splitlines() if not line.startswith("Exception from")]
    return (lines or [reason])[0][:200]
