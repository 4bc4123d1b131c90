"""What the gate of an FRTM learns alone: frames in time order, nothing computed, all else stays as it is (ours).

The losses are those of ``objective``, of the gate and of its delta generator. What differs is what the gate is shown:
never the given frame against one far away, which no video asks of it; masks with the faults that predictions have; and
beside each frame two whose answer is sure. It is for gates that are shown masks, for which no target model is needed.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from segue.models.frtm.network import GATE_STRIDE, TARGET_STRIDE, FrtmNetwork, resize
from segue.models.frtm.objective import Look, Losses
from segue.nn.reuse.objective import GateLossSettings, delta_loss, gate_probability_loss, overlap
from segue.nn.reuse.settings import Share
from segue.settings import Settings


class GateObjectiveSettings(Settings):
    """How a gate is trained alone."""

    margins: GateLossSettings = GateLossSettings()
    reuse: Share = 0.6
    """Share of the frames that are carried over while training, drawn; the gate is not asked."""


def gate_objective(
    network: FrtmNetwork,
    frames: Float[Tensor, "batch time 3 height width"],
    masks: Bool[Tensor, "batch time height width"],
    damaged: Bool[Tensor, "batch time height width"],
    settings: GateObjectiveSettings,
    look: Look | None = None,
) -> Losses:
    """Losses by name, averaged over all frames but the first two.

    The gate learns how well the masks of a frame and of the last computed one agree; that a frame agrees with its own
    mask; and that a frame of another clip does not.

    Args:
        network: With the parts of a gate that is shown masks, in training mode.
        frames: Values in [0, 1]; the mask of the first is given, the others follow one another, the second computed.
        masks: The object on every frame.
        damaged: The same as they would be predicted.
        settings: Of the gate.
        look: In place of the network's own, such as a faster copy of it.
    """
    parts = network.reuse
    assert parts is not None
    time, size = frames.shape[1], [side // TARGET_STRIDE for side in frames.shape[-2:]]
    with torch.no_grad():
        together = (look or network.look)(frames.transpose(0, 1).flatten(0, 1), GATE_STRIDE)
    shallow = together[GATE_STRIDE].chunk(time)
    templates = parts.template(shallow[0], masks[:, :1].float(), "bilinear")
    known = [mask[:, None].float() for mask in damaged.unbind(1)]
    last, found = 1, []
    for t in range(2, time):
        shown = torch.cat([shallow[t], shallow[t], shallow[t].roll(1, 0)])
        compared = torch.cat([known[last], known[t], known[last]])
        unlike = parts.dissimilarity(shown, compared, templates.repeat(3, 1, 1))
        truth, before = (
            resize(mask, torch.Size(size), "bilinear")
            for mask in (masks[:, t, None].float(), known[last])
        )
        agreed = overlap(masks[:, t], masks[:, last])
        # Together: batch normalisation would else tell the three kinds apart by their own mean.
        wanted = torch.cat([agreed, torch.ones_like(agreed), torch.zeros_like(agreed)])
        said = parts.gate(unlike).float()
        found.append(
            {
                "delta": delta_loss(parts.delta(unlike[: len(agreed)]), truth, before),
                "gate": gate_probability_loss(said, wanted, settings.margins),
            }
        )
        if torch.rand(()) > settings.reuse:
            last = t
    return {name: torch.stack([losses[name] for losses in found]).mean() for name in found[0]}
