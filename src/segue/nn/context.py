"""Object context (Yuan et al., OCRNet, ECCV 2020): one vector per class, which every pixel then asks.

Soft regions say where each class is; ``gather`` averages features over them; ``ObjectAttention`` lets the pixels of
the same frame, or of another one, attend to what was gathered; ``Fuse`` joins the answer with the pixels' own features.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

Features = Float[Tensor, "batch channels height width"]
Contexts = Float[Tensor, "batch vectors channels"]
"""Vectors that stand for classes; several per class may lie one after the other."""


class SoftRegions(nn.Sequential):
    """Logits of classes from a map of middle depth: 3x3 convolution, norm, ReLU, 1x1 convolution.

    They are trained by an auxiliary loss, and say where each class is.

    Args:
        channels: Of the map.
        width: Channels between the convolutions.
        num_classes: Of the logits.
    """

    def __init__(self, channels: int, width: int, num_classes: int) -> None:
        super().__init__(*conv_norm_relu(channels, width, 3, bias=True))
        self.append(nn.Conv2d(width, num_classes, 1))


class ObjectAttention(nn.Module):
    """What the pixels of a map learn from vectors of classes.

    Queries and keys are made by two 1x1 convolutions each, values and the answer by one; each has a norm and a ReLU.

    Args:
        channels: Of the map, of the vectors and of the answer.
        keys: Channels in which pixels and vectors are compared.
        bias: Biases in front of the norms, as VSPW's code has them; they change nothing but the count.
    """

    def __init__(self, channels: int, keys: int, *, bias: bool = False) -> None:
        super().__init__()
        self.query = nn.Sequential(
            *conv_norm_relu(channels, keys, 1, bias), *conv_norm_relu(keys, keys, 1, bias)
        )
        self.key = nn.Sequential(
            *conv_norm_relu(channels, keys, 1, bias), *conv_norm_relu(keys, keys, 1, bias)
        )
        self.value = conv_norm_relu(channels, keys, 1, bias)
        self.answer = conv_norm_relu(keys, channels, 1, bias)
        self._scale = keys**-0.5

    def forward(
        self,
        features: Features,
        contexts: Contexts,
        known: Bool[Tensor, "batch vectors"] | None = None,
    ) -> Features:
        """The answer to every pixel.

        Args:
            features: Of the frame whose pixels ask.
            contexts: Of the same frame or of others.
            known: Vectors that may answer; ``None``: all. Where none may, the answer is that to a value of zeros.
        """
        batch, _, height, width = features.shape
        vectors = contexts.transpose(1, 2)[..., None]
        queries = self.query(features).flatten(2).transpose(1, 2)
        keys, values = self.key(vectors).flatten(2), self.value(vectors).flatten(2)
        likeness = queries @ keys * self._scale
        if known is not None:
            likeness = likeness.masked_fill(~known[:, None], torch.finfo(likeness.dtype).min)
        weights = likeness.softmax(-1)
        if known is not None:
            weights = weights * known[:, None]
        found = (weights @ values.transpose(1, 2)).transpose(1, 2)
        answer: Tensor = self.answer(found.reshape(batch, -1, height, width))
        return answer


class Fuse(nn.Module):
    """Two maps of the same width as one: 1x1 convolution of both, norm, ReLU.

    Args:
        channels: Of each map, and of the result.
        bias: As in ``ObjectAttention``.
    """

    def __init__(self, channels: int, *, bias: bool = False) -> None:
        super().__init__()
        self.layers = conv_norm_relu(2 * channels, channels, 1, bias)

    def forward(self, context: Features, features: Features) -> Features:
        """The map that holds both; the context comes first."""
        fused: Tensor = self.layers(torch.cat([context, features], 1))
        return fused


def gather(
    features: Features, regions: Float[Tensor, "batch classes height width"]
) -> Float[Tensor, "batch classes channels"]:
    """One vector per class: the mean of the features, weighted by a softmax of the class's logits over all pixels.

    Args:
        features: Of the size of the regions.
        regions: Logits, as ``SoftRegions`` gives them.
    """
    weights = regions.flatten(2).softmax(-1)
    return weights @ features.flatten(2).transpose(1, 2)


def conv_norm_relu(
    channels_in: int, channels_out: int, size: int, bias: bool = False, dilation: int = 1
) -> nn.Sequential:
    """Convolution of the same size, batch norm and ReLU."""
    padding = size // 2 * dilation
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, size, padding=padding, dilation=dilation, bias=bias),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )
