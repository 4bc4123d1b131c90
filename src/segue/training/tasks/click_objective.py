"""What segue-click is trained for: masks from clicks that correct its own last masks.

Iterative training as in Sofiiuk et al., "Reviving Iterative Training with Mask Guidance" (RITM, 2021), with three
changes (ours). The loss is that of segue-lite. Every round of a history is learned from, since the frame is looked at
only once for all of them. A history begins with a click, a stroke, a box or a coarse mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor

from segue.data.clips import damage
from segue.data.simulated_clicks import Place, depth, inner_point, next_click
from segue.models.click.evidence import gather
from segue.models.click.network import ClickNetwork, Looked
from segue.nn.losses import boundary_weights, soft_iou, weighted_cross_entropy
from segue.settings import Settings

Share = Annotated[float, Field(ge=0, le=1)]
Mask = Bool[np.ndarray, "height width"]
Masks = Bool[np.ndarray, "objects height width"]


class ObjectiveSettings(Settings):
    """Weights of the losses, and how histories of clicks are simulated."""

    cross_entropy: float = 1.0
    iou: float = 1.0
    rounds: Annotated[int, Field(ge=1)] = 3
    """Masks of a history; after each but the last there is one more click."""
    stroke: Share = 0.12
    box: Share = 0.15
    mask: Share = 0.2
    """Shares of histories that begin with a stroke, a box, a coarse mask; all others with clicks."""
    more_clicks: Share = 0.3
    """Chance of one more click at the start, again and again."""


@dataclass
class _History:
    """What a simulated user has said about one object."""

    points: list[tuple[float, float, float]]
    box: tuple[float, float, float, float]
    previous: Mask


def objective(
    network: ClickNetwork,
    looked: Looked,
    targets: Bool[Tensor, "objects height width"],
    valid: Bool[Tensor, "objects height width"],
    settings: ObjectiveSettings,
    rng: np.random.Generator,
) -> dict[str, Float[Tensor, ""]]:
    """Losses by name, weighted, averaged over the rounds.

    Args:
        network: The network in training mode.
        looked: What the frames offer, one per object.
        targets: The objects.
        valid: Pixels that count.
        settings: Weights and simulation.
        rng: Draws what the users do.
    """
    truths, counted = targets.cpu().numpy(), valid.cpu().numpy()
    users = [_begin(t, settings, rng) for t in truths]
    previous = torch.from_numpy(np.stack([u.previous for u in users])).to(targets.device).float()
    boxes = torch.tensor([u.box for u in users], device=targets.device)
    truth, known = targets.float(), valid.float()
    weights = known * boundary_weights(truth)
    total: dict[str, Tensor] = {}
    for number in range(settings.rounds):
        points = _stacked(users).to(targets.device)
        evidence = gather(looked.keys, points, previous, boxes)
        logits = network.decoder(looked.shares, evidence).float()
        for name, loss in _losses(logits, truth, known, weights, settings).items():
            total[name] = total.get(name, torch.zeros_like(loss)) + loss / settings.rounds
        if number + 1 < settings.rounds:
            previous = logits.detach().sigmoid()
            _click(users, previous.cpu().numpy() >= 0.5, truths, counted, rng)
    return total


def _begin(truth: Mask, settings: ObjectiveSettings, rng: np.random.Generator) -> _History:
    user = _History([], (0.0, 0.0, 0.0, 0.0), np.zeros_like(truth))
    kind = rng.random()
    if kind < settings.box:
        user.box = _box(truth, rng)
    elif kind < settings.box + settings.mask:
        user.previous = damage(truth, rng)
        _add(user, next_click(user.previous, truth, rng=rng))
    elif kind < settings.box + settings.mask + settings.stroke:
        user.points += [(x, y, 1.0) for x, y in _stroke(truth, rng)]
    else:
        _add(user, _first(truth, rng))
        while rng.random() < settings.more_clicks and len(user.points) < 8:
            _add(user, _any(truth, rng))
    return user


def _first(truth: Mask, rng: np.random.Generator) -> Place:
    """Half of the users begin in the very middle."""
    if rng.random() < 0.5:
        found = next_click(np.zeros_like(truth), truth)
        assert found is not None
        return found
    return Place(*inner_point(truth, rng), include=True)


def _any(truth: Mask, rng: np.random.Generator) -> Place:
    """A pixel of the object, or of its surroundings, seldom from far away."""
    if rng.random() < 0.5:
        row, column = _one_of(truth, rng)
        return Place(row, column, include=True)
    distance = depth(~truth)
    near = (distance > 3) & (distance < 0.3 * float(truth.sum()) ** 0.5 + 6)
    candidates = near if rng.random() < 0.7 and near.any() else ~truth
    if not candidates.any():
        return Place(*_one_of(truth, rng), include=True)
    return Place(*_one_of(candidates, rng), include=False)


def _one_of(area: Mask, rng: np.random.Generator) -> tuple[int, int]:
    row, column = np.unravel_index(int(rng.choice(np.flatnonzero(area))), area.shape)
    return int(row), int(column)


def _box(truth: Mask, rng: np.random.Generator) -> tuple[float, float, float, float]:
    rows, columns = np.nonzero(truth)
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], float)
    sides = np.tile(box[2:] - box[:2], 2)
    left, top, right, bottom = (box + rng.normal(0, 0.04, 4) * sides).tolist()
    return (left, top, max(right, left + 2), max(bottom, top + 2))


def _stroke(truth: Mask, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Points along a line between two inner points, where it runs inside."""
    ends = [inner_point(truth, rng) if i else _one_of(truth, rng) for i in range(2)]
    (top, left), (bottom, right) = ends
    steps = max(2, int(np.hypot(bottom - top, right - left) / 6))
    rows, columns = np.linspace(top, bottom, steps), np.linspace(left, right, steps)
    inside = truth[rows.astype(int), columns.astype(int)]
    return [(float(x), float(y)) for x, y in zip(columns[inside], rows[inside], strict=True)][:32]


def _add(user: _History, place: Place | None) -> None:
    if place is not None:
        user.points.append((place.column, place.row, 1.0 if place.include else -1.0))


def _click(
    users: Sequence[_History],
    predicted: Masks,
    truths: Masks,
    valid: Masks,
    rng: np.random.Generator,
) -> None:
    for user, mask, truth, counted in zip(users, predicted, truths, valid, strict=True):
        _add(user, next_click(mask, truth, counted, rng=rng))


def _stacked(users: Sequence[_History]) -> Float[Tensor, "objects points 3"]:
    most = max(1, *(len(user.points) for user in users))
    rows = [[*user.points, *[(0.0, 0.0, 0.0)] * (most - len(user.points))] for user in users]
    return torch.tensor(rows, dtype=torch.float32)


def _losses(
    logits: Tensor, truth: Tensor, valid: Tensor, weights: Tensor, settings: ObjectiveSettings
) -> dict[str, Tensor]:
    entropy = weighted_cross_entropy(logits, truth, weights)
    # Void pixels agree with the truth, whatever the network says.
    known = torch.where(valid > 0, logits, (truth * 2 - 1) * 30)
    return {
        "cross_entropy": settings.cross_entropy * entropy,
        "iou": settings.iou * soft_iou(known, truth),
    }
