"""The spatial-temporal transformer (STT): neighbouring frames look at each other within small windows of space-time.

Windows do not overlap and are not shifted; a depthwise 3x3 convolution between the two layers of the feed-forward part
links them (Mix-FFN, after SegFormer). From the supplement; that there is no table of relative positions, and how the
padding is masked, is our choice.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Clips = Float[Tensor, "batch time channels rows columns"]
Tokens = Float[Tensor, "windows tokens channels"]
Trust = Float[Tensor, "batch time"]
Window = tuple[int, int, int]
"""Frames, rows and columns."""

_NEVER = -1e4
"""Added to the likeness of what must not be looked at: its weight is then exactly 0, also in half precision."""


class SpatialTemporalTransformer(nn.Module):
    """Maps of the same shape, in which each place has seen its window of space-time.

    Where the window does not divide the clip, the last rows and columns, and the *first* frames, are padded: the newest
    frame always lies in a full window. Padding is never looked at.

    Args:
        width: Channels of the maps.
        heads: Attention heads.
        window: Frames, rows and columns that see each other.
        expansion: Channels between the layers of the feed-forward part, in units of ``width``.
        blocks: How often it is done (the paper's number is not known; one block fits the printed total).
    """

    def __init__(
        self, width: int, heads: int, window: Window, *, expansion: int = 4, blocks: int = 1
    ) -> None:
        super().__init__()
        self.window = window
        self.blocks = nn.ModuleList(_Block(width, heads, expansion) for _ in range(blocks))

    def forward(self, clips: Clips, trust: Trust | None = None) -> Clips:
        """The maps of all frames.

        Args:
            clips: Oldest frame first.
            trust: How much each frame is looked at by others: 1 fully, 0 not at all; its weight is multiplied by it.
                A frame without any is missing. ``None``: all fully.
        """
        batch, time, _, rows, columns = clips.shape
        grid = _Grid(batch, time, rows, columns, self.window)
        bias = grid.bias(_like(trust, clips))
        for block in self.blocks:
            clips = block(clips, grid, bias)
        return clips

    def newest(
        self, clips: Clips, trust: Trust | None = None
    ) -> Float[Tensor, "batch channels rows columns"]:
        """The map of the last frame, as ``forward`` gives it; what cannot reach it is not computed."""
        kept = min(clips.shape[1], self.window[0])
        clips = clips[:, -kept:]
        batch, time, _, rows, columns = clips.shape
        grid = _Grid(batch, time, rows, columns, self.window)
        bias = grid.bias(_like(trust, clips))
        *deep, last = self.blocks
        for block in deep:
            clips = block(clips, grid, bias)
        answer: Tensor = last(clips, grid, bias, newest=True)
        return answer[:, -1]


class _Grid:
    """How clips of some shape are cut into windows and put together again."""

    def __init__(self, batch: int, time: int, rows: int, columns: int, window: Window) -> None:
        self.batch, self.sizes, self.window = batch, (time, rows, columns), window
        self.counts = tuple(-(-size // part) for size, part in zip(self.sizes, window, strict=True))
        self._missing = tuple(
            count * part - size
            for count, part, size in zip(self.counts, window, self.sizes, strict=True)
        )

    def cut(self, maps: Float[Tensor, "batch time rows columns channels"]) -> Tokens:
        """Tokens of each window, frame by frame and row by row; padded with zeros."""
        frames, below, right = self._missing
        channels = maps.shape[-1]
        padded = F.pad(maps, (0, 0, 0, right, 0, below, frames, 0)) if any(self._missing) else maps
        (a, b, c), (t, h, w) = self.counts, self.window
        split = padded.reshape(self.batch, a, t, b, h, c, w, channels)
        return split.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(-1, t * h * w, channels)

    def join(
        self, tokens: Tokens, frames: int | None = None
    ) -> Float[Tensor, "batch time rows columns channels"]:
        """The maps whose windows hold these tokens.

        Args:
            tokens: As ``cut`` gives them.
            frames: They are of so many frames only, of clips of one window in time.
        """
        (a, b, c), (t, h, w) = self.counts, self.window
        time, rows, columns = self.sizes
        if frames is not None:
            a, t, time = 1, frames, frames
        split = tokens.reshape(self.batch, a, b, c, t, h, w, tokens.shape[-1])
        whole = split.permute(0, 1, 4, 2, 5, 3, 6, 7)
        maps = whole.reshape(self.batch, a * t, b * h, c * w, tokens.shape[-1])
        return maps[:, a * t - time :, :rows, :columns]

    def bias(self, trust: Trust) -> Float[Tensor, "windows 1 1 tokens"]:
        """What is added to the likeness of each token of a window, seen as a key."""
        _, rows, columns = self.sizes
        maps = trust[:, :, None, None, None].expand(-1, -1, rows, columns, 1)
        shares = self.cut(maps)[:, None, None, :, 0]
        never = torch.full_like(shares, _NEVER)
        return torch.where(
            shares > 0, shares.clamp_min(torch.finfo(shares.dtype).tiny).log(), never
        )


class _Block(nn.Module):
    """Attention within windows, then Mix-FFN; both with a norm before and a sum after."""

    def __init__(self, width: int, heads: int, expansion: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = _Attention(width, heads)
        self.norm_after = nn.LayerNorm(width)
        self.feed = _MixFeedForward(width, expansion * width)

    def forward(
        self, clips: Clips, grid: _Grid, bias: Tensor, newest: bool = False
    ) -> Float[Tensor, "batch frames channels rows columns"]:
        """The clips, or only their last frame, which must then be of one window in time."""
        maps = clips.movedim(2, -1)
        tokens = grid.cut(self.norm(maps))
        if newest:
            asking = tokens[:, -math.prod(grid.window[1:]) :]
            seen = grid.join(self.attention(asking, tokens, bias), frames=1)
            maps = maps[:, -1:] + seen
        else:
            maps = maps + grid.join(self.attention(tokens, tokens, bias))
        answer: Tensor = maps + self.feed(self.norm_after(maps))
        return answer.movedim(-1, 2)


class _Attention(nn.Module):
    """Multi-head attention within windows."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self._scale = (width // heads) ** -0.5

    def forward(
        self,
        asking: Float[Tensor, "windows asking channels"],
        tokens: Tokens,
        bias: Float[Tensor, "windows 1 1 tokens"],
    ) -> Float[Tensor, "windows asking channels"]:
        """What the asking tokens find among the tokens of their window."""
        width = tokens.shape[-1]
        weight, offset = self.qkv.weight, self.qkv.bias
        queries = self._split(F.linear(asking, weight[:width], offset[:width]))
        keys = self._split(F.linear(tokens, weight[width : 2 * width], offset[width : 2 * width]))
        values = self._split(F.linear(tokens, weight[2 * width :], offset[2 * width :]))
        likeness = queries @ keys.transpose(-1, -2) * self._scale + bias
        found = likeness.softmax(-1) @ values
        answer: Tensor = self.proj(found.transpose(1, 2).flatten(2))
        return answer

    def _split(
        self, tokens: Float[Tensor, "windows _ channels"]
    ) -> Float[Tensor, "windows heads _ part"]:
        count, length, width = tokens.shape
        return tokens.reshape(count, length, self.heads, width // self.heads).transpose(1, 2)


class _MixFeedForward(nn.Module):
    """Two layers with a depthwise 3x3 convolution, frame by frame, and GELU between."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, hidden)
        self.mix = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.outer = nn.Linear(hidden, width)

    def forward(
        self, maps: Float[Tensor, "batch time rows columns channels"]
    ) -> Float[Tensor, "batch time rows columns channels"]:
        """The maps, each place with what its neighbours told."""
        frames = self.inner(maps).flatten(0, 1).permute(0, 3, 1, 2)
        mixed = F.gelu(self.mix(frames)).permute(0, 2, 3, 1)
        answer: Tensor = self.outer(mixed.reshape(*maps.shape[:-1], mixed.shape[-1]))
        return answer


def _like(trust: Trust | None, clips: Clips) -> Trust:
    if trust is None:
        return clips.new_ones(clips.shape[:2])
    return trust.to(clips)[:, -clips.shape[1] :]
