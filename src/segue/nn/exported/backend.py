"""The graphs of an export as a backend, for models that are written in torch around them."""

import re
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from segue.errors import WeightsError
from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Graph
from segue.nn.exported.graphs import ArrayGraph, open_graph
from segue.nn.exported.manifest import Manifest


def graph_name(module: nn.Module) -> str:
    """The name of a network's graph in an export: that of its class, as ``window_gate`` for ``WindowGate``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(module).__name__).lower()


@runtime_checkable
class Copying(Protocol):
    """A network that holds copies of what other modules have learned, such as rearranged convolutions."""

    @property
    def copied(self) -> tuple[nn.Module, ...]:
        """Those modules; a model must read their weights nowhere else."""
        ...


class ExportedBackend:
    """Implements ``Backend`` with the graphs of an export; the weights of the networks do not matter.

    Args:
        folder: The export.
        manifest: Its manifest.
    """

    name = "exported"

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder, self._manifest = folder, manifest

    def prepare(self, module: nn.Module, ranges: Ranges | None = None) -> Graph:
        """See ``Backend.prepare``; the precision is that of the export.

        Raises:
            SettingsError: What computes the graphs is not installed.
            WeightsError: The export has no such graph, or it cannot be read.
        """
        name = graph_name(module)
        record = self._manifest.graphs.get(name)
        if record is None:
            raise WeightsError(
                f"{self._folder} has no graph {name}, which {self._manifest.model} needs with these settings. Export "
                "the model with them."
            )
        return _OnTensors(open_graph(self._folder / record.file, self._manifest.graph_format))


class _OnTensors:
    """A graph as a function of tensors on the CPU."""

    def __init__(self, graph: ArrayGraph) -> None:
        self._graph = graph

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        found = self._graph(*(i.detach().numpy() for i in inputs))
        return tuple(torch.from_numpy(one) for one in found)
