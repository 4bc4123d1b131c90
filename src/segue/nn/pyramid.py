"""A top-down feature pyramid for frozen backbones, and a key per cell for matching."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.nn.efficientnet import CHANNELS

WIDTHS = {4: 32, 8: 64, 16: 96, 32: 96}
"""Channels of the pyramid by stride."""
KEY_CHANNELS = 32


class TopDown(nn.Module):
    """Maps at strides 4, 8 and 16 that know what is seen at stride 32, over EfficientNet-Lite0.

    Names of parameters are those of the neck of segue-lite, so that one can start from the other.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lateral = nn.ModuleDict(
            {str(s): _conv_norm(CHANNELS[s], WIDTHS[s], 1) for s in (32, 16, 8, 4)}
        )
        self.down = nn.ModuleDict(
            {str(s): nn.Conv2d(WIDTHS[2 * s], WIDTHS[s], 1) for s in (16, 8, 4)}
        )
        self.smooth = nn.ModuleDict(
            {str(s): _conv_norm(WIDTHS[s], WIDTHS[s], 3).append(nn.ReLU()) for s in (16, 8, 4)}
        )

    def climb(self, maps: dict[int, Tensor]) -> dict[int, Tensor]:
        """Pyramid maps by stride, the coarsest first; that at stride 32 has seen nothing but itself."""
        top = self.lateral["32"](maps[32])
        found = {32: top}
        for stride in (16, 8, 4):
            name = str(stride)
            down = self.down[name](top)
            down = F.interpolate(down, scale_factor=2.0, mode="bilinear", align_corners=False)
            top = self.smooth[name](F.relu(self.lateral[name](maps[stride]) + down))
            found[stride] = top
        return found


class Pyramid(TopDown):
    """``TopDown``, and a key per cell."""

    def __init__(self) -> None:
        super().__init__()
        self.target = nn.Sequential(
            _conv_norm(WIDTHS[8], WIDTHS[8], 3), nn.ReLU(), nn.Conv2d(WIDTHS[8], KEY_CHANNELS, 1)
        )

    def forward(
        self, maps: dict[int, Tensor]
    ) -> tuple[dict[int, Tensor], Float[Tensor, "batch keys height8 width8"]]:
        """Pyramid maps by stride, and keys of length one at stride 8."""
        found = self.climb(maps)
        del found[32]
        return found, F.normalize(self.target(found[8]), dim=1)


def _conv_norm(channels_in: int, channels_out: int, size: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels_in, channels_out, size, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels_out))
