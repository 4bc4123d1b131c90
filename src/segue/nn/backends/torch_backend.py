"""The reference backend: torch itself, on any device."""

from typing import cast

import torch
from torch import Tensor, nn

from segue.nn.backends.int8 import Ranges, quantised


class TorchBackend:
    """Implements ``Backend``: the network itself, rewritten to make fewer passes over memory.

    It imitates eight bits, which costs time instead of saving it.
    """

    name = "torch"

    def prepare(self, module: nn.Module, ranges: Ranges | None = None) -> "TorchGraph":
        """See ``Backend.prepare``."""
        return TorchGraph(quantised(module, ranges))


class TorchGraph:
    """A network as a function; ``module`` is what computes."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    @torch.no_grad()
    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """See ``Graph``."""
        return cast(tuple[Tensor, ...], self.module(*inputs))
