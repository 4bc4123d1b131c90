"""Frames and masks as the network of segue-lite takes them: padded to whole cells."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.media.resize import shrink
from segue.models.given import size_of
from segue.types import VOID, Frame, Labels

_MULTIPLE = 32  # sides must divide by the largest stride of the backbone


def padded_hw(size_hw: tuple[int, int]) -> tuple[int, int]:
    """Height and width of a frame after padding."""
    height, width = (-(-side // _MULTIPLE) * _MULTIPLE for side in size_hw)
    return height, width


def frame_tensor(
    frame: Frame, device: torch.device
) -> UInt8[Tensor, "1 padded_height padded_width 3"]:
    """A frame, padded to whole cells of the coarsest level."""
    height, width = size_of(frame)
    bottom, right = -height % _MULTIPLE, -width % _MULTIPLE
    padded = np.pad(frame, ((0, bottom), (0, right), (0, 0)), mode="edge")
    return torch.from_numpy(padded)[None].to(device)


def mask_shares(
    labels: Labels, ids: tuple[int, ...], working_hw: tuple[int, int], device: torch.device
) -> Float[Tensor, "objects height4 width4"]:
    """Each object's share of the cells of the working frame."""
    rows, columns = (side // 4 for side in padded_hw(working_hw))
    cells = torch.zeros(len(ids), rows, columns)
    for one, object_id in zip(cells, ids, strict=True):
        mask = (labels == object_id).view(np.uint8) * np.uint8(255)
        if labels.shape != working_hw:
            mask = shrink(mask, working_hw)
        _fill(one, mask)
    return cells.to(device)


def valid_shares(
    size_hw: tuple[int, int], device: torch.device, labels: Labels | None = None
) -> Float[Tensor, "1 height8 width8"]:
    """Share of each stride-8 cell that is inside the frame and not void."""
    height, width = size_hw
    inside = torch.ones(1, height, width, device=device)
    if labels is not None:
        inside[0, torch.from_numpy(labels == VOID).to(device)] = 0
    padded = F.pad(inside, (0, -width % _MULTIPLE, 0, -height % _MULTIPLE))
    return F.avg_pool2d(padded, 8)


def _fill(cells: Float[Tensor, "height4 width4"], mask: UInt8[np.ndarray, "height width"]) -> None:
    """Write the share that an object has of each cell; all others hold 0."""
    x, y, columns, rows = cv2.boundingRect(mask)
    if not rows:
        return
    top, left = y // 4, x // 4
    bottom, right = -(-(y + rows) // 4), -(-(x + columns) // 4)
    part = torch.from_numpy(mask[4 * top : 4 * bottom, 4 * left : 4 * right]).float() / 255
    missing = (0, 4 * (right - left) - part.shape[1], 0, 4 * (bottom - top) - part.shape[0])
    cells[top:bottom, left:right] = F.avg_pool2d(F.pad(part, missing)[None], 4)[0]
