"""What segue-lite is trained for: the masks of a run, carried on its own predictions, memory updates included."""

from collections.abc import Callable
from typing import Annotated

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor

from segue.models.lite import target
from segue.models.lite.network import FrameFeatures, LiteNetwork
from segue.nn.losses import boundary_weights, soft_iou, weighted_cross_entropy
from segue.settings import Settings


class ObjectiveSettings(Settings):
    """Weights of the losses."""

    cross_entropy: float = 1.0
    iou: float = 1.0
    score: float = 2.0
    """Squared error of the target model's own view of the mask."""
    memory_rate: Annotated[float, Field(gt=0, lt=1)] = 0.3
    anchor_share: Annotated[float, Field(ge=0, le=1)] = 0.5


def objective(
    network: LiteNetwork,
    frames: Float[Tensor, "batch time 3 height width"],
    masks: Bool[Tensor, "batch time height width"],
    previous: Bool[Tensor, "batch height width"],
    settings: ObjectiveSettings,
    backbone: Callable[[Tensor], dict[int, Tensor]] | None = None,
) -> dict[str, Float[Tensor, ""]]:
    """Losses by name, already weighted, averaged over the run.

    Args:
        network: The network in training mode.
        frames: Values in [0, 1]; frame 0 is the anchor.
        masks: The object on every frame.
        previous: The mask on the frame before the run.
        settings: Weights and memory rates.
        backbone: A frozen stand-in for the network's backbone (the same function, faster).
    """
    batch, time = frames.shape[:2]
    flat = frames.transpose(0, 1).flatten(0, 1).contiguous(memory_format=torch.channels_last)
    features = network.neck((backbone or network.backbone)(flat))
    seen = [features[slice(t * batch, (t + 1) * batch)] for t in range(time)]
    truth = masks.float()

    anchor = _learn(network, seen[0], truth[:, 0])
    fixed = network.solve(*anchor)
    adaptive, moving = fixed, anchor
    before = F.avg_pool2d(previous.float()[:, None], 8)
    losses: list[dict[str, Tensor]] = []
    for t in range(1, time):
        scores = target.apply(torch.cat([fixed, adaptive], 2), seen[t].target)
        logits = _enlarge(network.decoder(seen[t].decoder, scores, before)).float()
        losses.append(_losses(logits, scores.float(), truth[:, t], settings))
        predicted = logits.detach().sigmoid()
        before = F.avg_pool2d(predicted[:, None], 8)
        if t + 1 < time:
            moving = _blend(moving, _learn(network, seen[t], predicted), settings.memory_rate)
            adaptive = network.solve(*_blend(moving, anchor, settings.anchor_share))
    return {k: torch.stack([step[k] for step in losses]).mean() for k in losses[0]}


def _learn(
    network: LiteNetwork, features: FrameFeatures, masks: Tensor
) -> tuple[target.Gram, target.Cross]:
    quarter = F.avg_pool2d(masks, 4)
    return network.learn(features.target, quarter, torch.ones_like(features.target[:, 0]))


def _blend(
    old: tuple[Tensor, Tensor], new: tuple[Tensor, Tensor], rate: float
) -> tuple[Tensor, Tensor]:
    return old[0].lerp(new[0], rate), old[1].lerp(new[1], rate)


def _enlarge(logits: Float[Tensor, "batch height2 width2"]) -> Float[Tensor, "batch height width"]:
    return F.interpolate(logits[:, None], scale_factor=2.0, mode="bilinear", align_corners=False)[
        :, 0
    ]


def _losses(
    logits: Tensor, scores: Tensor, truth: Tensor, settings: ObjectiveSettings
) -> dict[str, Tensor]:
    small = F.avg_pool2d(truth, 8)
    weights = target.pixel_weights(small.flatten(1), torch.ones_like(small).flatten(1))
    codes = scores[:, :: scores.shape[1] // 2].flatten(2)
    error = ((codes - small.flatten(1)[:, None]) ** 2 * weights[:, None]).sum(2).mean()
    return {
        "cross_entropy": settings.cross_entropy
        * weighted_cross_entropy(logits, truth, boundary_weights(truth)),
        "iou": settings.iou * soft_iou(logits, truth),
        "score": settings.score * error,
    }
