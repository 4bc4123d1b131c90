"""The decoder's inner map of the last computed frame, brought to this frame."""

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.nn.residual import ResidualBlock

_DILATIONS = (1, 2, 3)


class RefineTranslator(nn.Module):
    """Three views of the map at growing dilation, merged (paper, figure 5a).

    Args:
        width: Channels of the map; a multiple of 4. 64 in the paper, where each view has 48.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        view = width * 3 // 4
        self.views = nn.ModuleList(
            nn.Conv2d(width + 1, view, 3, padding=d, dilation=d) for d in _DILATIONS
        )
        self.merge = nn.Sequential(
            nn.Conv2d(view * len(_DILATIONS), width, 5, padding=2), ResidualBlock(width)
        )

    def forward(
        self,
        refined: Float[Tensor, "batch channels rows columns"],
        delta: Float[Tensor, "batch 1 rows columns"],
    ) -> Float[Tensor, "batch channels rows columns"]:
        """The map of this frame.

        Args:
            refined: Of the last computed frame.
            delta: Change of the score since then.
        """
        seen = torch.cat([refined, delta], 1)
        return cast(Tensor, self.merge(torch.cat([view(seen) for view in self.views], 1)))
