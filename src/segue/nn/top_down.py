"""From stride 16 to classes at stride 4: sums on the way down, and maps of strides 16 and 32 merged before (ours).

As ``temporal-unet-lite`` does, since thin things are lost at stride 16.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.nn.backbones import Maps
from segue.nn.context import conv_norm_relu
from segue.nn.resize import resized

FINE_WIDTHS = (48, 64)
"""Channels of the decoder at strides 4 and 8."""


class Merge(nn.Module):
    """Maps at strides 16 and 32 as one at stride 16.

    Args:
        channels: Of the four maps, from fine to coarse.
        width: Of what comes out.
    """

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.narrow = conv_norm(channels[2], width, 1)
        self.context = conv_norm(channels[3], width, 1)

    def merged(self, maps: Maps) -> Float[Tensor, "batch width rows16 columns16"]:
        """The one map."""
        narrow = self.narrow(maps[2])
        return F.relu(narrow + resized(self.context(maps[3]), narrow))


class TopDownDecoder(nn.Module):
    """Sums from stride 16 down to stride 4, a 3x3 convolution at each, classes at stride 4 (ours)."""

    def __init__(self, channels: tuple[int, ...], width: int, num_classes: int) -> None:
        super().__init__()
        fine, middle = FINE_WIDTHS
        self.lateral = nn.ModuleList(
            (conv_norm(channels[1], middle, 1), conv_norm(channels[0], fine, 1))
        )
        self.down = nn.ModuleList((nn.Conv2d(width, middle, 1), nn.Conv2d(middle, fine, 1)))
        self.refine = nn.ModuleList(
            (conv_norm_relu(middle, middle, 3), conv_norm_relu(fine, fine, 3))
        )
        self.head = nn.Conv2d(fine, num_classes, 3, padding=1)

    def forward(
        self, features: Float[Tensor, "batch channels rows columns"], maps: Maps
    ) -> Float[Tensor, "batch classes rows4 columns4"]:
        """Logits at stride 4."""
        x = features
        for lateral, down, refine, fine in zip(
            self.lateral, self.down, self.refine, (maps[1], maps[0]), strict=True
        ):
            side = lateral(fine)
            x = refine(F.relu(side + resized(down(x), side)))
        logits: Tensor = self.head(x)
        return logits


def conv_norm(channels_in: int, channels_out: int, size: int) -> nn.Sequential:
    """A convolution of this size, and its norm."""
    convolution = nn.Conv2d(channels_in, channels_out, size, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels_out))
