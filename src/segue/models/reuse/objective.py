"""What the carrying network is trained for: masks that are right on this frame, and a gate that knows how right."""

from typing import Annotated, Literal

from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor

from segue.models.reuse.network import CarryNetwork
from segue.nn.losses import boundary_weights, soft_iou, weighted_cross_entropy
from segue.nn.reuse.gate import straight_through
from segue.nn.reuse.objective import GateLossSettings, gate_loss
from segue.settings import Settings

Weight = Annotated[float, Field(ge=0)]


class ObjectiveSettings(Settings):
    """Weights of the losses, and what the gate is to know."""

    cross_entropy: Weight = 1.0
    iou: Weight = 1.0
    gate_weight: Weight = 4.0
    gate: GateLossSettings = GateLossSettings()
    """The paper's loss with its margins."""
    expected: Literal["carried", "still"] = "carried"
    """What the gate predicts: the share of the last mask's quality, its IoU with the truth, that the carried mask
    keeps (ours); or the IoU of the true masks of both frames (the paper)."""


def objective(
    network: CarryNetwork,
    evidence: Float[Tensor, "batch channels rows columns"],
    truth: Bool[Tensor, "batch rows columns"],
    unseen: Float[Tensor, " batch"],
    given: Float[Tensor, " batch"],
    still: Float[Tensor, " batch"],
    settings: ObjectiveSettings,
    epoch: float = 0.0,
) -> dict[str, Float[Tensor, ""]]:
    """Losses by name, already weighted.

    Args:
        network: In training mode.
        evidence: See ``evidence.gather``.
        truth: The objects on this frame, through the window.
        unseen: Area of the objects outside the window, in its pixels.
        given: IoU of the last mask, as it was given, with the truth.
        still: IoU of the true masks of the two frames.
        settings: Weights.
        epoch: Trained so far, for the margin of the gate.
    """
    logits, gate = network(evidence)
    logits, wanted = logits.float(), truth.float()
    found = logits.detach() > 0
    union = (found | truth).sum((1, 2)) + unseen
    carried = (found & truth).sum((1, 2)) / union.clamp_min(1)
    kept = (carried / given.clamp_min(1e-3)).clamp_max(1)
    expected = kept if settings.expected == "carried" else still
    said = gate.float().sigmoid()
    judged = gate_loss(said, straight_through(said), expected, epoch, settings.gate)
    return {
        "cross_entropy": settings.cross_entropy
        * weighted_cross_entropy(logits, wanted, boundary_weights(wanted)),
        "iou": settings.iou * soft_iou(logits, wanted),
        "gate": settings.gate_weight * judged,
    }
