"""What a temporal U-Net can be trained for: tensors in, one loss out.

The report trains with the cross-entropy of the one labelled frame of a clip; the other functions are its future work
(a temporal regulariser, mixup). The published regulariser that takes motion into account is that of ETC (Liu et al.,
"Efficient Semantic Video Segmentation with Per-frame Inference", ECCV 2020):

    0.1 * warped_smoothness(logits, flow, visibility(frames, flow))
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from segue.nn.class_losses import Clips, Labels, Logits, Loss, pixel_losses
from segue.nn.class_losses import cross_entropy as cross_entropy
from segue.nn.class_losses import visibility as visibility
from segue.nn.class_losses import warp as warp
from segue.nn.class_losses import warped_smoothness as warped_smoothness
from segue.types import VOID


def smoothness(maps: Clips) -> Loss:
    """Squared difference between successive frames, summed over channels and averaged over pixels (ours).

    Args:
        maps: Probabilities of clips (softmax over channels), so that the loss is in [0, 2]. 0 for one frame.
    """
    if maps.shape[1] == 1:
        return maps.sum() * 0
    return (maps[:, 1:] - maps[:, :-1]).square().sum(2).mean()


@dataclass(frozen=True, slots=True)
class Mixup:
    """One draw for a batch of clips: which clip each is mixed with, and how much of itself it keeps."""

    partners: Int64[Tensor, " batch"]
    shares: Float[Tensor, " batch"]
    """In [0.5, 1]; one share for all frames of a clip."""


def draw_mixup(batch: int, strength: float, draws: np.random.Generator) -> Mixup:
    """Partners by permutation, shares from Beta(strength, strength) (Zhang et al., ICLR 2018)."""
    shares = draws.beta(strength, strength, batch)
    # Every clip stays mostly itself: drawing a share below one half is drawing the same pair the other way round.
    shares = np.maximum(shares, 1 - shares)
    partners = torch.from_numpy(draws.permutation(batch).astype(np.int64))
    return Mixup(partners, torch.from_numpy(shares.astype(np.float32)))


def mix(clips: Clips, mixup: Mixup) -> Clips:
    """Every clip blended with its partner, frame by frame."""
    shares = mixup.shares.to(clips).view(-1, 1, 1, 1, 1)
    return shares * clips + (1 - shares) * clips[mixup.partners.to(clips.device)]


def mixed_cross_entropy(
    logits: Logits,
    labels: Labels,
    mixup: Mixup,
    *,
    void: int | None = VOID,
    weights: Float[Tensor, " classes"] | None = None,
) -> Loss:
    """Cross-entropy of mixed clips against the labels of both, each by its share; arguments as in ``cross_entropy``.

    With one labelled frame per clip, partners must be labelled at the same time.
    """
    total = count = torch.zeros((), device=logits.device)
    shares = mixup.shares.to(logits.device)
    partners = labels[mixup.partners.to(labels.device)]
    for truth, share in ((labels, shares), (partners, 1 - shares)):
        losses, counted = pixel_losses(logits, truth, void, weights)
        by_clip = share.view(-1, *[1] * (losses.ndim - 1))
        total, count = total + (by_clip * losses).sum(), count + (by_clip * counted).sum()
    return total / count.clamp_min(1e-6)
