"""The decision: may the last computed result be carried over to this frame?"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.nn.reuse.settings import ReuseSettings

Choice = Literal["compute", "translate", "copy"]
"""The whole network, the host's cheap path, or the last mask as it is."""

_START_LOGITS = (0.1, 2.0)
"""Of reuse and of compute, before anything is learned: 13 % reuse, as released (the paper says 15 %)."""


class Gate(nn.Module):
    """Dissimilarity to the probability of reuse.

    There is no activation between the layers, as in the released code; the paper's sigmoid over one output is the
    same function as the softmax over two that is used here.

    Args:
        channels: Of the dissimilarity.
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        last = nn.Conv2d(16, 2, 3)
        self.layers = nn.Sequential(
            nn.AdaptiveMaxPool2d(7),
            nn.Conv2d(channels, 16, 3, stride=2, padding=1),
            nn.BatchNorm2d(16),
            nn.AdaptiveMaxPool2d(3),
            last,
        )
        with torch.no_grad():
            last.bias.copy_(torch.tensor(_START_LOGITS))  # type: ignore[union-attr]

    def forward(
        self, dissimilarity: Float[Tensor, "batch channels _ _"]
    ) -> Float[Tensor, " batch"]:
        """Probability that the frame is so like the last computed one that it need not be computed."""
        logits: Tensor = self.layers(dissimilarity)
        return logits.flatten(1).softmax(1)[:, 0]


def choose(probability: float, settings: ReuseSettings) -> Choice:
    """What is done with one object on one frame.

    A frame is reused above the threshold (released code; the paper says at or above). So 1 computes every frame,
    whatever the gate; and 0 computes none, also where the gate says 0 (ours).
    """
    if not (probability > settings.threshold or settings.threshold == 0):
        return "compute"
    if settings.path == "fusion":
        return "copy" if probability > settings.copy_threshold else "translate"
    return settings.path


def straight_through(probability: Float[Tensor, " batch"]) -> Float[Tensor, " batch"]:
    """The decision in training: 1 (reuse) or 0 (compute), with the gradient of the probability."""
    decided = (probability > 0.5).to(probability.dtype)
    return decided + probability - probability.detach()
