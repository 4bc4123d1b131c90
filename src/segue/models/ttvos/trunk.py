"""What looks at a frame: a backbone and the maps at strides 4, 8 and 16 that the rest of TTVOS works on."""

from dataclasses import dataclass
from typing import Any

import timm
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.errors import WeightsError
from segue.nn.efficientnet import CHANNELS, EfficientNetLite0
from segue.nn.pyramid import WIDTHS, Pyramid

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Look:
    """What a frame offers to every object."""

    maps: dict[int, Float[Tensor, "batch _ _ _"]]
    """Features at strides 16, 8 and 4."""
    keys: Float[Tensor, "batch keys height8 width8"] | None
    """Of length one, for matching; ``None`` in the variants of the paper."""

    def __getitem__(self, rows: slice) -> "Look":
        keys = None if self.keys is None else self.keys[rows]
        return Look({s: m[rows] for s, m in self.maps.items()}, keys)


class LiteTrunk(nn.Module):
    """EfficientNet-Lite0 under a pyramid; the only trunk with keys."""

    multiple = 32

    def __init__(self) -> None:
        super().__init__()
        self.channels = {s: WIDTHS[s] for s in (16, 8, 4)}
        self.glance_channels = CHANNELS[4]
        self.backbone = EfficientNetLite0()
        self.pyramid = Pyramid()

    def forward(self, frames: Float[Tensor, "batch 3 height width"]) -> Look:
        """Features of frames with values in [0, 1]."""
        return Look(*self.pyramid(self.backbone(frames)))

    def glance(self, frames: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch _ _ _"]:
        """Features at stride 8 at a fifth of the backbone's cost: its first layers on a frame of half the size."""
        small = F.avg_pool2d(frames, 2).contiguous(memory_format=torch.channels_last)
        body = self.backbone.body
        found: Tensor = body.blocks[:2](body.bn1(body.conv_stem(small * 2 - 1)))
        return found


class PaperTrunk(nn.Module):
    """The backbones of the paper's repository, which give the maps at strides 16, 8 and 4 themselves.

    ResNet-50 ends with layer3, whose blocks from number 4 on are dilated; ResNet-18 keeps layer4 at stride 16,
    its second block dilated.

    Args:
        name: ``resnet50``, ``resnet18`` or ``mobilenetv3_large``.
        pretrained: Fill in ImageNet weights, which timm downloads.

    Raises:
        WeightsError: The ImageNet weights could not be had.
    """

    multiple = 16
    mean: Tensor
    deviation: Tensor

    def __init__(self, name: str, *, pretrained: bool) -> None:
        super().__init__()
        timm_name, channels, taken = _BACKBONES[name]
        self.channels = channels
        self.glance_channels = channels[8]
        try:
            self.backbone = timm.create_model(
                timm_name, features_only=True, out_indices=taken, pretrained=pretrained
            )
        except Exception as error:  # timm and the clients below it each raise their own
            raise WeightsError(
                f"The ImageNet weights of {name} (timm's {timm_name}) could not be had: {error}. "
                "They are downloaded on first use: run once while online, or give a weights file."
            ) from error
        if name == "resnet50":
            for block in list(self.backbone.layer3)[4:]:
                _dilate(block)
        if name == "resnet18":
            _unstride(self.backbone.layer4[0])
            _dilate(self.backbone.layer4[1])
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer(
            "deviation", torch.tensor(_DEVIATION).view(1, 3, 1, 1), persistent=False
        )

    def forward(self, frames: Float[Tensor, "batch 3 height width"]) -> Look:
        """Features of frames with values in [0, 1]."""
        found = self.backbone((frames - self.mean) / self.deviation)
        return Look(dict(zip((4, 8, 16), found, strict=True)), None)

    def glance(self, frames: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch _ _ _"]:
        """The features at stride 8, from the first layers alone."""
        x = (frames - self.mean) / self.deviation
        for layer in self._shallow():
            x = layer(x)
        return x

    def _shallow(self) -> list[nn.Module]:
        """The layers up to the features at stride 8."""
        layers = list(self.backbone.named_children())
        if "blocks" in dict(layers):
            body: Any = self.backbone
            return [body.conv_stem, body.bn1, *body.blocks[:3]]
        names = [name for name, _ in layers]
        return [layer for _, layer in layers[: names.index("layer2") + 1]]


_BACKBONES = {
    "resnet50": ("resnet50.tv_in1k", {16: 1024, 8: 512, 4: 256}, (1, 2, 3)),
    "resnet18": ("resnet18.tv_in1k", {16: 512, 8: 128, 4: 64}, (1, 2, 4)),
    "mobilenetv3_large": ("mobilenetv3_large_100.ra_in1k", {16: 112, 8: 40, 4: 24}, (1, 2, 3)),
}


def _dilate(block: nn.Module) -> None:
    for module in block.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
            module.dilation = module.padding = (2, 2)


def _unstride(block: nn.Module) -> None:
    for module in block.modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)
