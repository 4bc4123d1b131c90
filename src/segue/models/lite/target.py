"""The target model: ridge regression from features to an encoding of the mask, in closed form.

FRTM fits a small filter by Gauss-Newton on stored samples at image resolution. The problem is linear, so here the
stored samples are replaced by their normal equations on the feature grid: a matrix of fixed size per object, however
long the video, solved by one Cholesky factorisation (ours; the idea of closed-form learners is from Bertinetto et
al., ICLR 2019, the encoding of the mask from Bhat et al., "Learning What to Learn", ECCV 2020).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

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
    mask: Float[Tensor, "objects height width"],
    valid: Float[Tensor, "objects height width"],
    floor: float = 0.15,
) -> Float[Tensor, "objects pixels"]:
    """FRTM's hinge weights, summing to one: a small object carries at least ``floor`` of the influence.

    Args:
        mask: Soft mask on the feature grid.
        valid: 0 where a pixel must teach nothing (void, padding).
        floor: Smallest share of the foreground; FRTM uses 0.1 on the image grid.
    """
    mask, valid = mask.flatten(1), valid.flatten(1)
    total = valid.sum(1, keepdim=True).clamp_min(1e-6)
    share = ((mask * valid).sum(1, keepdim=True) / total).clamp(1e-4, 1 - 1e-4)
    target = share.clamp_min(floor)
    weights = mask * (target / share) + (1 - mask) * ((1 - target) / (1 - share))
    return weights * valid / total
