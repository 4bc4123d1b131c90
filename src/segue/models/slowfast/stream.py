"""The module, one frame at a time: each layer computes its one new map, all older ones are remembered.

Windows of neighbouring frames share all maps but one per layer, since the norms use running statistics in use. So a
frame costs one output per layer, whatever the length of the paths, and the result is that of the whole window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.slowfast.module import Kernels, Layer, SlowFast

Map = Float[Tensor, "1 _ _ _"]

KINDS = 4
"""Of each frame are remembered: fast path and slow path with its lateral, after the first and the second layer."""


@dataclass(frozen=True)
class Rings:
    """How many maps have to be remembered."""

    features: int
    """Of the pyramid, the newest included: from the frame that is due to the newest one."""
    past: tuple[int, int, int, int]
    """Of each of the ``KINDS``, the newest left aside."""

    @classmethod
    def of(cls, module: SlowFast) -> "Rings":
        """Those of a module."""
        slow, fast, lateral = module.kernels.slow, module.kernels.fast, module.kernels.lateral
        past = (
            max(lateral[0], fast[1]) - 1,
            slow[1] - 1,
            max(lateral[1], fast[2]) - 1,
            slow[2] - 1,
        )
        return cls(module.window // 2 + 1, past)


class LevelStep(nn.Module):
    """The module for one level of the pyramid, its norms folded into its convolutions.

    Args:
        module: Is copied.
        level: Number of the level.
    """

    def __init__(self, module: SlowFast, level: int) -> None:
        super().__init__()
        self.kernels: Kernels = module.kernels
        self.rings = Rings.of(module)
        self.newest_slow = self.rings.features - module.margin
        self.slow, self.fast, self.lateral = (
            nn.ModuleList(folded(cast(Layer, layer), level) for layer in layers)
            for layers in (module.slow, module.fast, module.lateral)
        )
        self.past_channels = _channels(module)
        self.gain: Tensor | None
        gain = None if module.gain is None else module.gain.detach()[:, None, None].clone()
        self.register_buffer("gain", gain)

    def forward(
        self, features: Sequence[Map], past: Sequence[Sequence[Map]]
    ) -> tuple[Map, tuple[Map, Map, Map, Map]]:
        """Enhanced features of the frame that is due, and the new map of each kind.

        Args:
            features: Of that frame and all later ones, the oldest first.
            past: Maps of each kind, the oldest first.
        """
        k, end = self.kernels, self.newest_slow
        slow = F.relu(self.slow[0](_stack(features[end - k.slow[0] : end])))
        fast = F.relu(self.fast[0](_stack(features[-k.fast[0] :])))
        new: list[Map] = []
        for i in range(2):
            fasts = (*past[2 * i], fast)
            joined = torch.cat([slow, F.relu(self.lateral[i](_stack(fasts[-k.lateral[i] :])))], 1)
            slows = (*past[2 * i + 1], joined)
            new += [fast, joined]
            slow = self.slow[i + 1](_stack(slows[-k.slow[i + 1] :]))
            fast = self.fast[i + 1](_stack(fasts[-k.fast[i + 1] :]))
            if i == 0:
                slow, fast = F.relu(slow), F.relu(fast)
        found = torch.cat([slow, fast], 1)
        if self.gain is not None:
            found = features[0] + self.gain * found
        return found, (new[0], new[1], new[2], new[3])

    def nothing(self, like: Map) -> tuple[tuple[Map, ...], ...]:
        """A past of zeros, which holds until as many frames have come as the module sees."""
        return tuple(
            (like.new_zeros(1, channels, *like.shape[2:]),) * count
            for channels, count in zip(self.past_channels, self.rings.past, strict=True)
        )


def folded(layer: Layer, level: int) -> nn.Conv2d:
    """Convolution and norm of a layer as one 2-D convolution of stacked frames."""
    old, norm = layer.conv, layer.norm
    mean, variance = norm.statistics(level)
    scale = norm.weight * (variance + norm.epsilon).rsqrt()
    weight = old.flat_weight * scale[:, None, None, None]
    bias = norm.bias - mean * scale + (0 if old.bias is None else old.bias * scale)
    new = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], padding=weight.shape[2] // 2)
    new.weight.data, new.bias = weight.detach().clone(), nn.Parameter(bias.detach().clone())
    return new.requires_grad_(False)


def _channels(module: SlowFast) -> tuple[int, ...]:
    """Of what is remembered of each of the ``KINDS``."""
    slow, fast, lateral = (
        [cast(Layer, layer).conv.out_channels for layer in layers]
        for layers in (module.slow, module.fast, module.lateral)
    )
    return fast[0], slow[0] + lateral[0], fast[1], slow[1] + lateral[1]


def _stack(maps: Sequence[Map]) -> Map:
    return maps[0] if len(maps) == 1 else torch.cat(list(maps), 1)
