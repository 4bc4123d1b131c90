"""A host with the reuse gate around it."""

from pathlib import Path
from typing import Any

import torch

from segue.models.interface import VideoModel
from segue.models.reuse.gate import WindowGate
from segue.models.reuse.host import PacedHost, WindowHost
from segue.models.reuse.model import GatedModel, WindowedModel
from segue.models.reuse.propagator import FlowPropagator
from segue.models.reuse.window_inference import WindowPropagator
from segue.nn.backends.catalog import whole_backend
from segue.nn.backends.torch_backend import TorchBackend
from segue.nn.reuse.settings import ReuseSettings, WindowReuseSettings
from segue.nn.weights import load_weights, shipped_weights


def gate_name(host: str) -> str:
    """The name that the weights of a host's gate go by."""
    return f"{host}-gate"


def gated(
    host: VideoModel[Any],
    settings: ReuseSettings | None,
    device: str = "cpu",
    gate: Path | None = None,
) -> VideoModel[Any]:
    """The host with a gate, or as it is where there are no settings.

    A host that can work on a window does so, and a trained gate says when that is enough. The labels of other hosts
    are moved along the flow.

    Args:
        host: What computes.
        settings: When it does.
        device: Where the gate runs.
        gate: Its weights; by default what ships with the host.

    Raises:
        NotFoundError: There is no such file of weights.
        WeightsError: It is damaged, or belongs to the gate of another host.
    """
    if settings is None:
        return host
    if not isinstance(host, WindowHost):
        return GatedModel(host, FlowPropagator(), settings)
    network, name = WindowGate(), gate_name(host.name)
    load_weights(network, gate or shipped_weights(name), model_name=name)
    longest = WindowReuseSettings.parse(settings.model_dump()).longest
    backend = whole_backend() or TorchBackend()
    propagator = WindowPropagator(host, network.to(torch.device(device)), longest, backend)
    kind = WindowedModel if isinstance(host, PacedHost) else GatedModel
    return kind(host, propagator, settings)
