"""Where objects are going and what their outlines are: all that tells look-alikes apart when they cross (ours)."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

_ALIKE = 0.6
"""Distance of two objects' looks, in standard deviations of a feature, below which they look alike."""
_WHOLE = (0.6, 1.4)
"""Area, as a share of the usual one, between which a mask shows the whole object."""
_PLACE, _SPEED = 0.8, 0.5
"""How far a place follows what is seen, and a speed."""
_SLOWER = 0.9
"""What is left of the speed after each frame on which something else hides the object."""
_AROUND = np.ones((3, 3), np.uint8)  # objects that touch have no more than this between them
_HARDLY = 0.1  # lower probabilities say nothing about where an object is

Masks = Float[Tensor, "objects 1 height8 width8"]


@dataclass(frozen=True, slots=True)
class Ways:
    """What is known of each object's way, row by row; lengths in stride-8 cells."""

    places: Float[Tensor, "objects 2"]
    """Where each object is, or should be if it is hidden: x and y."""
    speeds: Float[Tensor, "objects 2"]
    """The same per frame."""
    silhouettes: Masks
    """Probabilities of the last mask that showed the whole object."""
    crossing: Bool[Tensor, " objects"]
    """Whether the object and one that looks like it hide each other."""


def begun(masks: Masks) -> Ways:
    """The ways of objects that were just given."""
    places = middles(masks[:, 0])
    none = torch.zeros(len(masks), dtype=torch.bool, device=masks.device)
    return Ways(places, torch.zeros_like(places), masks, none)


def moved(ways: Ways, usual: Float[Tensor, " objects"], masks: Masks, frames: int) -> Ways:
    """The ways after some frames.

    Args:
        ways: Those before.
        usual: Area of each object over the last frames, in cells.
        masks: Probabilities on the last of the frames.
        frames: How many, from 1.
    """
    area = (masks > 0.5).sum((1, 2, 3))
    low, high = _WHOLE
    whole = (area > low * usual) & (area < high * usual) & (area > 0)
    row = whole[:, None]
    expected = ways.places + ways.speeds * frames
    seen = middles(torch.where(masks > _HARDLY, masks, 0)[:, 0])
    residual = torch.where(row, seen - expected, 0)
    speeds = ways.speeds * torch.where(row, 1.0, _SLOWER**frames)
    return Ways(
        expected + _PLACE * residual,
        speeds + _SPEED / frames * residual,
        torch.where(row[..., None, None], masks, ways.silhouettes),
        torch.zeros_like(whole),
    )


def joined(ways: Ways, kept: list[int], new: Ways) -> Ways:
    """The ways of some objects, and behind them those of new ones."""
    old = (ways.places, ways.speeds, ways.silhouettes, ways.crossing)
    more = (new.places, new.speeds, new.silhouettes, new.crossing)
    return Ways(*(torch.cat([a[kept], b]) for a, b in zip(old, more, strict=True)))


def looks_of(
    features: Float[Tensor, "1 channels height8 width8"], masks: Masks
) -> Float[Tensor, "objects 2 channels"]:
    """Mean and variance of the features of each object, over the cells that are mostly its own."""
    inside = torch.where(masks >= masks.amax((2, 3), keepdim=True) / 2, masks, 0).flatten(1)
    weights = inside / inside.sum(1, keepdim=True).clamp_min(1e-6)
    seen = features[0].flatten(1)
    means = weights @ seen.mT
    variances = (weights @ (seen**2).mT - means**2).clamp_min(0)
    return torch.stack([means, variances], 1)


def alike(looks: Float[Tensor, "objects 2 channels"]) -> Bool[Tensor, "objects objects"]:
    """Which objects look like which others; none looks like itself."""
    means, variances = looks[:, 0], looks[:, 1]
    apart = (means[:, None] - means) ** 2
    common = (variances[:, None] + variances) / 2
    distances = (apart / (common + 1e-6)).mean(2).sqrt()
    return (distances < _ALIKE) & ~torch.eye(len(looks), dtype=torch.bool, device=looks.device)


def crossing(
    ways: Ways,
    looks: Float[Tensor, "objects 2 channels"],
    masks: Bool[np.ndarray, "objects rows8 columns8"],
) -> Bool[np.ndarray, " objects"]:
    """Which objects cross their look-alikes by now, or are about to.

    Args:
        ways: On the last computed frame.
        looks: Of all objects.
        masks: On the last frame.
    """
    grown = [cv2.dilate(mask.astype(np.uint8), _AROUND) for mask in masks]
    close = np.array(grown, np.float32).reshape(len(masks), -1)
    touching = (close @ close.T > 0) & alike(looks).cpu().numpy()
    found: np.ndarray = ways.crossing.cpu().numpy() | touching.any(1)
    return found


def middles(masks: Float[Tensor, "objects height8 width8"]) -> Float[Tensor, "objects 2"]:
    """The middle of each mask, x and y; that of the frame for an empty one."""
    y, x = (torch.arange(side, device=masks.device) + 0.5 for side in masks.shape[1:])
    total = masks.sum((1, 2))
    found = torch.stack([(masks.sum(1) * x).sum(1), (masks.sum(2) * y).sum(1)], 1)
    centre = found.new_tensor([masks.shape[2] / 2, masks.shape[1] / 2])
    return torch.where(total[:, None] > 0, found / total[:, None].clamp_min(1e-6), centre)
