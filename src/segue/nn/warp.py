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
    x = 2 * (columns + flow[:, 0]) / max(width - 1, 1) - 1
    y = 2 * (rows + flow[:, 1]) / max(height - 1, 1) - 1
    grid = torch.stack([x, y], -1).to(maps.dtype)
    return F.grid_sample(maps, grid, padding_mode=outside, align_corners=True)
