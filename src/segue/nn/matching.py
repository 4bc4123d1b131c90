"""Evidence from remembered frames: which cells of remembered frames a cell looks like, and how much.

For object and background alike the evidence of a cell is the log of a sum of similarities over the remembered cells
that belong to them (a kernel density of keys, ours; the two memories, the first frame everywhere and the last frame
nearby, are those of FEELVOS, Voigtlaender et al., CVPR 2019). Nothing is fitted, so little has to be learned: the keys,
a temperature for each memory, and a reach.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

EVIDENCE = 4
"""Channels of evidence: background and object, by the first frame and by the last."""
_WINDOW = 8  # cells along a side of the blocks of local matching

Keys = Float[Tensor, "_ keys height8 width8"]
Masks = Float[Tensor, "objects 2 height8 width8"]
"""Background and object, both 0 where nothing is known."""


class Matching(nn.Module):
    """Compares a frame with the first frame (anywhere, at stride 16) and with the last one (nearby, at stride 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.log_temperature = nn.Parameter(torch.tensor([3.0, 3.0]))
        self.log_nearness = nn.Parameter(torch.tensor(-2.5))

    def forward(
        self, keys: Keys, first: tuple[Keys, Masks], last: tuple[Keys, Masks]
    ) -> Float[Tensor, "objects 4 height8 width8"]:
        """Evidence for every object. Keys of one frame (batch of one) serve all objects."""
        with torch.autocast(keys.device.type, enabled=False):
            temperature = self.log_temperature.exp()
            found = [
                _anywhere(keys.float(), first[0].float(), first[1].float(), temperature[0]),
                nearby(
                    keys.float(),
                    last[0].float(),
                    last[1].float(),
                    temperature[1],
                    self.log_nearness.exp(),
                ),
            ]
            return torch.cat(found, 1)


def _evidence(sums: Tensor, temperature: Tensor) -> Tensor:
    """Log-sums in units of cosine, from about -2 (nothing alike) to 0, spread for the layers behind."""
    return (sums + 1e-6).log() / temperature * 4


def _anywhere(keys: Keys, remembered: Keys, masks: Masks, temperature: Tensor) -> Masks:
    """Evidence from all cells of a frame, compared at stride 16; masks keep their stride-8 detail."""
    query = F.normalize(F.avg_pool2d(keys, 2), dim=1)
    memory = F.normalize(F.avg_pool2d(remembered, 2), dim=1).flatten(2)
    objects, (height, width) = len(masks), query.shape[2:]
    query = (query.flatten(2).mT * temperature).expand(len(memory), -1, -1)
    similar = torch.baddbmm(-temperature, query, memory).exp_()
    values = F.pixel_unshuffle(masks, 2).flatten(2)
    grouped = values.view(len(memory), -1, values.shape[2])
    sums = (grouped @ similar.mT).view(objects, 8, height, width)
    return _evidence(F.pixel_shuffle(sums, 2), temperature)


def nearby(
    keys: Keys, remembered: Keys, masks: Masks, temperature: Tensor, nearness: Tensor
) -> Masks:
    """Evidence from cells near the same place, in blocks of cells that see their neighbouring blocks.

    Args:
        keys: Of this frame, of length one.
        remembered: Of the other frame.
        masks: On the other frame.
        temperature: Factor on the cosine of two keys.
        nearness: What a squared distance of one cell takes away from that.
    """
    batch, channels, height, width = keys.shape
    objects, side = len(masks), 3 * _WINDOW
    bottom, right = -height % _WINDOW, -width % _WINDOW
    rows, columns = (height + bottom) // _WINDOW, (width + right) // _WINDOW

    def around(maps: Tensor) -> Tensor:
        """Every block with its neighbours: ``maps rows*columns channels cells``."""
        edges = (_WINDOW, right + _WINDOW, _WINDOW, bottom + _WINDOW)
        seen = F.pad(maps, edges).unfold(2, side, _WINDOW).unfold(3, side, _WINDOW)
        return seen.permute(0, 2, 3, 1, 4, 5).reshape(len(maps), rows * columns, -1, side**2)

    query = F.pad(keys, (0, right, 0, bottom))
    query = query.view(batch, channels, rows, _WINDOW, columns, _WINDOW)
    query = query.permute(0, 2, 4, 3, 5, 1).reshape(-1, _WINDOW**2, channels) * temperature
    bias = -temperature - nearness * _squared_distances(keys.device)
    similar = torch.baddbmm(bias, query, around(remembered).flatten(0, 1)).exp_()
    similar = similar.view(batch, rows * columns, _WINDOW**2, side**2)
    # One frame for all objects: their masks are channels of one product.
    values = around(masks.reshape(batch, -1, height, width))
    sums = (similar @ values.mT).view(batch, rows, columns, _WINDOW, _WINDOW, -1, 2)
    whole = sums.permute(0, 5, 6, 1, 3, 2, 4).reshape(objects, 2, rows * _WINDOW, columns * _WINDOW)
    return _evidence(whole[:, :, :height, :width], temperature)


def _squared_distances(device: torch.device) -> Float[Tensor, "cells neighbours"]:
    """Between the cells of a block and those of the blocks around it, in cells squared."""
    inside = torch.arange(_WINDOW, device=device).float() + _WINDOW
    outside = torch.arange(3 * _WINDOW, device=device).float()
    along = (inside[:, None] - outside[None]) ** 2
    both = along[:, None, :, None] + along[None, :, None, :]
    return both.reshape(_WINDOW**2, (3 * _WINDOW) ** 2)
