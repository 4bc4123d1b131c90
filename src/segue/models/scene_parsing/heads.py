"""Heads that keep nothing: from the maps of a frame to logits of its classes.

Widths and layers are those whose parameters fit the numbers that SSLTM's table prints.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.errors import InputError
from segue.nn.backbones import Maps
from segue.nn.context import conv_norm_relu
from segue.nn.resize import resized

Logits = Float[Tensor, "batch classes _ _"]

POOLS = (1, 2, 3, 6)
"""Cells along each side of the grids of pyramid pooling."""
_LOW_WIDTH = 48
_HEAD_WIDTH = 64
"""Channels of one head of attention."""


class UperNetHead(nn.Module):
    """UperNet (Xiao et al., ECCV 2018): pyramid pooling on top of a feature pyramid, one width everywhere.

    Args:
        channels: Of the four maps.
        width: Of everything within.
        num_classes: Of the logits.
    """

    def __init__(self, channels: tuple[int, ...], width: int, num_classes: int) -> None:
        super().__init__()
        top = channels[-1]
        self.pooled = nn.ModuleList(conv_norm_relu(top, width, 1) for _ in POOLS)
        self.top = conv_norm_relu(top + len(POOLS) * width, width, 3)
        self.lateral = nn.ModuleList(conv_norm_relu(c, width, 1) for c in channels[:-1])
        self.smooth = nn.ModuleList(conv_norm_relu(width, width, 3) for _ in channels[:-1])
        self.fuse = conv_norm_relu(len(channels) * width, width, 3)
        self.classify = nn.Conv2d(width, num_classes, 1)

    def forward(self, maps: Maps, regions: Logits | None = None) -> Logits:
        """Logits at stride 4; regions do not matter."""
        last = maps[-1]
        refuse_lone(last, self.pooled)
        grids = [
            resized(layer(F.adaptive_avg_pool2d(last, cells)), last)
            for layer, cells in zip(self.pooled, POOLS, strict=True)
        ]
        found = [self.top(torch.cat([last, *grids], 1))]
        for lateral, fine in zip(reversed(self.lateral), reversed(maps[:-1]), strict=True):
            side = lateral(fine)
            found.append(side + resized(found[-1], side))
        levels = [found[0], *(s(m) for s, m in zip(reversed(self.smooth), found[1:], strict=True))]
        joined = torch.cat([resized(level, levels[-1]) for level in reversed(levels)], 1)
        logits: Tensor = self.classify(self.fuse(joined))
        return logits


class DeepLabHead(nn.Module):
    """DeepLabv3+ (Chen et al., ECCV 2018): dilated convolutions on the coarsest map, joined with the finest one.

    Args:
        channels: Of the four maps.
        width: Of everything but the finest map, which is narrowed to 48.
        num_classes: Of the logits.
        stride: Of the coarsest map; the dilations reach as far in pixels at any stride.
        joining: Size of the convolution behind the pyramid: 3 fits the printed number, VSPW's code has 1.
    """

    def __init__(
        self, channels: tuple[int, ...], width: int, num_classes: int, stride: int, joining: int
    ) -> None:
        super().__init__()
        top = channels[-1]
        rate = 96 // stride  # 12 at stride 8 and 6 at stride 16, as in the paper
        self.branches = nn.ModuleList(
            [
                conv_norm_relu(top, width, 1),
                *(conv_norm_relu(top, width, 3, dilation=rate * i) for i in (1, 2, 3)),
            ]
        )
        self.whole = conv_norm_relu(top, width, 1)
        self.join = conv_norm_relu(5 * width, width, joining)
        self.low = conv_norm_relu(channels[0], _LOW_WIDTH, 1)
        self.refine = nn.Sequential(
            conv_norm_relu(width + _LOW_WIDTH, width, 3), conv_norm_relu(width, width, 3)
        )
        self.classify = nn.Conv2d(width, num_classes, 1)

    def forward(self, maps: Maps, regions: Logits | None = None) -> Logits:
        """Logits at stride 4; regions do not matter."""
        last = maps[-1]
        refuse_lone(last, self.whole)
        found = [branch(last) for branch in self.branches]
        found.append(self.whole(F.adaptive_avg_pool2d(last, 1)).expand_as(found[0]))
        low = self.low(maps[0])
        joined = torch.cat([resized(self.join(torch.cat(found, 1)), low), low], 1)
        logits: Tensor = self.classify(self.refine(joined))
        return logits


class SegmenterHead(nn.Module):
    """Segmenter's mask transformer (Strudel et al., ICCV 2021): tokens of classes among those of the coarsest map.

    One layer, which fits the printed number of parameters; no code of the comparison is public.

    Args:
        channels: Of the four maps.
        width: Of the tokens.
        num_classes: Of the logits.
    """

    def __init__(self, channels: tuple[int, ...], width: int, num_classes: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(channels[-1], width)
        self.tokens = nn.Parameter(torch.zeros(num_classes, width))
        nn.init.trunc_normal_(self.tokens, std=0.02)
        self.layer = nn.TransformerEncoderLayer(
            width,
            max(1, width // _HEAD_WIDTH),
            4 * width,
            dropout=0.0,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.norm = nn.LayerNorm(width)
        self.of_places = nn.Linear(width, width, bias=False)
        self.of_classes = nn.Linear(width, width, bias=False)
        self.norm_masks = nn.LayerNorm(num_classes)

    def forward(self, maps: Maps, regions: Logits | None = None) -> Logits:
        """Logits at the size of the coarsest map; regions do not matter."""
        last = maps[-1]
        number = last.shape[2] * last.shape[3]
        places = self.narrow(last.flatten(2).transpose(1, 2))
        tokens = torch.cat([places, self.tokens.expand(len(last), -1, -1)], 1)
        tokens = self.norm(self.layer(tokens))
        places = F.normalize(self.of_places(tokens[:, :number]), dim=-1)
        classes = F.normalize(self.of_classes(tokens[:, number:]), dim=-1)
        masks = self.norm_masks(places @ classes.transpose(1, 2))
        logits: Tensor = masks.transpose(1, 2).reshape(len(last), -1, *last.shape[2:])
        return logits


def refuse_lone(maps: Float[Tensor, "batch _ _ _"], pooled: nn.Module) -> None:
    """Refuse a batch of one frame where norms learn: pooled to one cell, it has no deviation to be divided by.

    Args:
        maps: What is pooled.
        pooled: The layers behind the pooling.

    Raises:
        InputError: It is one, and they do.
    """
    learns = any(part.training for part in pooled.modules() if isinstance(part, nn.BatchNorm2d))
    if learns and len(maps) == 1:
        raise InputError(
            "This head pools each frame to one cell, and its batch norm cannot learn from a batch of one frame. Train "
            "with a batch of at least 2, or with another head."
        )
