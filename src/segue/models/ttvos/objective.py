"""What TTVOS is trained for: masks through a clip, carried on its own predictions."""

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from segue.models.ttvos.attention import margin, pool_masks, two_channels
from segue.models.ttvos.network import Step, TTVOSNetwork
from segue.models.ttvos.trunk import Look
from segue.nn.losses import boundary_weights, soft_iou, weighted_cross_entropy
from segue.settings import Settings


class ObjectiveSettings(Settings):
    """Weights of the losses; the paper has the first three at 1 and no fourth."""

    mask: float = 1.0
    """Negative log-likelihood of the masks."""
    consistency: float = 1.0
    """Squared error of the difference head against truth minus the last prediction (temporal consistency)."""
    template: float = 1.0
    """Cross-entropy of the template head."""
    iou: float = 0.0
    """Soft IoU of the masks (ours)."""
    boundary: float = 0.0
    """Extra weight of pixels near the contour in the first loss (ours)."""


def objective(
    network: TTVOSNetwork,
    frames: Float[Tensor, "batch time 3 height width"],
    masks: Bool[Tensor, "batch time height width"],
    previous: Bool[Tensor, "batch height width"],
    settings: ObjectiveSettings,
    look: Callable[[Tensor], Look] | None = None,
) -> dict[str, Float[Tensor, ""]]:
    """Losses by name, already weighted, averaged over the frames to be predicted.

    Args:
        network: The network in training mode.
        frames: Values in [0, 1]. Frame 0 is the one with the given mask; frame 1 is the one before the run and is
            entered with ``previous``; the others are predicted in turn.
        masks: The object on every frame.
        previous: The mask of frame 1, damaged as a prediction would be.
        settings: Weights of the losses.
        look: Stands in for the network's own look at the frames.
    """
    batch, time = frames.shape[:2]
    flat = frames.transpose(0, 1).flatten(0, 1).contiguous(memory_format=torch.channels_last)
    looked = (look or network.look)(flat)
    seen = [looked[slice(t * batch, (t + 1) * batch)] for t in range(time)]
    truth = masks.float()

    memory = network.begin(seen[0], pool_masks(two_channels(truth[:, 0])))
    before = pool_masks(two_channels(previous.float()))
    history = before.repeat(1, 3, 1, 1)
    history[:, 2:] *= (torch.rand(batch, 1, 1, 1, device=history.device) < 0.5).to(history)
    memory = replace(memory, history=history, deep=seen[1].maps[16], last_keys=seen[1].keys)
    losses = []
    for t in range(2, time):
        step = network.step(seen[t], memory)
        losses.append(_losses(network, step, truth[:, t], before, settings))
        before = pool_masks(two_channels(carried(margin(step.decoded.logits.detach().float()))))
        if t + 1 < time:
            memory = network.remember(seen[t], memory, step, before)
    return {k: torch.stack([one[k] for one in losses]).mean() for k in losses[0]}


def carried(logits: Float[Tensor, "objects height width"]) -> Float[Tensor, "objects height width"]:
    """What is fed back for a lone object: merging by odds makes its probability p the value p^2 / (p^2 + (1-p)^2)."""
    return (2 * logits).sigmoid()


def _losses(
    network: TTVOSNetwork,
    step: Step,
    truth: Float[Tensor, "batch height width"],
    before: Float[Tensor, "batch 2 height8 width8"],
    settings: ObjectiveSettings,
) -> dict[str, Tensor]:
    logits = margin(step.decoded.logits).float()
    small = pool_masks(two_channels(truth))
    change = network.difference_head(step.decoded.middle).float().softmax(1)
    template = network.template_head(step.attention).float()[:, 0]
    nearest = truth[:, ::8, ::8]
    weights = boundary_weights(truth, strength=settings.boundary)
    return {
        "mask": settings.mask * weighted_cross_entropy(logits, truth, weights),
        "consistency": settings.consistency * F.mse_loss(change, small - before),
        "template": settings.template * F.binary_cross_entropy_with_logits(template, nearest),
        "iou": settings.iou * soft_iou(logits, truth),
    }
