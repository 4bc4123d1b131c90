"""What segue-lite is trained for: the masks of a run, carried on its own predictions, memory updates included.

All objects of a clip are carried together, so that they learn to keep apart.
"""

from collections.abc import Callable
from typing import Annotated

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, UInt8
from pydantic import Field
from torch import Tensor

from segue.models.lite import target
from segue.models.lite.network import CODES, FrameFeatures, LiteNetwork, others_of
from segue.nn.losses import boundary_weights, soft_iou, weighted_cross_entropy
from segue.settings import Settings

_SUREST = 15.0
"""Logits beyond which nothing changes any more."""


class ObjectiveSettings(Settings):
    """Weights of the losses."""

    cross_entropy: float = 1.0
    iou: float = 1.0
    score: float = 2.0
    """Squared error of the target model's own view of the mask."""
    memory_rate: Annotated[float, Field(gt=0, lt=1)] = 0.3
    anchor_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    most_objects: Annotated[int, Field(ge=1)] = 4
    """Of a clip; of more, chance leaves some out, which then are background."""


def objective(
    network: LiteNetwork,
    frames: Float[Tensor, "batch time 3 height width"],
    labels: UInt8[Tensor, "batch time height width"],
    previous: UInt8[Tensor, "batch height width"],
    settings: ObjectiveSettings,
    backbone: Callable[[Tensor], dict[int, Tensor]] | None = None,
) -> dict[str, Float[Tensor, ""]]:
    """Losses by name, already weighted, averaged over the objects of the run.

    Args:
        network: The network in training mode.
        frames: Values in [0, 1]; frame 0 is the anchor.
        labels: Ids of the objects on every frame; those that the anchor shows are followed.
        previous: Labels on the frame before the run.
        settings: Weights and memory rates.
        backbone: A frozen stand-in for the network's backbone (the same function, faster).
    """
    batch, time = frames.shape[:2]
    flat = frames.transpose(0, 1).flatten(0, 1).contiguous(memory_format=torch.channels_last)
    features = network.neck((backbone or network.backbone)(flat))
    samples, ids = _followed(labels[:, 0], settings.most_objects)
    seen = [_of(features[slice(t * batch, (t + 1) * batch)], samples) for t in range(time)]
    truth = (labels[samples] == ids[:, None, None, None]).float()

    anchor = _learn(network, seen[0], truth[:, 0], samples)
    fixed = network.solve(*anchor)
    adaptive, moving = fixed, anchor
    before = F.avg_pool2d((previous[samples] == ids[:, None, None]).float()[:, None], 8)
    losses: list[dict[str, Tensor]] = []
    for t in range(1, time):
        scores = target.apply(torch.cat([fixed, adaptive], 2), seen[t].target)
        others = others_of(scores.float(), before, samples)
        logits = _enlarge(network.decoder(seen[t].decoder, scores, before, others)).float()
        logits = _merged(logits, samples)
        losses.append(_losses(logits, scores.float(), truth[:, t], samples, settings))
        predicted = logits.detach().sigmoid()
        before = F.avg_pool2d(predicted[:, None], 8)
        if t + 1 < time:
            own = _learn(network, seen[t], predicted, samples)
            moving = _blend(moving, own, settings.memory_rate)
            adaptive = network.solve(*_blend(moving, anchor, settings.anchor_share))
    return {k: torch.stack([step[k] for step in losses]).mean() for k in losses[0]}


def _followed(
    anchors: UInt8[Tensor, "batch height width"], most: int
) -> tuple[Int[Tensor, " objects"], Int[Tensor, " objects"]]:
    """For each followed object, its clip and its id."""
    samples, ids = [], []
    for sample, anchor in enumerate(anchors):
        found = anchor.unique()
        found = found[found > 0]
        # The loop seeds torch for each batch, so the draw can be repeated.
        chosen = found[torch.randperm(len(found), device="cpu").to(found.device)][:most]
        ids.append(chosen.long())
        samples.append(torch.full_like(ids[-1], sample))
    return torch.cat(samples), torch.cat(ids)


def _of(features: FrameFeatures, samples: Int[Tensor, " objects"]) -> FrameFeatures:
    """The features of each object's frame."""
    shares = {stride: share[samples] for stride, share in features.decoder.items()}
    return FrameFeatures(features.target[samples], shares)


def _merged(
    logits: Float[Tensor, "objects height width"], samples: Int[Tensor, " objects"]
) -> Float[Tensor, "objects height width"]:
    """Logits of the softmax over the objects of a clip and a background of logit 0; as they are for a single one."""
    weights = logits.clamp(-_SUREST, _SUREST).exp()
    sums = weights.new_zeros(int(samples.max()) + 1, *weights.shape[1:])
    others = sums.index_add(0, samples, weights)[samples] - weights
    return logits - others.clamp_min(0).log1p()


def _learn(
    network: LiteNetwork, features: FrameFeatures, masks: Tensor, samples: Tensor
) -> tuple[target.Gram, target.Cross]:
    quarter = F.avg_pool2d(masks, 4)
    others = _others(F.avg_pool2d(quarter, 2), samples)
    return network.learn(features.target, quarter, torch.ones_like(others), others)


def _others(masks: Tensor, samples: Tensor) -> Tensor:
    sums = masks.new_zeros(int(samples.max()) + 1, *masks.shape[1:]).index_add(0, samples, masks)
    return (sums[samples] - masks).clamp(0, 1)


def _blend(
    old: tuple[Tensor, Tensor], new: tuple[Tensor, Tensor], rate: float
) -> tuple[Tensor, Tensor]:
    return old[0].lerp(new[0], rate), old[1].lerp(new[1], rate)


def _enlarge(
    logits: Float[Tensor, "objects height2 width2"],
) -> Float[Tensor, "objects height width"]:
    return F.interpolate(logits[:, None], scale_factor=2.0, mode="bilinear", align_corners=False)[
        :, 0
    ]


def _losses(
    logits: Tensor,
    scores: Tensor,
    truth: Tensor,
    samples: Tensor,
    settings: ObjectiveSettings,
) -> dict[str, Tensor]:
    small = F.avg_pool2d(truth, 8)
    others = _others(small, samples).flatten(1)
    weights = target.pixel_weights(small.flatten(1), torch.ones_like(others), others)
    codes = scores[:, ::CODES].flatten(2)
    error = ((codes - small.flatten(1)[:, None]) ** 2 * weights[:, None]).sum(2).mean()
    return {
        "cross_entropy": settings.cross_entropy
        * weighted_cross_entropy(logits, truth, boundary_weights(truth)),
        "iou": settings.iou * soft_iou(logits, truth),
        "score": settings.score * error,
    }
