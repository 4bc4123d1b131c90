"""From a name, settings and a weights file to a model that is ready to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from segue.models.frtm.model import FrtmModel
from segue.models.frtm.network import FrtmNetwork
from segue.models.frtm.settings import FrtmSettings, variant
from segue.nn.weights import load_weights, read_weights, shipped_weights


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> FrtmModel:
    """FRTM, ready to segment videos.

    Args:
        name: A name from ``settings.VARIANTS``.
        settings: Values of ``FrtmSettings`` that differ from those of the variant.
        weights: A file that ``segue.nn.weights.save_weights`` wrote from an ``FrtmNetwork``; by
            default what ships with the model. If it holds no backbone, that gets its ImageNet
            weights.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        SettingsError: No variant of that name, or an unknown setting.
        NotFoundError: There is no such weights file.
        WeightsError: No weights were given, or they do not fit, or ImageNet weights are needed and
            could not be had.
    """
    resolved = variant(name, settings)
    network = _network(name, resolved, weights)
    network.eval()
    network.backbone.requires_grad_(False)
    # channels_last is the layout that convolutions on CPUs are fastest in; numbers do not change.
    network.to(device=torch.device(device), memory_format=torch.channels_last)  # type: ignore[call-overload]
    return FrtmModel(name, network, resolved, torch.device(device))


def _network(name: str, settings: FrtmSettings, weights: Path | None) -> FrtmNetwork:
    if weights is None and settings.random_weights:
        # Untrained, yet the same on every run, and without touching the caller's random numbers.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            return make_network(settings, pretrained=False)
    path = weights or shipped_weights(name, can_do_without=True)
    tensors = read_weights(path, model_name=name)
    pretrained = not any(key.startswith("backbone.") for key in tensors)
    network = make_network(settings, pretrained=pretrained)
    load_weights(network, path, model_name=name, optional=("backbone.",))
    return network


def make_network(settings: FrtmSettings, *, pretrained: bool) -> FrtmNetwork:
    """The untrained network of these settings, its backbone with or without ImageNet weights."""
    return FrtmNetwork(
        settings.backbone,
        pretrained=pretrained,
        width=settings.width,
        shallow_width=settings.shallow_width,
        head=settings.head,
        gated=settings.reuse is not None,
        compared=settings.compared,
    )
