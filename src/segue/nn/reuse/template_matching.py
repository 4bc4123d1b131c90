"""How unlike the last computed frame is this one, seen from the object? A map of features that says so.

Park et al., "Learning Dynamic Network Using a Reuse Gate Function in Semi-supervised Video Object Segmentation",
CVPR 2021, section 3.2; layers as in the released code.
"""

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

_GROUP = 4
"""Channels of a group in the grouped convolutions."""


class TemplateMatching(nn.Module):
    """Compares a frame and the last mask with a template of the object, made once on its first frame.

    What goes in is always the frame's features with the last mask (or score) as further channels, at one size.

    Args:
        channels: Of the features and the mask together.
        width: Channels of the result, and both sides of a template; a multiple of 4.
    """

    def __init__(self, channels: int, width: int = 64) -> None:
        super().__init__()
        self.template_key = _branch(channels, width, active_first=True)
        self.template_value = _branch(channels, width, active_first=True)
        self.key = _branch(channels, width, active_first=False)
        self.features = _branch(channels, width, active_first=False)
        self.blend = nn.Sequential(_grouped(2 * width), nn.Conv2d(2 * width, width, 1), nn.ReLU())

    def template(
        self, seen: Float[Tensor, "batch channels rows columns"]
    ) -> Float[Tensor, "batch width width"]:
        """The template of one object: values by keys, each row a softmax over the keys.

        Args:
            seen: Features and given mask of the first frame.
        """
        keys = self.template_key(seen).flatten(2)
        values = self.template_value(seen).flatten(2)
        return cast(Tensor, (values @ keys.mT / keys.shape[-1] ** 0.5).softmax(-1))

    def forward(
        self,
        seen: Float[Tensor, "batch channels rows columns"],
        template: Float[Tensor, "batch width width"],
    ) -> Float[Tensor, "batch width rows columns"]:
        """The dissimilarity, D in the paper.

        Args:
            seen: Features of this frame and the mask of the last computed one.
            template: Of the same object.
        """
        keys = self.key(seen)
        similarity = (template @ keys.flatten(2)).unflatten(2, keys.shape[2:])
        return cast(Tensor, self.blend(torch.cat([self.features(seen), similarity], 1)))


def _branch(channels: int, width: int, *, active_first: bool) -> nn.Module:
    entry, grouped, active = nn.Conv2d(channels, width, 1), _grouped(width), nn.LeakyReLU(0.2)
    return nn.Sequential(*([entry, active, grouped] if active_first else [entry, grouped, active]))


def _grouped(width: int) -> nn.Conv2d:
    return nn.Conv2d(width, width, 5, padding=2, groups=width // _GROUP)
