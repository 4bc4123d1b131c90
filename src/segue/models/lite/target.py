"""The target model: ridge regression from features to an encoding of the mask, in closed form.

FRTM fits a small filter by Gauss-Newton on stored samples at image resolution. The problem is linear, so here the
stored samples are replaced by their normal equations on the feature grid: a matrix of fixed size per object, however
long the video, solved by one Cholesky factorisation (ours; the idea of closed-form learners is from Bertinetto et
al., ICLR 2019, the encoding of the mask from Bhat et al., "Learning What to Learn", ECCV 2020).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

_LEAST_INFLUENCE = 0.15
"""Of the foreground; FRTM uses 0.1, on the image grid."""

_LEAST_OTHERS = 0.3
"""Share of the background's influence that other objects have, however small (ours)."""
_MOST_OTHERS = 20.0
"""Times that a pixel of another object weighs as much as one of the background, at most."""

Design = Float[Tensor, "batch dims pixels"]
Gram = Float[Tensor, "objects dims dims"]
Cross = Float[Tensor, "objects dims codes"]


def design(features: Float[Tensor, "batch channels height width"]) -> Design:
    """Every pixel's 3x3 neighbourhood and a constant: ``9 * channels + 1`` numbers per pixel."""
    batch, _, height, width = features.shape
    unfolded = F.unfold(features, 3, padding=1)
    return torch.cat([unfolded, unfolded.new_ones(batch, 1, height * width)], 1)


def equations(
    samples: Design,
    codes: Float[Tensor, "objects codes pixels"],
    weights: Float[Tensor, "objects pixels"],
) -> tuple[Gram, Cross]:
    """Normal equations of weighted least squares; one design per object, or one shared by all."""
    weighted = samples * weights[:, None]
    rows = samples.expand(len(weighted), -1, -1)
    return weighted @ rows.mT, weighted @ codes.mT


def shared_equations(
    samples: Float[Tensor, "1 dims pixels"],
    codes: Float[Tensor, "objects codes pixels"],
    mask: Float[Tensor, "objects pixels"],
    valid: Float[Tensor, "1 pixels"],
    alike: Bool[Tensor, "objects objects"] | None = None,
) -> tuple[Gram, Cross]:
    """``equations`` with ``pixel_weights`` for objects of one frame, at little more than the price of one object.

    Outside its mask an object weighs all pixels alike, so that part of the Gram matrices is computed once for all.
    """
    seen = samples[0]
    everywhere = (seen * valid) @ seen.mT
    others = mask.sum(0, keepdim=True) - mask
    if alike is not None:
        # No linear model tells them apart: to insist on that costs the object itself.
        others = others - alike.to(mask) @ mask
    others = others.clamp(0, 1)
    inside, outside, boost = _balance(mask, valid, others)
    # What an object's own pixels, and those of others, weigh beyond the background's.
    extra = (inside - outside) * mask + outside * boost * (1 - mask) * others
    grams = []
    for more, base in zip(extra * valid, outside, strict=True):
        shown = more.nonzero()[:, 0]
        part = seen[:, shown]
        grams.append(base * everywhere + (part * more[shown]) @ part.mT)
    weighted = (codes * pixel_weights(mask, valid, others)[:, None]).flatten(0, 1)
    cross = (weighted @ seen.mT).reshape(*codes.shape[:2], len(seen)).mT
    return torch.stack(grams), cross.contiguous()


def solve(gram: Gram, cross: Cross, ridge: Float[Tensor, " dims"]) -> Cross:
    """Coefficients that minimise the weighted squared error plus ``ridge`` times their square."""
    factor = torch.linalg.cholesky(gram + torch.diag(ridge))
    return torch.cholesky_solve(cross, factor)


def apply(
    coefficients: Cross, features: Float[Tensor, "batch channels height width"]
) -> Float[Tensor, "objects codes height width"]:
    """The encoding that the target model sees in a frame: a 3x3 convolution.

    With a batch of one the frame is shared by all objects, else object ``i`` looks at frame ``i``.
    """
    objects, _, codes = coefficients.shape
    channels = features.shape[1]
    kernels = coefficients[:, :-1].mT.reshape(objects * codes, channels, 3, 3)
    bias = coefficients[:, -1].reshape(-1)
    if len(features) == 1:
        maps = F.conv2d(features, kernels, bias, padding=1)
    else:
        stacked = features.reshape(1, objects * channels, *features.shape[2:])
        maps = F.conv2d(stacked, kernels, bias, padding=1, groups=objects)
    return maps.reshape(objects, codes, *features.shape[2:])


def pixel_weights(
    mask: Float[Tensor, "objects pixels"],
    valid: Float[Tensor, "_ pixels"],
    others: Float[Tensor, "objects pixels"],
) -> Float[Tensor, "objects pixels"]:
    """FRTM's hinge weights, summing to one: a small object carries at least a fixed share of the influence.

    So do the other objects, which look like this one more often than the background does (ours).

    Args:
        mask: Soft mask on the feature grid.
        valid: 0 where a pixel must teach nothing (void, padding); of each object, or shared by all.
        others: Soft mask of the other objects of the frame.
    """
    inside, outside, boost = _balance(mask, valid, others)
    return (mask * inside + (1 - mask) * outside * (1 + boost * others)) * valid


def _balance(
    mask: Float[Tensor, "objects pixels"],
    valid: Float[Tensor, "_ pixels"],
    others: Float[Tensor, "objects pixels"],
) -> tuple[Float[Tensor, "objects 1"], Float[Tensor, "objects 1"], Float[Tensor, "objects 1"]]:
    """The weight of a valid pixel inside and outside each object, and by how much more those of others weigh."""
    total = valid.sum(1, keepdim=True).clamp_min(1e-6)
    share = ((mask * valid).sum(1, keepdim=True) / total).clamp(1e-4, 1 - 1e-4)
    influence = share.clamp_min(_LEAST_INFLUENCE)
    free = (1 - mask) * valid
    foreign = (free * others).sum(1, keepdim=True)
    plain = (free * (1 - others)).sum(1, keepdim=True)
    wanted = _LEAST_OTHERS / (1 - _LEAST_OTHERS) * plain / foreign.clamp_min(1e-6) - 1
    boost = torch.where(foreign > 0, wanted.clamp(0, _MOST_OTHERS), 0)
    outside = (1 - influence) / ((1 - share) * total + boost * foreign)
    return influence / share / total, outside, boost
