"""What a user said about an object, as maps that the decoder reads.

Points, boxes and masks are in pixels of the frame that the network sees. Maps have one row per object.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

RADIUS = 5.0
"""Radius of the disk of a click, in pixels: a click changes its neighbourhood (Sofiiuk et al., RITM, 2021)."""
FALLOFF = 24.0
"""Scale in pixels of the softer map, which tells how far away a click is (ours)."""
PLACES = 6
"""Maps at stride 4: disks and falloffs of clicks that include and that exclude, the mask so far, the box."""
LIKENESS = 4
"""Maps at stride 8: how alike a place is to what was included, excluded, and to the mask so far and its outside."""

Points = Float[Tensor, "objects points 3"]
"""x, y and sign: 1 includes, -1 excludes, 0 fills up the row."""


@dataclass(frozen=True)
class Evidence:
    """All that the decoder knows of an object beside the frame."""

    places: Float[Tensor, "objects 6 height4 width4"]
    likeness: Float[Tensor, "objects 4 height8 width8"]


def gather(
    keys: Float[Tensor, "batch keys height8 width8"],
    points: Points,
    previous: Float[Tensor, "objects height width"],
    boxes: Float[Tensor, "objects 4"],
) -> Evidence:
    """The maps of some objects.

    Args:
        keys: What the frame looks like at each place, vectors of length one; one frame for all objects, or one each.
        points: Clicks and points of strokes.
        previous: Probability of the mask so far; zeros where there is none.
        boxes: Left, top, right, bottom; all zero where there is none.
    """
    height, width = previous.shape[1:]
    disks, falls = zip(*(_near(points, s, height, width) for s in (1, -1)), strict=True)
    before = F.avg_pool2d(previous[:, None], 4)
    box = _boxes(boxes, height, width)
    places = torch.cat([torch.stack([*disks, *falls], 1), before, box], 1)
    coarse = F.avg_pool2d(before, 2)
    like = [_like_points(keys, points, sign, height, width) for sign in (1, -1)]
    like += [_like_area(keys, area) for area in (coarse, 1 - coarse)]
    known = (coarse.flatten(1).sum(1) > 0.5).to(like[2].dtype)[:, None, None]
    like[2:] = [m * known for m in like[2:]]
    return Evidence(places, torch.stack(like, 1))


def _near(points: Points, sign: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Disk and falloff at stride 4, from the distance to the nearest point of a sign."""
    rows = torch.arange(height // 4, device=points.device) * 4 + 1.5
    columns = torch.arange(width // 4, device=points.device) * 4 + 1.5
    far = (points[..., 2] != sign) * 1e6
    dx = (columns - points[..., :1]) ** 2
    dy = (rows - points[..., 1:2]) ** 2
    squared = dy[..., :, None] + dx[..., None, :] + far[..., None, None]
    distance = squared.amin(1).sqrt()
    return torch.sigmoid((RADIUS - distance) / 1.5), torch.exp(-distance / FALLOFF)


def _boxes(boxes: Tensor, height: int, width: int) -> Tensor:
    rows = (torch.arange(height // 4, device=boxes.device) * 4 + 1.5)[None]
    columns = (torch.arange(width // 4, device=boxes.device) * 4 + 1.5)[None]
    left, top, right, bottom = boxes[:, :, None].unbind(1)
    inside_rows = (rows >= top) & (rows < bottom)
    inside_columns = (columns >= left) & (columns < right)
    return (inside_rows[:, :, None] & inside_columns[:, None, :]).float()[:, None]


def _like_points(keys: Tensor, points: Points, sign: int, height: int, width: int) -> Tensor:
    size = torch.tensor([width, height], device=points.device)
    grid = ((points[..., :2] + 0.5) * 2 / size - 1)[:, None]
    each = keys.expand(len(points), -1, -1, -1).float()
    found = F.grid_sample(each, grid, align_corners=False, padding_mode="border")[:, :, 0]
    alike = torch.einsum("bkn,bkhw->bnhw", F.normalize(found, dim=1), each)
    apart = (points[..., 2] != sign)[..., None, None]
    best = alike.masked_fill(apart, -2).amax(1)
    return torch.where(best < -1.5, torch.zeros_like(best), best)


def _like_area(keys: Tensor, area: Float[Tensor, "objects 1 height8 width8"]) -> Tensor:
    each = keys.expand(len(area), -1, -1, -1).float()
    mean = F.normalize((each * area).sum((2, 3)), dim=1)
    return torch.einsum("bk,bkhw->bhw", mean, each)
