"""A host with the reuse gate around it."""

from typing import Any

import torch

from segue.models.interface import VideoModel
from segue.models.reuse.carrier import FlowCarrier, MaskCarrier
from segue.models.reuse.model import GatedModel
from segue.models.reuse.network import CarryNetwork
from segue.nn.reuse.settings import ReuseSettings
from segue.nn.weights import load_weights, shipped_weights


def gated(
    host: VideoModel[Any], settings: ReuseSettings | None, device: str = "cpu"
) -> VideoModel[Any]:
    """The host with a gate, or as it is where there are no settings.

    Objects are carried by the trained network that ships, classes along the flow alone.

    Raises:
        WeightsError: The weights that ship are damaged.
    """
    if settings is None:
        return host
    if hasattr(host, "classes"):
        return GatedModel(host, FlowCarrier(), settings)
    network = CarryNetwork()
    load_weights(network, shipped_weights("carry"), model_name="carry")
    return GatedModel(host, MaskCarrier(network.to(torch.device(device))), settings)
