"""Template attention: an object's template is a matrix between channels, of the same size whatever the frame."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

HISTORY = 6
"""Channels of the mask history: background and object of the last three frames."""
_COORDINATES = 3
_GROUP = 4  # channels of a group of the 5x5 convolutions

Template = Float[Tensor, "objects channels channels"]
History = Float[Tensor, "objects 6 height8 width8"]


class TemplateAttention(nn.Module):
    """The template of an object, what the current frame answers to it, and how fast the template changes.

    Args:
        channels: Of the features at stride 8, and of everything inside.
        extra: More channels that the query sees (the evidence of the light variant).
        update: Channels of the features in the rule of the update; the paper's code has 128.
    """

    def __init__(self, channels: int, extra: int = 0, update: int = 128) -> None:
        super().__init__()
        seen = channels + _COORDINATES + HISTORY
        self.memory_key = _embedding(seen, channels)
        self.memory_value = _embedding(seen, channels)
        self.query_value = _embedding(seen + extra, channels)
        self.query_feature = _embedding(seen + extra, channels)
        self.blend = nn.Sequential(
            _grouped(2 * channels), nn.Conv2d(2 * channels, channels, 1), nn.ReLU()
        )
        self.rate_feature = nn.Conv2d(channels, update, 1)
        self.rate_blend = nn.Conv2d(update + 2, (update + 2) // 2, 3, stride=2, padding=1)
        self.rate = nn.Conv2d((update + 2) // 2, 1, 1)

    def template(
        self, features: Float[Tensor, "objects channels height8 width8"], history: History
    ) -> Template:
        """The template that a frame and the masks up to it make."""
        return self.template_of(torch.cat([features, coordinates(features), history], 1))

    def template_of(self, seen: Float[Tensor, "objects _ height8 width8"]) -> Template:
        """The same, from features, coordinates and history in one."""
        key, value = self.memory_key(seen).flatten(2), self.memory_value(seen).flatten(2)
        found: Tensor = (key @ value.transpose(1, 2) / key.shape[2] ** 0.5).softmax(2)
        return found

    def forward(
        self,
        features: Float[Tensor, "objects channels height8 width8"],
        history: History,
        template: Template,
        extra: Float[Tensor, "objects _ height8 width8"] | None = None,
    ) -> Float[Tensor, "objects channels height8 width8"]:
        """What the frame answers to the template."""
        seen = [features, coordinates(features), history, *([] if extra is None else [extra])]
        return self.answered(torch.cat(seen, 1), template)

    def answered(
        self, query: Float[Tensor, "objects _ height8 width8"], template: Template
    ) -> Float[Tensor, "objects channels height8 width8"]:
        """The same, from features, coordinates, history and what else is known in one."""
        value = self.query_value(query)
        answer = (template.to(value.dtype) @ value.flatten(2)).view_as(value)
        found: Tensor = self.blend(torch.cat([self.query_feature(query), answer], 1))
        return found

    def updated(
        self,
        template: Template,
        new: Template,
        attention: Float[Tensor, "objects channels height8 width8"],
        coarse: Float[Tensor, "objects 2 height8 width8"],
    ) -> Template:
        """The template after a frame: the frame's own comes in with a weight that the frame decides.

        Args:
            template: Before.
            new: Made from the frame and its predicted mask.
            attention: What ``forward`` gave.
            coarse: The decoder's coarsest mask, at stride 8.
        """
        seen = torch.cat([self.rate_feature(attention), coarse], 1)
        rate = self.rate(self.rate_blend(seen).mean((2, 3), keepdim=True))
        weight: Tensor = rate.sigmoid().flatten(1)[..., None].float()
        return (template + weight * new) / (1 + weight)


def coordinates(features: Tensor) -> Float[Tensor, "batch 3 height width"]:
    """Horizontal and vertical place in [-1, 1], and the distance from the centre."""
    batch, _, height, width = features.shape
    y = torch.linspace(-1, 1, height, device=features.device)[:, None].expand(height, width)
    x = torch.linspace(-1, 1, width, device=features.device)[None].expand(height, width)
    return torch.stack([x, y, (x**2 + y**2).sqrt()]).expand(batch, -1, -1, -1).to(features.dtype)


def pool_masks(masks: Float[Tensor, "objects 2 height width"]) -> Float[Tensor, "objects 2 _ _"]:
    """Masks at stride 8: three average pools of stride 2."""
    for _ in range(3):
        masks = F.avg_pool2d(masks, 3, stride=2, padding=1, count_include_pad=False)
    return masks


def two_channels(
    probabilities: Float[Tensor, "objects height width"],
) -> Float[Tensor, "objects 2 height width"]:
    """Background and object."""
    return torch.stack([1 - probabilities, probabilities], 1)


def margin(
    logits: Float[Tensor, "objects 2 height width"],
) -> Float[Tensor, "objects height width"]:
    """The logit of the object against the background."""
    return logits[:, 1] - logits[:, 0]


def _grouped(channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, 5, padding=2, groups=channels // _GROUP)


def _embedding(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 1), _grouped(channels_out), nn.LeakyReLU(0.2)
    )
