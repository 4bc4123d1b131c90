"""Frozen ImageNet ResNets that give their feature maps by stride."""

from typing import Literal, cast

from jaxtyping import Float
from torch import Tensor, nn

from segue.errors import SettingsError, WeightsError

ResNetName = Literal["resnet18", "resnet101"]
"""The backbones on offer."""

CHANNELS: dict[str, dict[int, int]] = {
    "resnet18": {4: 64, 8: 128, 16: 256, 32: 512},
    "resnet101": {4: 256, 8: 512, 16: 1024, 32: 2048},
}
"""Channels of each backbone by stride."""

_STRIDES = {"layer1": 4, "layer2": 8, "layer3": 16, "layer4": 32}


class ResNet(nn.Module):
    """A ResNet without its classifier, never trained: batch norm always uses its stored statistics.

    Args:
        name: ``resnet18`` or ``resnet101``.
        pretrained: Fill in the ImageNet weights of torchvision (through timm, which downloads them
            once and keeps them). Otherwise the weights are random, to be loaded or only timed.

    Raises:
        SettingsError: There is no backbone of that name.
        WeightsError: The ImageNet weights could not be had.
    """

    mean = (0.485, 0.456, 0.406)
    deviation = (0.229, 0.224, 0.225)

    def __init__(self, name: str, *, pretrained: bool) -> None:
        super().__init__()
        if name not in CHANNELS:
            raise SettingsError(f"No backbone {name!r}. Known backbones: {', '.join(CHANNELS)}.")
        self.channels = CHANNELS[name]
        self.body = _create(name, pretrained)
        self.requires_grad_(False)
        self.train(False)

    def forward(
        self, images: Float[Tensor, "batch 3 height width"], deepest: int = 32
    ) -> dict[int, Float[Tensor, "batch _ _ _"]]:
        """Feature maps by stride, of size ceil(side / stride).

        Args:
            images: Normalised with the ImageNet mean and deviation (by the model that owns this).
            deepest: The largest stride wanted; what lies deeper is not computed.
        """
        maps = {}
        for name, layer in self.body.named_children():
            images = layer(images)
            if name in _STRIDES:
                maps[_STRIDES[name]] = images
                if _STRIDES[name] == deepest:
                    break
        return maps

    def deeper(
        self, shallow: dict[int, Float[Tensor, "batch _ _ _"]]
    ) -> dict[int, Float[Tensor, "batch _ _ _"]]:
        """The maps below the deepest one that is given."""
        last = max(shallow)
        images, maps = shallow[last], {}
        for name, stride in _STRIDES.items():
            if stride > last:
                images = maps[stride] = cast(nn.Module, getattr(self.body, name))(images)
        return maps

    def train(self, mode: bool = True) -> "ResNet":
        """Stay in evaluation mode, whatever is asked: the statistics are frozen."""
        return super().train(False)


def _create(name: str, pretrained: bool) -> nn.Module:
    import timm  # takes longer than all else, and other backbones do without

    try:
        # .tv_in1k: torchvision's first ImageNet weights, those that the papers here started from.
        body: nn.Module = timm.create_model(
            f"{name}.tv_in1k", features_only=True, out_indices=(1, 2, 3, 4), pretrained=pretrained
        )
    # timm, huggingface_hub and the HTTP client below them each raise their own errors, and without
    # pretrained=True nothing here can fail.
    except Exception as error:
        raise WeightsError(
            f"The ImageNet weights of {name} (timm's {name}.tv_in1k) could not be had: "
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''} "
            "They are downloaded from huggingface.co on first use: run once while online, or give "
            "a weights file that contains the backbone."
        ) from error
    return body
