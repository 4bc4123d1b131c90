"""The SlowFast module: a slow, wide and a fast, narrow path of convolutions over the features of successive frames.

Parameters are those of ``Conv3d``; what is computed are 2-D convolutions of stacked frames, which is the same sum and
two to three times as fast on a processor.
"""

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.slowfast.settings import NetworkSettings

Window = Float[Tensor, "batch _ _ rows columns"]
"""One level of the pyramid, of successive frames: ``batch time channels rows columns``."""


@dataclass(frozen=True)
class Widths:
    """Channels of the module."""

    slow: tuple[int, int, int]
    fast: int
    lateral: int
    """That the fast path gives to the slow one after each of its first two layers."""

    @property
    def features(self) -> int:
        """Channels that go in and come out."""
        return self.slow[2] + self.fast


FULL = Widths((192, 192, 224), 32, 64)
"""The paper's."""
QUARTER = Widths((48, 48, 56), 8, 16)
"""Of slowfast-lite (ours)."""


@dataclass(frozen=True)
class Kernels:
    """How many frames each convolution spans."""

    slow: tuple[int, int, int]
    fast: tuple[int, int, int]
    lateral: tuple[int, int]

    @classmethod
    def of(cls, slow: int, fast: int) -> "Kernels":
        """Those of two paths; each path ends at one frame, and a lateral one at the length of the slow path.

        Args:
            slow: Frames that the slow path sees, odd.
            fast: Frames that the fast path sees, odd and not fewer.
        """
        s, f = _path(slow), _path(fast)
        first = (fast - f[0]) - (slow - s[0]) + 1
        return cls(s, f, (first, first - (f[1] - s[1])))


def _path(frames: int) -> tuple[int, int, int]:
    third, rest = divmod(frames, 3)
    if rest == 0:
        return third, third + 1, third + 1
    return (third + 1,) * 3 if rest == 1 else (third + 1, third + 1, third + 2)


class TimeConv(nn.Conv3d):
    """A convolution over ``time`` frames and ``size`` x ``size`` cells; no padding in time, the same size in space."""

    def __init__(
        self, channels_in: int, channels_out: int, time: int, size: int, bias: bool
    ) -> None:
        pad = size // 2
        super().__init__(
            channels_in, channels_out, (time, size, size), padding=(0, pad, pad), bias=bias
        )

    @property
    def flat_weight(self) -> Float[Tensor, "channels_out stacked _ _"]:
        """The weights of a 2-D convolution of frames that are stacked along their channels, the oldest first."""
        return self.weight.transpose(1, 2).flatten(1, 2)

    def forward(self, frames: Window) -> Window:
        """As ``Conv3d`` does, with time before the channels; shorter by ``time - 1`` frames."""
        span = self.kernel_size[0]
        batch, num_frames = frames.shape[:2]
        later = [frames[:, i : num_frames - span + 1 + i] for i in range(span)]
        stacked = torch.cat(later, 2) if span > 1 else frames
        pad = cast(tuple[int, ...], self.padding)[1:]
        found = F.conv2d(stacked.flatten(0, 1), self.flat_weight, self.bias, padding=pad)
        return found.reshape(batch, num_frames - span + 1, *found.shape[1:])


class LevelNorm(nn.Module):
    """Batch norm with one gain and bias per channel, and statistics for each level of the pyramid or for all.

    Args:
        channels: Of the maps.
        levels: Sets of statistics; 1: one for all levels, as if this were ``BatchNorm3d``.
    """

    momentum = 0.1
    epsilon = 1e-5

    def __init__(self, channels: int, levels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(levels, channels))
        self.register_buffer("running_var", torch.ones(levels, channels))

    def statistics(
        self, level: int
    ) -> tuple[Float[Tensor, " channels"], Float[Tensor, " channels"]]:
        """Running mean and variance that hold for a level; they are the buffers themselves."""
        row = level if len(cast(Tensor, self.running_mean)) > 1 else 0
        return cast(Tensor, self.running_mean)[row], cast(Tensor, self.running_var)[row]

    def forward(self, frames: Window, level: int) -> Window:
        """Normalised maps; in training by their own statistics, over batch, time and space."""
        mean, variance = self.statistics(level)
        flat = F.batch_norm(
            frames.flatten(0, 1),
            mean,
            variance,
            self.weight,
            self.bias,
            self.training,
            self.momentum,
            self.epsilon,
        )
        return flat.reshape(frames.shape)


class Layer(nn.Module):
    """Convolution, norm and, but for the last layer of a path, ReLU."""

    def __init__(self, convolution: TimeConv, levels: int, *, rectified: bool) -> None:
        super().__init__()
        self.conv = convolution
        self.norm = LevelNorm(convolution.out_channels, levels)
        self.rectified = rectified

    def forward(self, frames: Window, level: int) -> Window:
        """Maps of the frames that remain."""
        found = cast(Tensor, self.norm(self.conv(frames), level))
        return F.relu(found) if self.rectified else found


class SlowFast(nn.Module):
    """Features of successive frames, one level at a time -> enhanced features of the frame in the middle.

    Args:
        settings: Length of the paths, statistics, residual.
        widths: Channels.
        levels: Levels of the pyramid; the weights are the same for all.
    """

    def __init__(self, settings: NetworkSettings, widths: Widths, levels: int) -> None:
        super().__init__()
        self.kernels = Kernels.of(settings.slow, settings.fast)
        self.window = settings.fast
        self.margin = (settings.fast - settings.slow) // 2
        """Frames at each end of the window that the slow path does not see."""
        sets = levels if settings.norm == "per-level" else 1
        inputs = (widths.features, *(w + widths.lateral for w in widths.slow[:2]))
        self.slow = nn.ModuleList(
            Layer(TimeConv(c, w, t, 3, True), sets, rectified=i < 2)
            for i, (c, w, t) in enumerate(zip(inputs, widths.slow, self.kernels.slow, strict=True))
        )
        self.fast = nn.ModuleList(
            Layer(TimeConv(c, widths.fast, t, 3, True), sets, rectified=i < 2)
            for i, (c, t) in enumerate(
                zip((widths.features, widths.fast, widths.fast), self.kernels.fast, strict=True)
            )
        )
        self.lateral = nn.ModuleList(
            Layer(TimeConv(widths.fast, widths.lateral, t, 1, False), sets, rectified=True)
            for t in self.kernels.lateral
        )
        self.gain = nn.Parameter(torch.zeros(widths.features)) if settings.residual else None

    def forward(self, window: Window, level: int) -> Float[Tensor, "batch _ rows columns"]:
        """Enhanced features of the middle frame.

        Args:
            window: Of as many frames as the fast path sees.
            level: Number of the level, 0 for the finest.
        """
        fast, slow = window, window[:, self.margin : self.window - self.margin]
        for i in range(2):
            fast, slow = self.fast[i](fast, level), self.slow[i](slow, level)
            slow = torch.cat([slow, self.lateral[i](fast, level)], 2)
        found = torch.cat([self.slow[2](slow, level), self.fast[2](fast, level)], 2)[:, 0]
        if self.gain is None:
            return found
        return window[:, self.window // 2] + self.gain[:, None, None] * found

    def hold_statistics(self) -> None:
        """Normalise by the running statistics and leave them as they are, also in training; until ``train()``."""
        for part in self.modules():
            if isinstance(part, LevelNorm):
                part.eval()
