"""What every backend offers: a network goes in, a function of tensors comes out."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from segue.nn.backends.int8 import Ranges

Graph = Callable[..., tuple[Tensor, ...]]
"""A network that is ready to compute: tensors go in, tensors in memory of their own come out, nothing is kept."""


@runtime_checkable
class Backend(Protocol):
    """Makes trained networks ready to compute."""

    @property
    def name(self) -> str:
        """The name under which the backend is listed."""
        ...

    def prepare(self, module: nn.Module, ranges: Ranges | None = None) -> Graph:
        """A network as a function, with the weights it has now; later changes of the module do not reach it.

        Args:
            module: Its ``forward`` takes tensors and returns a tuple of tensors, and the way it computes depends on
                nothing but their shapes. What is remembered between frames goes in and comes out.
            ranges: Of its convolutions that shall compute in eight bits; all others do in float32.

        Raises:
            WeightsError: The ranges do not fit the network.
        """
        ...
