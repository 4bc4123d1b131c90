"""From a name, settings and a weights file to an RVOS that is ready to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from segue.models.rvos.model import RVOSModel
from segue.models.rvos.network import RVOSNetwork
from segue.models.rvos.settings import NetworkSettings, variant
from segue.nn.backends.catalog import create_backend
from segue.nn.weights import load_weights, shipped_weights


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> RVOSModel:
    """One of the variants of RVOS.

    Args:
        name: ``rvos``, ``rvos-50``, ``rvos-34`` or ``rvos-lite``.
        settings: Values of ``RVOSSettings`` that differ from the variant's.
        weights: A file that was saved for this model; by default what ships with it.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        SettingsError: An unknown setting or a value out of range, or a backend that is not there.
        NotFoundError: The weights file does not exist.
        WeightsError: No weights ship with the model, or they are damaged, belong to another one, or were trained with
            other settings.
    """
    resolved = variant(name, settings)
    backend = create_backend(resolved.backend, device)
    # Untrained, yet the same on every run, and without touching the caller's random numbers.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(resolved.seed)
        network = RVOSNetwork(name, resolved)
    if weights is not None or not resolved.random_weights:
        shipped = name if resolved.shot == "one" else f"{name}-zero"
        path = weights or shipped_weights(shipped, can_do_without=True)
        load_weights(network, path, model_name=name, expected=metadata(resolved))
    network.requires_grad_(False).eval()
    network.to(torch.device(device))
    return RVOSModel(name, network, resolved, backend)


def metadata(settings: NetworkSettings) -> dict[str, str]:
    """What a weights file says about the settings that it was trained with."""
    return {
        "shot": settings.shot,
        "recurrence": settings.recurrence,
        "reference": str(settings.reference).lower(),
    }
