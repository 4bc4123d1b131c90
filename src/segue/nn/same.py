"""Convolutions that pad as TensorFlow does."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class SameConv2d(nn.Conv2d):
    """A convolution of stride 2 whose output has half the sides: an odd pixel of padding lies below and on the right.

    Inputs must have even sides.
    """

    def __init__(self, channels_in: int, channels_out: int, size: int, groups: int = 1) -> None:
        super().__init__(channels_in, channels_out, size, stride=2, groups=groups, bias=False)

    def forward(self, x: Float[Tensor, "batch _ height width"]) -> Float[Tensor, "batch _ _ _"]:
        """The map at half the size."""
        before, after = (self.kernel_size[0] - 2) // 2, (self.kernel_size[0] - 1) // 2
        return super().forward(F.pad(x, (before, after, before, after)))
