"""Torch for shapes that are seldom seen, a backend that compiles for those that come again and again.

To compile a network for inputs of some shapes takes as long as dozens of calls. A folder of pictures has a dozen
shapes, most of them for few pictures; a video has one, for thousands of frames.
"""

import threading
from collections import Counter
from typing import Any

from torch import Tensor, nn

from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Backend, Graph
from segue.nn.backends.torch_backend import TorchBackend

CALLS = 40
"""Calls with some shapes before a network is compiled for them: about what compiling costs against what it saves
(segue-click: 0.2 to 0.9 s against 11 ms, see ``docs/log.md``)."""


def patient(backend: Backend) -> Backend:
    """The backend, if it compiles nothing; else the same, asked only for shapes that come often."""
    return backend if backend.name == TorchBackend.name else PatientBackend(backend)


class PatientBackend:
    """Implements ``Backend``: torch computes the first calls with some shapes, the other backend all later ones.

    The number of calls decides, not the time, so that results can be had again to the last digit.

    Args:
        later: What computes shapes that come often.
        calls: How many calls with some shapes torch computes.
    """

    def __init__(self, later: Backend, calls: int = CALLS) -> None:
        self.name = later.name
        self._later = later
        self._calls = calls

    def prepare(self, module: nn.Module, ranges: Ranges | None = None) -> Graph:
        """See ``Backend.prepare``."""
        first = TorchBackend().prepare(module, ranges)
        return _PatientGraph(first, self._later.prepare(module, ranges), self._calls)


class _PatientGraph:
    def __init__(self, first: Graph, later: Graph, calls: int) -> None:
        self._first, self._later, self._calls = first, later, calls
        self._seen: Counter[Any] = Counter()
        self._lock = threading.Lock()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        shapes = tuple(i.shape for i in inputs)
        with self._lock:
            self._seen[shapes] += 1
            often = self._seen[shapes] > self._calls
        return (self._later if often else self._first)(*inputs)
