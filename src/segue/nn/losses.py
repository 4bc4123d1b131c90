"""Losses for binary masks."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Logits = Float[Tensor, "batch height width"]
Truth = Float[Tensor, "batch height width"]


def boundary_weights(truth: Truth, width: int = 7, strength: float = 2.0) -> Truth:
    """1 far from the contour, ``1 + strength`` within ``width // 2`` pixels of it (ours)."""
    mean = F.avg_pool2d(
        truth[:, None], width, stride=1, padding=width // 2, count_include_pad=False
    )
    band = ((mean > 0.02) & (mean < 0.98)).to(truth.dtype)[:, 0]
    return 1 + strength * band


def weighted_cross_entropy(logits: Logits, truth: Truth, weights: Truth) -> Float[Tensor, ""]:
    """Binary cross-entropy, averaged by weight over all pixels of the batch."""
    losses = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return (losses * weights).sum() / weights.sum()


def soft_iou(logits: Logits, truth: Truth) -> Float[Tensor, ""]:
    """1 - intersection / union of probabilities, averaged over the samples that hold the object (RVOS's loss)."""
    p = logits.sigmoid()
    intersection = (p * truth).sum((1, 2))
    union = (p + truth - p * truth).sum((1, 2))
    present = truth.flatten(1).any(1).to(p.dtype)
    losses = (1 - intersection / (union + 1e-6)) * present
    return losses.sum() / present.sum().clamp_min(1)
