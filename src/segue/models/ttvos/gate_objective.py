"""What the gate of G-TTVOS is trained for, its host being trained already: footage in time order, host frozen."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from segue.models.ttvos.attention import margin, pool_masks, two_channels
from segue.models.ttvos.carrier import Carrier
from segue.models.ttvos.network import TTVOSNetwork
from segue.models.ttvos.objective import carried as fed_back
from segue.nn.losses import boundary_weights, soft_iou, weighted_cross_entropy
from segue.nn.reuse.objective import GateLossSettings, gate_probability_loss, overlap
from segue.settings import Settings


class GateObjectiveSettings(Settings):
    """Weights of the losses."""

    mask: float = 1.0
    """Boundary-weighted cross-entropy of the translated masks."""
    iou: float = 1.0
    """Soft IoU of the translated masks."""
    gate: float = 1.0
    """Error of the gate."""
    reuse: float = 0.6
    """Share of frames that are carried over while training."""
    margins: GateLossSettings = GateLossSettings()


def gate_objective(
    network: TTVOSNetwork,
    carrier: Carrier,
    frames: Float[Tensor, "batch time 3 height width"],
    masks: Bool[Tensor, "batch time height width"],
    settings: GateObjectiveSettings,
) -> dict[str, Float[Tensor, ""]]:
    """Losses by name, already weighted, averaged over the frames after the first.

    Every frame is both computed and translated. The gate learns how well the two agree (ours: the paper asks how well
    the true masks of the two frames agree, whatever the translator can do), that two frames that are the same agree,
    and that a frame of another clip does not.

    Args:
        network: The host in evaluation mode.
        carrier: What is trained.
        frames: In time order, values in [0, 1]; the mask of the first is given.
        masks: The object on every frame.
        settings: Weights.
    """
    with torch.no_grad():
        looks = [network.look(frame) for frame in frames.unbind(1)]
        glances = [network.trunk.glance(frame) for frame in frames.unbind(1)]
        given = pool_masks(two_channels(masks[:, 0].float()))
        memory = network.begin(looks[0], given)
        decoded = network.step(looks[0], memory).decoded
    template = carrier.template(glances[0], given)
    last = carrier.carry(glances[0], given, decoded, template)
    losses = []
    for t in range(1, frames.shape[1]):
        with torch.no_grad():
            step = network.step(looks[t], memory)
            computed = margin(step.decoded.logits.float())
            before = pool_masks(two_channels(fed_back(computed)))
            memory = network.remember(looks[t], memory, step, before)
        unlike = carrier.compare(glances[t], last)
        translated = margin(
            network.decoder.enlarge(carrier.translate(glances[t], unlike, last)).float()
        )
        agreed = overlap(translated.detach() > 0, computed > 0)
        same = carrier.compare(last.glance, last)
        cut = carrier.compare(glances[t].roll(1, 0), last)
        # Together: batch normalisation would else tell the three kinds apart by their own mean.
        said = carrier.gate(torch.cat([unlike, same, cut])).float()
        wanted = torch.cat([agreed, torch.ones_like(agreed), torch.zeros_like(agreed)])
        truth = masks[:, t].float()
        losses.append(
            {
                "mask": settings.mask
                * weighted_cross_entropy(translated, truth, boundary_weights(truth)),
                "iou": settings.iou * soft_iou(translated, truth),
                "gate": settings.gate * gate_probability_loss(said, wanted, settings.margins),
            }
        )
        if torch.rand(()) > settings.reuse:
            last = carrier.carry(glances[t], before, step.decoded, template)
    return {k: torch.stack([one[k] for one in losses]).mean() for k in losses[0]}
