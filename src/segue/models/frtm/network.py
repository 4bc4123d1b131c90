"""Everything of FRTM that has trained weights: the frozen backbone and the decoder."""

from typing import Literal, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.frtm.refiner import Reduced, Refiner
from segue.nn.resnet import ResNet

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)

TARGET_STRIDE = 16
"""Where the target model looks."""


class FrtmNetwork(nn.Module):
    """Backbone and decoder; target models are not part of it, they belong to a video.

    Args:
        backbone: Name of the ResNet.
        pretrained: Whether the backbone gets its ImageNet weights.
        head: Last enlargement of the decoder, see ``refiner.Head``.

    Raises:
        WeightsError: The ImageNet weights could not be had.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        backbone: str,
        *,
        pretrained: bool,
        head: Literal["two-step", "direct"] = "two-step",
    ) -> None:
        super().__init__()
        self.backbone = ResNet(backbone, pretrained=pretrained)
        self.refiner = Refiner(self.backbone.channels, head=head)
        for name, values in (("mean", _MEAN), ("deviation", _DEVIATION)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def look(
        self, frames: Float[Tensor, "batch 3 height width"], deepest: int = 32
    ) -> dict[int, Float[Tensor, "batch _ _ _"]]:
        """Features by stride of frames with values in [0, 1], down to stride ``deepest``."""
        normal = (frames - self.mean) / self.deviation
        return cast(dict[int, Tensor], self.backbone(normal, deepest))

    def forward(
        self,
        reduced: Reduced,
        scores: Float[Tensor, "batch 1 rows columns"],
        size: tuple[int, int],
    ) -> Float[Tensor, "batch height width"]:
        """Probability of one object per pixel, from the decoder's view of the frame and scores."""
        logits: Tensor = self.refiner(reduced, scores, size)
        return logits[:, 0].sigmoid()
