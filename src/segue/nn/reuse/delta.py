"""How the score of an object changed since the last computed frame."""

from typing import cast

from jaxtyping import Float
from torch import Tensor, nn


class DeltaGenerator(nn.Module):
    """Dissimilarity to a change of the score, at half the resolution; one convolution.

    Args:
        channels: Of the dissimilarity.
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, 1, 3, stride=2, padding=1)

    def forward(
        self, dissimilarity: Float[Tensor, "batch channels _ _"]
    ) -> Float[Tensor, "batch 1 rows columns"]:
        """What to add to the last computed score."""
        return cast(Tensor, self.convolution(dissimilarity))
