"""What a temporal U-Net can be trained for: tensors in, one loss out.

The report trains with the cross-entropy of the one labelled frame of a clip; the other functions are its future work
(a temporal regulariser, mixup). The published regulariser that takes motion into account is that of ETC (Liu et al.,
"Efficient Semantic Video Segmentation with Per-frame Inference", ECCV 2020):

    0.1 * warped_smoothness(logits, flow, visibility(frames, flow))
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64, Integer
from torch import Tensor

from segue.nn.warp import warp as move
from segue.types import VOID

Loss = Float[Tensor, ""]
Logits = Float[Tensor, "batch *time classes height width"]
Labels = Integer[Tensor, "batch *time height width"]
Clips = Float[Tensor, "batch time channels height width"]
Flow = Float[Tensor, "batch pairs 2 height width"]

_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


def cross_entropy(
    logits: Logits,
    labels: Labels,
    *,
    void: int | None = VOID,
    weights: Float[Tensor, " classes"] | None = None,
) -> Loss:
    """Cross-entropy, averaged over all pixels that are not void; 0 if all are.

    Args:
        logits: Of labelled frames, one per clip (as ``TemporalUnet.at`` gives them) or all frames of all clips.
        labels: Numbers of classes.
        void: The number that teaches nothing; ``None`` where void is a class of its own, as in the report.
        weights: How much a pixel of each class counts; the average is then weighted.
    """
    losses, counted = _pixel_losses(logits, labels, void, weights)
    return losses.sum() / counted.sum().clamp_min(1e-6)


def smoothness(maps: Clips) -> Loss:
    """Squared difference between successive frames, summed over channels and averaged over pixels (ours).

    Args:
        maps: Probabilities of clips (softmax over channels), so that the loss is in [0, 2]. 0 for one frame.
    """
    if maps.shape[1] == 1:
        return maps.sum() * 0
    return (maps[:, 1:] - maps[:, :-1]).square().sum(2).mean()


def warp(maps: Float[Tensor, "batch pairs channels height width"], flow: Flow) -> Tensor:
    """Maps seen from the next frame: each pixel takes what lies where its flow points, bilinearly.

    Args:
        maps: Of the earlier frame of each pair.
        flow: In pixels, x before y, from the later frame back to the earlier. What it finds outside the frame is the
            nearest pixel of the border.
    """
    return move(maps.flatten(0, 1), flow.flatten(0, 1)).reshape(maps.shape)


def visibility(
    frames: Float[Tensor, "batch time 3 height width"], flow: Flow
) -> Float[Tensor, "batch pairs height width"]:
    """How far a pixel's colour is that of its origin in the frame before: 1 the same, towards 0 for what was hidden.

    ETC's occlusion weight: exp of minus the absolute value of the colour difference, summed over channels.

    Args:
        frames: Values in [0, 1]; scaled here by the ImageNet deviation, as ETC's are.
        flow: As in ``warp``, one per pair of successive frames.
    """
    difference = frames[:, 1:] - warp(frames[:, :-1], flow)
    scale = frames.new_tensor(_IMAGENET_DEVIATION).view(3, 1, 1)
    return (difference / scale).sum(2).abs().neg().exp()


def warped_smoothness(
    maps: Clips, flow: Flow, visible: Float[Tensor, "batch pairs height width"]
) -> Loss:
    """ETC's temporal loss: mean square of what visible pixels differ by from where they were.

    Args:
        maps: Logits (ETC) or probabilities of clips.
        flow: As in ``warp``, one per pair of successive frames.
        visible: Weight per pixel, as ``visibility`` gives.
    """
    difference = maps[:, 1:] - warp(maps[:, :-1], flow)
    return (visible[:, :, None] * difference).square().mean()


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
        losses, counted = _pixel_losses(logits, truth, void, weights)
        by_clip = share.view(-1, *[1] * (losses.ndim - 1))
        total, count = total + (by_clip * losses).sum(), count + (by_clip * counted).sum()
    return total / count.clamp_min(1e-6)


def _pixel_losses(
    logits: Logits, labels: Labels, void: int | None, weights: Tensor | None
) -> tuple[Float[Tensor, "batch *time height width"], Float[Tensor, "batch *time height width"]]:
    """Weighted loss of every pixel, and the weight itself; both 0 on void."""
    classes = logits.float().movedim(
        -3, 1
    )  # a sum over the pixels of a frame overflows in half precision
    safe = labels.long()
    counted = torch.ones_like(classes[:, 0])
    if void is not None:
        counted = (safe != void).to(counted.dtype)
        safe = torch.where(safe != void, safe, 0)
    if weights is not None:
        counted = counted * weights.to(counted)[safe]
    return counted * F.cross_entropy(classes, safe, reduction="none"), counted
