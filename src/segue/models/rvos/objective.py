"""What RVOS is trained for: masks through a clip, entered with true or predicted masks as a curriculum says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from segue.models.rvos.assignment import assign
from segue.models.rvos.encoder import Backbone
from segue.models.rvos.network import Look, RVOSNetwork
from segue.models.rvos.state import Reference
from segue.nn.losses import boundary_weights, soft_iou, weighted_cross_entropy
from segue.settings import Settings

Rows = Float[Tensor, "rows height width"]


class ObjectiveSettings(Settings):
    """Weights of the losses; the paper has the first one alone."""

    iou: float = 1.0
    """1 - soft IoU of the objects that are on the frame."""
    cross_entropy: float = 0.0
    """Cross-entropy of all pixels, objects that are hidden included (ours)."""
    boundary: float = 2.0
    """Extra weight of pixels near the contour in the second loss."""
    surplus: float = 0.0
    """Weight, in the second loss, of slots that show no object, which should then be empty (ours)."""


@dataclass(frozen=True)
class Unrolled:
    """A clip, carried from its first frame to its last."""

    logits: tuple[Rows, ...]
    """Of each frame, rows ordered by object, then video."""
    truth: tuple[Rows, ...]
    valid: Bool[Tensor, " rows"]
    """Rows that belong to an object of their clip."""


def unroll(
    network: RVOSNetwork,
    looks: Sequence[Look],
    labels: UInt8[Tensor, "batch time height width"],
    fed: Sequence[bool],
    *,
    slots: int = 10,
    anchor: tuple[Look, UInt8[Tensor, "batch height width"]] | None = None,
) -> Unrolled:
    """Carry the objects of clips.

    A frame is entered with the last frame's true or predicted masks. An object is entered with its true mask on the
    frame on which it appears, as an object that is given.

    Args:
        network: The network.
        looks: At each frame.
        labels: Objects by slot, from 1; 0 is background.
        fed: For each frame, whether it is entered with the predicted masks; the first one never is.
        slots: How many objects a zero-shot network looks for.
        anchor: The frame that gives the reference; by default the first one.
    """
    rows = (int(labels.max()) or 1) if network.one_shot else slots
    truth = [_rows(labels[:, t], rows) for t in range(len(looks))]
    valid = torch.stack([mask.flatten(1).any(1) for mask in truth]).any(0)
    memory = network.begin(looks[0], len(truth[0]))
    if anchor is not None or memory.reference is not None:
        memory = replace(
            memory, reference=_reference(network, anchor or (looks[0], labels[:, 0]), rows)
        )
    logits: list[Rows] = []
    entered = torch.zeros_like(valid)
    for t, look in enumerate(looks):
        known = (
            (logits[-1].detach().float().sigmoid() if fed[t] else truth[t - 1]) if t else truth[0]
        )
        present = truth[t].flatten(1).any(1)
        before = torch.where((present & ~entered)[:, None, None], truth[t], known)
        entered = entered | present
        last_keys = looks[max(0, t - 1)].keys if network.matching else None
        memory = replace(memory, previous=network.small(before), last_keys=last_keys)
        found, hidden = network.step(look, memory)
        logits.append(found)
        memory = replace(memory, hidden=hidden)
        if t == 0 and not network.one_shot:
            order = _order(found, truth[0], present, len(labels))
            truth = [mask[order] for mask in truth]
            valid, entered = valid[order], entered[order]
    return Unrolled(tuple(logits), tuple(truth), valid)


def objective(
    network: RVOSNetwork,
    frames: Float[Tensor, "batch time 3 height width"],
    labels: UInt8[Tensor, "batch time height width"],
    fed: Sequence[bool],
    settings: ObjectiveSettings,
    *,
    slots: int = 10,
    backbone: Backbone | None = None,
) -> dict[str, Float[Tensor, ""]]:
    """Losses by name, already weighted, averaged over the frames of the clips (the papers sum them).

    Args:
        network: The network in training mode.
        frames: Values in [0, 1]. With a reference frame 0 is the one that gives it, and the clip begins with frame 1.
        labels: Objects by slot, from 1; 0 is background.
        fed: For each frame of the clip, whether it is entered with the predicted masks.
        settings: Weights of the losses.
        slots: How many objects a zero-shot network looks for.
        backbone: A frozen stand-in for the network's backbone (the same function, faster).
    """
    looks = look_at(network, frames, backbone)
    anchor = (looks.pop(0), labels[:, 0]) if network.matching else None
    labels = labels[:, 1:] if network.matching else labels
    clip = unroll(network, looks, labels, fed, slots=slots, anchor=anchor)
    losses = [
        _losses(found.float(), truth, clip.valid, settings)
        for found, truth in zip(clip.logits, clip.truth, strict=True)
    ]
    return {name: torch.stack([one[name] for one in losses]).mean() for name in losses[0]}


def look_at(
    network: RVOSNetwork,
    frames: Float[Tensor, "batch time 3 height width"],
    backbone: Backbone | None = None,
) -> list[Look]:
    """What each frame of the clips offers, all computed at once."""
    batch, time = frames.shape[:2]
    flat = frames.transpose(0, 1).flatten(0, 1).contiguous(memory_format=torch.channels_last)
    seen = network.look(flat, backbone)
    return [seen[slice(t * batch, (t + 1) * batch)] for t in range(time)]


def _shares(valid: Bool[Tensor, " rows"], settings: ObjectiveSettings) -> Float[Tensor, "rows 1 1"]:
    """What each row counts in the cross-entropy."""
    return (valid.float() + settings.surplus * (~valid).float())[:, None, None]


def _rows(labels: UInt8[Tensor, "batch height width"], slots: int) -> Rows:
    numbers = torch.arange(1, slots + 1, device=labels.device, dtype=torch.uint8)
    return (labels[None] == numbers.view(-1, 1, 1, 1)).flatten(0, 1).float()


def _reference(
    network: RVOSNetwork, anchor: tuple[Look, UInt8[Tensor, "batch height width"]], rows: int
) -> Reference:
    look, labels = anchor
    assert look.keys is not None
    masks = _rows(labels, rows)
    return Reference(look.keys, network.known(torch.stack([1 - masks, masks], 1)))


def _order(logits: Rows, truth: Rows, valid: Bool[Tensor, " rows"], batch: int) -> Tensor:
    """For each row of the network, the row of the truth that it shows; the first frame decides for the clip."""
    order = torch.empty(len(truth), dtype=torch.long, device=truth.device)
    own = torch.arange(len(truth), device=truth.device).view(-1, batch)
    for video in own.T:
        slots = assign(logits[video], truth[video], valid[video])
        order[video[slots]] = video
    return order


def _losses(
    logits: Rows, truth: Rows, valid: Bool[Tensor, " rows"], settings: ObjectiveSettings
) -> dict[str, Tensor]:
    found = {"iou": settings.iou * soft_iou(logits, truth)}
    if settings.cross_entropy:
        weights = boundary_weights(truth, strength=settings.boundary) * _shares(valid, settings)
        loss = weighted_cross_entropy(logits, truth, weights.clamp_min(1e-6))
        found["cross_entropy"] = settings.cross_entropy * loss
    return found
