"""From a name, settings and a weights file to a model that is ready to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from segue.errors import SettingsError, WeightsError
from segue.models.frtm.model import FrtmModel
from segue.models.frtm.network import FrtmNetwork
from segue.models.frtm.settings import FrtmSettings, variant
from segue.nn.weights import load_weights, read_weights


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> FrtmModel:
    """FRTM, ready to segment videos.

    Args:
        name: ``frtm`` or ``frtm-fast``.
        settings: Values of ``FrtmSettings`` that differ from those of the variant.
        weights: A file that ``segue.nn.weights.save_weights`` wrote from an ``FrtmNetwork``. If it
            holds no backbone, that gets its ImageNet weights.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        SettingsError: No variant of that name, an unknown setting, or a device that is not there.
        NotFoundError: There is no such weights file.
        WeightsError: No weights were given, or they do not fit, or ImageNet weights are needed and
            could not be had.
    """
    resolved = variant(name, settings)
    place = _device(device)
    network = _network(name, resolved, weights)
    return FrtmModel(name, network.eval().to(place), resolved, place)


def _network(name: str, settings: FrtmSettings, weights: Path | None) -> FrtmNetwork:
    if weights is None and not settings.random_weights:
        raise WeightsError(
            f"No trained weights ship with {name}. Pass --weights FILE (a .safetensors file for "
            f"{name}), or set random_weights=true to measure speed with masks that mean nothing."
        )
    if weights is None:
        # Untrained, yet the same on every run, and without touching the caller's random numbers.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            return FrtmNetwork(settings.backbone, pretrained=False, head=settings.head)
    tensors = read_weights(weights, model_name=name)
    pretrained = not any(key.startswith("backbone.") for key in tensors)
    network = FrtmNetwork(settings.backbone, pretrained=pretrained, head=settings.head)
    load_weights(network, weights, model_name=name, optional=("backbone.",))
    return network


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError:
        raise SettingsError(f"No device {name!r}. Known devices: cpu, cuda, cuda:N, mps.") from None
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device.type, False):
        raise SettingsError(f"Device {name!r} is not there on this machine. Use cpu.")
    return device
