"""From a name, settings and a weights file to a SlowFast VOS network."""

import torch

from segue.models.slowfast.network import SlowFastNetwork
from segue.models.slowfast.settings import SlowFastSettings


def create_network(name: str, settings: SlowFastSettings, num_classes: int = 2) -> SlowFastNetwork:
    """A new network, the same on every run, without touching the caller's random numbers.

    Args:
        name: ``slowfast`` or ``slowfast-lite``.
        settings: See there; ``seed`` decides on the weights.
        num_classes: As in ``SlowFastNetwork``.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return SlowFastNetwork(name, settings, num_classes)
