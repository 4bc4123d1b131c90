"""Watching what the convolutions of a model read while it works, whichever way it works."""

import torch
from torch import Tensor, nn

from segue.errors import InputError
from segue.nn.backends.int8 import Ranges, watch
from segue.nn.backends.interface import Graph
from segue.nn.backends.torch_backend import TorchBackend


class CalibratingBackend:
    """Implements ``Backend`` with torch, and remembers what convolutions read; see ``using``.

    A model prepares each part of its network once, and the names of convolutions differ between the parts.
    """

    name = "torch"

    def __init__(self) -> None:
        self._found: list[dict[str, list[Tensor]]] = []

    def prepare(self, module: nn.Module, ranges: Ranges | None = None) -> Graph:
        """See ``Backend.prepare``; always float32."""
        graph = TorchBackend().prepare(module)
        self._found.append(watch(graph.module))
        return graph

    def ranges(self) -> Ranges:
        """What each convolution has read so far: the mean over calls of the lowest and of the highest value.

        Raises:
            InputError: Nothing was computed yet.
        """
        seen = {name: values for part in self._found for name, values in part.items() if values}
        if not seen:
            raise InputError(
                "No convolution of the model was computed. Show it at least two frames."
            )
        return {name: torch.stack(values).mean(0) for name, values in seen.items()}
