"""Losses of networks that name classes: cross-entropy, and the agreement of successive frames along their motion.

The latter is ETC's (Liu et al., "Efficient Semantic Video Segmentation with Per-frame Inference", ECCV 2020):

    0.1 * warped_smoothness(logits, flow, visibility(frames, flow))
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
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
        logits: Of labelled frames, one per clip, or all frames of all clips.
        labels: Numbers of classes.
        void: The number that teaches nothing; ``None`` where void is a class of its own.
        weights: How much a pixel of each class counts; the average is then weighted.
    """
    losses, counted = pixel_losses(logits, labels, void, weights)
    return losses.sum() / counted.sum().clamp_min(1e-6)


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


def pixel_losses(
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
