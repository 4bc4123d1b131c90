"""The frozen feature extractors that FRTM runs on, by name."""

from typing import Literal

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.nn import efficientnet, resnet
from segue.nn.efficientnet import EfficientNetLite0
from segue.nn.resnet import ResNet

BackboneName = Literal["resnet18", "resnet101", "efficientnet-lite0"]

CHANNELS: dict[str, dict[int, int]] = {
    **resnet.CHANNELS,
    "efficientnet-lite0": efficientnet.CHANNELS,
}
"""Channels of each backbone by stride."""

_STAGES = {4: slice(0, 2), 8: slice(2, 3), 16: slice(3, 5), 32: slice(5, 7)}
"""Which stages of EfficientNet-Lite0 end at which stride."""
_MULTIPLE = 32


class LiteBackbone(nn.Module):
    """EfficientNet-Lite0 that stops where it is told, never trained: batch norm uses its stored statistics (ours).

    Args:
        pretrained: Fill in the ImageNet weights. Otherwise the weights are random, to be loaded or only timed.

    Raises:
        WeightsError: The package that holds the ImageNet weights is not installed.
    """

    mean = (0.5, 0.5, 0.5)
    deviation = (0.5, 0.5, 0.5)

    def __init__(self, *, pretrained: bool) -> None:
        super().__init__()
        self.channels = efficientnet.CHANNELS
        whole = EfficientNetLite0()
        if pretrained:
            whole.load_imagenet()
        self.body = whole.body
        self.requires_grad_(False)
        self.train(False)

    def forward(
        self, images: Float[Tensor, "batch 3 height width"], deepest: int = 32
    ) -> dict[int, Float[Tensor, "batch _ _ _"]]:
        """Feature maps by stride; images whose sides are no multiples of 32 are enlarged to the next ones.

        Args:
            images: Values in [-1, 1].
            deepest: The largest stride wanted; what lies deeper is not computed.
        """
        sides = [-(-side // _MULTIPLE) * _MULTIPLE for side in images.shape[-2:]]
        if list(images.shape[-2:]) != sides:
            images = F.interpolate(images, sides, mode="bilinear", align_corners=False)
        body = self.body
        x = F.relu6(body.bn1(body.conv_stem(images)))
        return self._from(x, [stride for stride in _STAGES if stride <= deepest])

    def deeper(
        self, shallow: dict[int, Float[Tensor, "batch _ _ _"]]
    ) -> dict[int, Float[Tensor, "batch _ _ _"]]:
        """The maps below the deepest one that is given."""
        last = max(shallow)
        return self._from(shallow[last], [stride for stride in _STAGES if stride > last])

    def _from(self, x: Tensor, strides: list[int]) -> dict[int, Tensor]:
        maps = {}
        for stride in strides:
            x = self.body.blocks[_STAGES[stride]](x)
            maps[stride] = x
        return maps

    def train(self, mode: bool = True) -> "LiteBackbone":
        """Stay in evaluation mode, whatever is asked: the statistics are frozen."""
        return super().train(False)


def make_backbone(name: str, *, pretrained: bool) -> ResNet | LiteBackbone:
    """The backbone of a name from ``BackboneName``.

    Raises:
        SettingsError: There is no backbone of that name.
        WeightsError: The ImageNet weights could not be had.
    """
    if name == "efficientnet-lite0":
        return LiteBackbone(pretrained=pretrained)
    return ResNet(name, pretrained=pretrained)
