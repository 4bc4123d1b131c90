"""From settings to a ready segue-click."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from segue.models.click.model import ClickModel
from segue.models.click.network import ClickNetwork
from segue.models.click.settings import ClickSettings
from segue.nn.backends.catalog import create_backend, whole_backend
from segue.nn.backends.patient import patient
from segue.nn.device import check_device
from segue.nn.weights import load_weights, shipped_weights

NAME = "segue-click"


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> ClickModel:
    """See ``load_click_model``; called as the table of models calls every model."""
    return load_click_model(device=device, weights=weights, settings=settings)


def load_click_model(
    *,
    device: str = "cpu",
    weights: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> ClickModel:
    """The model that makes masks from clicks.

    Args:
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        weights: A safetensors file; by default the weights that ship.
        settings: Settings that differ from the defaults.

    Raises:
        SettingsError: An unknown setting, or a device or a backend that is not there.
        NotFoundError: The weights file does not exist.
        WeightsError: The weights file is damaged or belongs to another model; or none ship.
    """
    check_device(device)
    resolved = ClickSettings.parse(settings or {})
    network = ClickNetwork()
    load_weights(network, Path(weights) if weights else shipped_weights(NAME), model_name=NAME)
    network.backbone.requires_grad_(False)
    network.eval()
    backend = create_backend(resolved.backend, device)
    if resolved.backend == "auto" and whole_backend() is None:
        backend = patient(backend)
    return ClickModel(network.to(torch.device(device)), resolved, backend)
