"""A running average of weights, and a network that stands in with it for a while."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def begin(network: nn.Module) -> dict[str, Tensor]:
    """A copy of everything that the network holds, by name."""
    return {k: v.detach().clone() for k, v in network.state_dict().items()}


@torch.no_grad()
def update(average: Mapping[str, Tensor], network: nn.Module, decay: float) -> None:
    """One step of the average, in place; what does not float (counters) is copied."""
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            average[name].lerp_(value, 1 - decay)
        else:
            average[name].copy_(value)


@contextmanager
def standing_in(network: nn.Module, weights: Mapping[str, Tensor]) -> Iterator[None]:
    """The network with other weights in evaluation mode; its own and its modes come back at the end."""
    own = begin(network)
    network.load_state_dict(dict(weights))
    try:
        with evaluating(network):
            yield
    finally:
        network.load_state_dict(own)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """The network in evaluation mode; the modes of its parts come back at the end."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
