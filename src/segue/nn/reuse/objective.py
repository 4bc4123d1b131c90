"""What a gate is trained for: to know how much the object has changed since the last computed frame.

Equations 3 to 6 of the paper, and its released code where the two differ.
"""

from typing import Annotated, Literal

import torch.nn.functional as F
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor

from segue.nn.reuse.settings import Share
from segue.settings import Settings

Shares = Float[Tensor, " batch"]
Masks = Bool[Tensor, "batch height width"]


class GateLossSettings(Settings):
    """How the probability of reuse is pulled towards the overlap of the masks."""

    kind: Literal["probability", "number"] = "probability"
    """``probability``: each frame after its own overlap; ``number``: a fixed share of all frames (the ablation)."""
    m1: Share = 0.5
    """Margin of the target: after ``ramp_epochs`` no target is below it. With the paper's 1 every frame would then
    be asked to be reused."""
    ramp_epochs: Annotated[float, Field(gt=0)] = 120.0
    """ep_T, the epoch at which the margin of the target reaches ``m1``."""
    m2: Share = 0.0
    """Margin of the error: what is nearer to the target than this is not pulled."""
    target: Literal["paper", "released"] = "released"
    """``paper``: the larger of overlap and margin (equation 4); ``released``: the overlap, since the released code
    works the margin out and does not use it."""
    form: Literal["paper", "released"] = "released"
    """``paper``: max(m2, error) squared (equation 5); ``released``: max(0, error - m2) squared. Equal if m2 is 0."""
    reuse_share: Share = 0.5
    """Of ``number``: the share of frames that should be reused."""


def overlap(one: Masks, other: Masks) -> Shares:
    """Intersection over union of each pair; 0 where both are empty (released code)."""
    both, either = (one & other).sum((1, 2)), (one | other).sum((1, 2))
    return both / either.clamp_min(1)


def target_probability(overlaps: Shares, epoch: float, settings: GateLossSettings) -> Shares:
    """What the gate should say, from the overlap of the masks now and on the last computed frame (equation 4).

    Args:
        overlaps: In [0, 1].
        epoch: Epochs trained so far, from 0. The margin grows until ``ramp_epochs`` and then stays.
        settings: Margins.
    """
    if settings.target == "released":
        return overlaps
    margin = settings.m1 * min(1.0, epoch / settings.ramp_epochs)
    return overlaps.clamp_min(margin)


def gate_probability_loss(
    probabilities: Shares, targets: Shares, settings: GateLossSettings
) -> Float[Tensor, ""]:
    """Squared distance beyond the margin ``m2``, averaged over the batch (equation 5)."""
    error = (probabilities - targets).abs()
    if settings.form == "paper":
        return error.clamp_min(settings.m2).square().mean()
    return (error - settings.m2).clamp_min(0).square().mean()


def number_of_gates_loss(decisions: Shares, reuse_share: float) -> Float[Tensor, ""]:
    """Squared distance of the share of reused frames from the wanted one (the paper's ablation, after AIG).

    Args:
        decisions: 1 (reuse) or 0 of each frame, with the gradient of ``straight_through``.
        reuse_share: In [0, 1].
    """
    return (decisions.mean() - reuse_share).square()


def gate_loss(
    probabilities: Shares,
    decisions: Shares,
    overlaps: Shares,
    epoch: float,
    settings: GateLossSettings,
) -> Float[Tensor, ""]:
    """The loss of the kind that the settings name; its arguments are those of the functions above."""
    if settings.kind == "number":
        return number_of_gates_loss(decisions, settings.reuse_share)
    targets = target_probability(overlaps, epoch, settings)
    return gate_probability_loss(probabilities, targets, settings)


def delta_loss(
    delta: Float[Tensor, "batch 1 rows columns"],
    truth: Float[Tensor, "batch 1 rows columns"],
    scores: Float[Tensor, "batch 1 rows columns"],
) -> Float[Tensor, ""]:
    """Mean squared error of the predicted change of the score (equation 3).

    Args:
        delta: The prediction.
        truth: The mask of this frame, reduced to the size of the score.
        scores: Of the last computed frame.
    """
    return F.mse_loss(delta, truth - scores)
