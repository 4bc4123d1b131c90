"""What the gate of an FRTM learns alone: pairs of frames, nothing computed, all else stays as it is (ours).

The losses are those of ``objective``, of the gate and of its delta generator. What differs is what the gate is shown:
never the given frame against one far away, which no video asks of it; masks with the faults that predictions have; and
beside each frame two whose answer is sure. It is for gates that are shown masks, for which no target model is needed.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from segue.models.frtm.network import GATE_STRIDE, TARGET_STRIDE, FrtmNetwork, resize
from segue.models.frtm.objective import Look, Losses
from segue.nn.reuse.gate import straight_through
from segue.nn.reuse.objective import GateLossSettings, delta_loss, gate_loss, overlap


def gate_objective(
    network: FrtmNetwork,
    frames: Float[Tensor, "batch 3 3 height width"],
    masks: Bool[Tensor, "batch 3 height width"],
    damaged: Bool[Tensor, "batch 3 height width"],
    settings: GateLossSettings,
    epoch: float = 0.0,
    look: Look | None = None,
) -> Losses:
    """Losses by name.

    The gate learns how well the masks of a frame and of the last computed one agree; that a frame agrees with its own
    mask; and that a frame of another clip does not.

    Args:
        network: With the parts of a gate that is shown masks, in training mode.
        frames: The one whose mask is given, the last computed one, and the one that the gate is asked about; values
            in [0, 1].
        masks: The object on them.
        damaged: The same as they would be predicted.
        settings: Of the gate. With ``kind="number"`` only the first of the three counts.
        epoch: Trained so far, for the margin of the target.
        look: In place of the network's own, such as a faster copy of it.
    """
    parts = network.reuse
    assert parts is not None
    with torch.no_grad():
        together = (look or network.look)(frames.transpose(0, 1).flatten(0, 1), GATE_STRIDE)
    given, _, asked = together[GATE_STRIDE].chunk(3)
    truth, before, itself = (
        mask[:, None].float() for mask in (masks[:, 2], damaged[:, 1], damaged[:, 2])
    )
    templates = parts.template(given, masks[:, :1].float(), "bilinear")
    unlike = parts.dissimilarity(
        torch.cat([asked, asked, asked.roll(1, 0)]),
        torch.cat([before, itself, before]),
        templates.repeat(3, 1, 1),
    )
    agreed = overlap(masks[:, 2], masks[:, 1])
    # Together: batch normalisation would else tell the three kinds apart by their own mean.
    wanted = torch.cat([agreed, torch.ones_like(agreed), torch.zeros_like(agreed)])
    judged = len(agreed) if settings.kind == "number" else len(wanted)
    said = parts.gate(unlike).float()[:judged]
    delta = parts.delta(unlike[: len(agreed)])
    small = torch.Size(side // TARGET_STRIDE for side in frames.shape[-2:])
    truth, before = (resize(mask, small, "bilinear") for mask in (truth, before))
    return {
        "delta": delta_loss(delta, truth, before),
        "gate": gate_loss(said, straight_through(said), wanted[:judged], epoch, settings),
    }
