"""From settings and a weights file to a network that names classes, and to the ranges of its convolutions."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from segue.models.naming.settings import NamingSettings
from segue.nn.backends.int8 import Ranges, ranges_beside
from segue.nn.weights import load_weights, shipped_weights

SettingsT = TypeVar("SettingsT", bound=NamingSettings)
NetworkT = TypeVar("NetworkT", bound=nn.Module)


def filled(
    name: str,
    settings: SettingsT,
    weights: Path | None,
    create: Callable[[SettingsT], NetworkT],
    untrained: Callable[[SettingsT], NetworkT] | None = None,
) -> NetworkT:
    """A network with trained weights, or with random ones where the settings ask for them and no weights are given.

    Args:
        name: Of the variant.
        settings: Which network.
        weights: By default what ships with the model.
        create: Makes a network to be filled.
        untrained: Makes one with random weights, where that is another function.

    Raises:
        NotFoundError: There is no such weights file.
        WeightsError: No weights were given, or they do not fit.
    """
    if weights is None and settings.random_weights:
        # Untrained, yet the same on every run, and without touching the caller's random numbers.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            return (untrained or create)(settings)
    network = create(settings)
    path = weights or shipped_weights(name, can_do_without=True)
    load_weights(network, path, model_name=name, expected=settings.trained_with)
    return network


def ranges_for(name: str, settings: NamingSettings, weights: Path | None) -> Ranges | None:
    """Of the convolutions that shall compute in eight bits; ``None`` where none shall.

    Args:
        name: Of the variant.
        settings: Whether they shall.
        weights: The file that the network was filled from; by default what ships with the model.

    Raises:
        WeightsError: There are none.
    """
    if settings.precision != "int8":
        return None
    return ranges_beside(weights or shipped_weights(name, can_do_without=True), name)
