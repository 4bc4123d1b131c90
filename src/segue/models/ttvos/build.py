"""From a name, settings and a weights file to a TTVOS that is ready to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from segue.errors import WeightsError
from segue.models.ttvos.carrier import Carrier, carrier_for
from segue.models.ttvos.model import TTVOSModel
from segue.models.ttvos.network import TTVOSNetwork
from segue.models.ttvos.settings import variant
from segue.nn.weights import load_weights, shipped_weights


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> TTVOSModel:
    """One of the variants of TTVOS.

    Args:
        name: ``ttvos``, ``ttvos-fast``, ``ttvos-mobile`` or ``ttvos-lite``, or one of them after ``g-``.
        settings: Values of ``TTVOSSettings`` that differ from the variant's.
        weights: A file that was saved for this model; by default what ships with it. That of a gated variant holds
            the gate alone.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        SettingsError: An unknown setting or a value out of range.
        NotFoundError: The weights file does not exist.
        WeightsError: No weights ship with the model, or they are damaged or belong to another one.
    """
    resolved = variant(name, settings)
    host = name.removeprefix("g-")
    gated = host != name
    # Untrained, yet the same on every run, and without touching the caller's random numbers.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(resolved.seed)
        network = TTVOSNetwork(host)
        carrier = carrier_for(network, name) if gated else None
    if weights is not None or not resolved.random_weights:
        own = weights or shipped_weights(name, can_do_without=True)
        if carrier is None:
            load_weights(network, own, model_name=host)
        else:
            load_weights(carrier, own, model_name=name)
            _load_host(network, carrier, host, own, resolved.host)
    network.requires_grad_(False).eval()
    network.to(torch.device(device))
    if carrier is not None:
        carrier.requires_grad_(False).eval().to(torch.device(device))
    return TTVOSModel(name, network, carrier, resolved)


def _load_host(
    network: TTVOSNetwork, carrier: Carrier, host: str, gate: Path, given: Path | None
) -> None:
    """Fill the network that a gate was trained with; ``gate`` is only named in errors."""
    try:
        path = given or shipped_weights(host)
    except WeightsError:
        raise WeightsError(
            f"{gate} holds a gate alone, and no weights of its host {host} ship. "
            "Give those with the setting host."
        ) from None
    load_weights(network, path, model_name=host)
    if not carrier.belongs_to(network):
        raise WeightsError(
            f"The gate in {gate} was trained with other weights of {host} than those in {path}. "
            "Give the weights of its host with the setting host, or train the gate again."
        )
