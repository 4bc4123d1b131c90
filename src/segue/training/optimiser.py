"""Which weights learn, and at what rate."""

from collections.abc import Iterable

import torch
from torch import nn

from segue.errors import SettingsError
from segue.training.settings import OptimiserSettings


def create_optimiser(network: nn.Module, settings: OptimiserSettings) -> torch.optim.Optimizer:
    """The rule for the weights of a network.

    One group of parameters per factor, each with its rate as ``base``; names that fit no factor get 1.
    """
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        fitting = [f for prefix, f in settings.factors.items() if name.startswith(prefix)]
        groups.setdefault(fitting[0] if fitting else 1.0, []).append(parameter)
    rate, decay = settings.learning_rate, settings.weight_decay
    made = [
        {"params": parameters, "lr": rate * factor, "base": rate * factor}
        for factor, parameters in groups.items()
    ]
    if settings.name == "sgd":
        return torch.optim.SGD(made, lr=rate, momentum=settings.momentum, weight_decay=decay)
    kind = torch.optim.AdamW if settings.name == "adamw" else torch.optim.Adam
    return kind(made, lr=rate, weight_decay=decay)


def freeze(network: nn.Module, frozen: Iterable[str]) -> None:
    """Let everything learn but some parts, which are in evaluation mode.

    Raises:
        SettingsError: There is no part of this name; the message names those that are there.
    """
    network.requires_grad_(True).train()
    for name in frozen:
        _module(network, name).requires_grad_(False).eval()


def _module(network: nn.Module, name: str) -> nn.Module:
    try:
        return network.get_submodule(name)
    except AttributeError:
        known = ", ".join(child for child, _ in network.named_children())
        raise SettingsError(f"No part {name!r} to freeze; the network has {known}.") from None
