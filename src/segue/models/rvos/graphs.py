"""RVOS as a backend computes it: a look at a frame, and the recurrent decoder; comparing frames stays in torch."""

from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from segue.models.rvos.decoder import Decoder, Hidden
from segue.models.rvos.network import Look, RVOSNetwork, seen
from segue.models.rvos.state import Memory
from segue.nn.backends.catalog import whole_backend
from segue.nn.backends.interface import Backend
from segue.nn.fuse import for_inference

_MOST_ROWS = 16
"""A graph is made for each number of objects, and grows with it; torch decodes more."""


class See(nn.Module):
    """Everything that is computed once per frame."""

    def __init__(self, network: RVOSNetwork) -> None:
        super().__init__()
        self.encoder, self.decoder = network.encoder, network.decoder

    def forward(self, frames: UInt8[Tensor, "batch height width 3"]) -> tuple[Tensor, ...]:
        """The frame's share of the gates of each cell, then its keys, where it has some.

        Args:
            frames: Sides are multiples of the encoder's.
        """
        shares, keys = seen(self.encoder, self.decoder, frames.permute(0, 3, 1, 2).float() / 255)
        return shares if keys is None else (*shares, keys)


class Decode(nn.Module):
    """The decoder, with its inputs one after the other."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Logits and the hidden state of each cell, from shares, guides and hidden states of each cell."""
        levels = len(inputs) // 3
        shares, guides, hidden = (inputs[i * levels : (i + 1) * levels] for i in range(3))
        logits, after = self.decoder(shares, guides, hidden)
        return logits, *after


class DecodeNext(nn.Module):
    """The decoder for one object, which comes after another one: a graph for any number of objects."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Logits, hidden and cell states, from what ``Decoder.following`` takes, one after the other."""
        levels = len(inputs) // 5
        parts = (inputs[i * levels : (i + 1) * levels] for i in range(5))
        logits, hidden, states = self.decoder.following(*parts)
        return logits, *hidden, *states


class _Successive(nn.Module):
    """Stands in for a ``Decoder``: objects one after the other."""

    def __init__(self, decoder: Decoder, backend: Backend) -> None:
        super().__init__()
        self._graph = backend.prepare(DecodeNext(decoder))

    def forward(
        self, shares: Sequence[Tensor], guides: Sequence[Tensor], hidden: Hidden
    ) -> tuple[Float[Tensor, "rows height2 width2"], Hidden]:
        """See ``Decoder``, for one video."""
        levels = len(shares)
        before = states = tuple(torch.zeros_like(level[:1]) for level in hidden)
        logits, after = [], []
        for row in range(len(hidden[0])):
            own = [x[row : row + 1] for x in (*guides, *hidden)]
            found = self._graph(*shares, *own, *before, *states)
            before, states = found[1 : 1 + levels], found[1 + levels :]
            logits.append(found[0])
            after.append(before)
        return torch.cat(logits), tuple(map(torch.cat, zip(*after, strict=True)))


class _PreparedDecoder(nn.Module):
    """Stands in for a ``Decoder``."""

    def __init__(self, decoder: Decoder, backend: Backend) -> None:
        super().__init__()
        self._decoder = decoder
        self._graph = backend.prepare(Decode(decoder))

    def forward(
        self, shares: Sequence[Tensor], guides: Sequence[Tensor], hidden: Hidden
    ) -> tuple[Float[Tensor, "rows height2 width2"], Hidden]:
        """See ``Decoder``."""
        if len(hidden[0]) > _MOST_ROWS:
            return cast(tuple[Tensor, Hidden], self._decoder(shares, guides, hidden))
        logits, *after = self._graph(*shares, *guides, *hidden)
        return logits, tuple(after)


class RVOSGraphs:
    """The network, ready to compute; of its methods those that a video needs.

    Args:
        network: With trained weights.
        backend: Computes what is seen of a frame, and the decoder. A memory that was made with one backend may go on
            with another.
    """

    def __init__(self, network: RVOSNetwork, backend: Backend) -> None:
        self._see = backend.prepare(See(network))
        self._network = for_inference(network)
        whole = whole_backend()
        prepared = (
            _PreparedDecoder(self._network.decoder, backend)
            if whole is None
            else _Successive(network.decoder, whole)
        )
        self._network.decoder = cast(Decoder, prepared)
        self.begin = self._network.begin
        self.small = self._network.small
        self.known = self._network.known

    def look(self, frames: UInt8[Tensor, "batch height width 3"]) -> Look:
        """Everything that is computed once per frame."""
        found = self._see(_padded(frames, self._network.encoder.multiple))
        levels = len(self._network.encoder.strides)
        keys = found[levels] if len(found) > levels else None
        return Look(found[:levels], keys, (frames.shape[1], frames.shape[2]))

    @torch.no_grad()
    def step(self, look: Look, memory: Memory) -> tuple[Float[Tensor, "rows height width"], Hidden]:
        """See ``RVOSNetwork.step``."""
        return self._network.step(look, memory)


def _padded(
    frames: UInt8[Tensor, "batch height width 3"], multiple: int
) -> UInt8[Tensor, "batch rows columns 3"]:
    """The last row and column again, until the sides are multiples."""
    for axis in (1, 2):
        side = frames.shape[axis]
        if side % multiple:
            places = torch.arange(side + -side % multiple, device=frames.device)
            frames = frames.index_select(axis, places.clamp_max(side - 1))
    return frames
