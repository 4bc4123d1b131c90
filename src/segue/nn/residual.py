"""The residual block of FRTM's decoder, which the refine-translator of the reuse gate ends with too."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """h = conv1x1(x); relu(h + branch(h)), the branch being conv, norm, relu, conv."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.entry = nn.Conv2d(width, width, 1)
        self.branch = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
        )

    def forward(
        self, features: Float[Tensor, "batch channels rows columns"]
    ) -> Float[Tensor, "batch channels rows columns"]:
        """Features of the same shape."""
        entered = self.entry(features)
        return F.relu(entered + self.branch(entered))
