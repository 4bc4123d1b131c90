"""From settings to a ready segue-lite."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from segue.models.interface import VideoModel
from segue.models.lite.model import LiteModel
from segue.models.lite.network import LiteNetwork
from segue.models.lite.settings import LiteSettings
from segue.models.reuse.build import gated
from segue.nn.backends.catalog import create_backend
from segue.nn.backends.int8 import ranges_beside
from segue.nn.weights import load_weights, shipped_weights


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> VideoModel[Any]:
    """A segue-lite with its shipped weights, or with others, and its reuse gate.

    Raises:
        SettingsError: An unknown setting or a value out of range, or a backend that is not there.
        NotFoundError: The weights file does not exist.
        WeightsError: The weights file is damaged or belongs to another model; or it has no ranges for ``int8``.
    """
    resolved = LiteSettings.parse(settings)
    backend = create_backend(resolved.backend, device)
    path = weights or shipped_weights(name)
    network = LiteNetwork()
    load_weights(network, path, model_name=name)
    network.backbone.requires_grad_(False)
    ranges = ranges_beside(path, name) if resolved.precision == "int8" else None
    host = LiteModel(network.to(torch.device(device)), resolved, backend, ranges)
    return gated(host, resolved.reuse, device, resolved.gate)
