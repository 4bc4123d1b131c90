"""Which weights learn, and at what rate."""

from collections.abc import Iterable

import torch
from torch import nn

from segue.errors import SettingsError
from segue.training.settings import OptimiserSettings


def create_optimiser(network: nn.Module, settings: OptimiserSettings) -> torch.optim.Optimizer:
    """The rule for the weights of a network.

    A group of parameters for each factor and weight decay, with its rate as ``base``; names that fit no factor get 1.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        fitting = [f for prefix, f in settings.factors.items() if name.startswith(prefix)]
        key = fitting[0] if fitting else 1.0, _decay(name, parameter, settings)
        groups.setdefault(key, []).append(parameter)
    rate = settings.learning_rate
    made = [
        {"params": held, "lr": rate * factor, "base": rate * factor, "weight_decay": decay}
        for (factor, decay), held in groups.items()
    ]
    if settings.name == "sgd":
        return torch.optim.SGD(made, lr=rate, momentum=settings.momentum)
    kind = torch.optim.AdamW if settings.name == "adamw" else torch.optim.Adam
    return kind(made, lr=rate)


def _decay(name: str, parameter: nn.Parameter, settings: OptimiserSettings) -> float:
    spared = name.startswith(settings.undecayed) if settings.undecayed else False
    vector = parameter.ndim <= 1 and not settings.decay_vectors
    return 0.0 if spared or vector else settings.weight_decay


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
