"""The reference backend: torch itself, on any device."""

from typing import cast

import torch
from torch import Tensor, nn

from segue.nn.backends.int8 import Ranges, quantised
from segue.nn.backends.interface import Graph


class TorchBackend:
    """Implements ``Backend``: the network itself, rewritten to make fewer passes over memory.

    It imitates eight bits, which costs time instead of saving it.
    """

    name = "torch"

    def prepare(self, module: nn.Module, ranges: Ranges | None = None) -> Graph:
        """See ``Backend.prepare``."""
        return _TorchGraph(quantised(module, ranges))


class _TorchGraph:
    def __init__(self, module: nn.Module) -> None:
        self._module = module

    @torch.no_grad()
    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return cast(tuple[Tensor, ...], self._module(*inputs))
