"""Convolutional recurrent cells: the state is a feature map that goes in and comes out, never kept in the cell."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Map = Float[Tensor, "batch channels height width"]


class ConvRNN(nn.Module):
    """An Elman cell of two 3x3 convolutions, whose output is also its next state (temporal U-Net report, eq. 3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.from_input = nn.Conv2d(channels, channels, 3, padding=1)
        self.from_hidden = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Map, hidden: Map) -> Map:
        """The next state: ReLU of the sum of both convolutions."""
        return F.relu(self.from_input(x) + self.from_hidden(hidden))


class ConvGRU(nn.Module):
    """A gated recurrent unit of 3x3 convolutions (Ballas et al., ICLR 2016; temporal U-Net report, eq. 8-11).

    The update gate says how much of the old state stays, ``h' = (1 - z) n + z h``, as in the report. Its released
    code has the gate the other way round; the functions are the same, the weights are not.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1)
        self.candidate = nn.Conv2d(2 * channels, channels, 3, padding=1)

    def forward(self, x: Map, hidden: Map) -> Map:
        """The next state, which is also the output."""
        reset, update = self.gates(torch.cat([x, hidden], 1)).sigmoid().chunk(2, 1)
        candidate = self.candidate(torch.cat([x, reset * hidden], 1)).tanh()
        following: Tensor = (1 - update) * candidate + update * hidden
        return following
