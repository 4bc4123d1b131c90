"""Maps moved along a flow."""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def warp(
    maps: Float[Tensor, "batch channels height width"],
    flow: Float[Tensor, "batch 2 height width"],
    outside: Literal["border", "zeros"] = "border",
) -> Float[Tensor, "batch channels height width"]:
    """Each place takes what lies where its flow points, bilinearly.

    Args:
        maps: What is moved.
        flow: In pixels of the maps, x before y.
        outside: What it finds outside: the nearest pixel of the border, or zeros.
    """
    height, width = maps.shape[-2:]
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None]
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype)
    places = torch.stack([columns.expand(height, -1), rows.expand(-1, width)], -1)
    last = places[-1, -1].clamp_min(1)
    # In this order nothing as large as the flow is joined from parts.
    grid = (2 * (places + flow.permute(0, 2, 3, 1)) / last - 1).to(maps.dtype)
    return F.grid_sample(maps, grid, padding_mode=outside, align_corners=True)
