"""Who is who when objects come apart: one that was hidden takes a part of another's mask (ours).

While an object hides its look-alike, there is one mask. When the other comes out, it looks like the one that is in
view, so that one gets a mask of two parts. Where each was going tells whose part is whose.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int32, Integer
from torch import Tensor

from segue.models.lite.recognition import RECOGNISED, likeness_of
from segue.models.lite.regions import Found, spread, whole
from segue.models.lite.state import LiteState

_CELL = 4  # stride-2 pixels along a side of a stride-8 cell
_LIKE_ITSELF = (0.6, 1.4)
"""Area, as a share of the usual one, between which a mask tells where the whole object is."""
_PLACE, _SPEED = 0.8, 0.4
"""How far a place follows what is seen, and a speed."""
_SLOWER = 0.9
"""What is left of the speed after each frame on which the object is hidden."""
_SMALLEST, _LARGEST = 0.3, 2.5
"""Area of a part that may be a hidden object, as a share of that object's usual area."""
_NOTHING = -8.0


@dataclass(frozen=True, slots=True)
class _Part:
    row: int
    """Of the object whose mask it is in."""
    number: int
    area: float
    """In stride-8 cells."""
    place: Float[np.ndarray, " 2"]


def moved(
    state: LiteState, previous: Float[Tensor, "objects 1 height8 width8"], frames: int
) -> tuple[Float[Tensor, "objects 2"], Float[Tensor, "objects 2"]]:
    """Places and speeds after some frames, in stride-8 cells: x and y.

    Args:
        state: The memory before them.
        previous: Probabilities on the last of them.
        frames: How many, from 1.
    """
    seen = (previous[:, 0] > 0.5).float()
    expected = state.places + state.speeds * frames
    area, usual = seen.sum((1, 2)), state.areas.clamp_min(1)
    low, high = _LIKE_ITSELF
    whole_one = ((area > low * usual) & (area < high * usual))[:, None]
    residual = torch.where(whole_one, middles(seen) - expected, 0)
    speeds = state.speeds * torch.where(whole_one, 1.0, _SLOWER**frames)
    return expected + _PLACE * residual, speeds + _SPEED / frames * residual


def middles(masks: Float[Tensor, "objects height8 width8"]) -> Float[Tensor, "objects 2"]:
    """The middle of each mask in cells, x and y; that of the frame for an empty one."""
    y, x = (torch.arange(side, device=masks.device) + 0.5 for side in masks.shape[1:])
    total = masks.sum((1, 2))
    found = torch.stack([(masks.sum(1) * x).sum(1), (masks.sum(2) * y).sum(1)], 1)
    centre = found.new_tensor([masks.shape[2] / 2, masks.shape[1] / 2])
    return torch.where(total[:, None] > 0, found / total[:, None].clamp_min(1e-6), centre)


def regained(
    found: list[Found],
    scores: Float[Tensor, "objects codes2 height8 width8"],
    state: LiteState,
) -> list[Found]:
    """What was found, with parts of masks given to objects that were hidden.

    Args:
        found: Of each object.
        scores: What the target models see.
        state: The memory before this frame.
    """
    missing = [row for row, one in enumerate(found) if not (one.logits > 0).any()]
    if not missing or len(missing) == len(found):
        return found
    logits = spread(found, state.previous)
    best, owner = logits.max(0)
    numbered, parts = _parts(torch.where(best > 0, owner + 1, 0).cpu().numpy(), len(found))
    given = _given(parts, numbered, missing, scores, state)
    if not given:
        return found
    changed, frame = list(found), whole(state.previous)
    for row, part in given:
        shown = torch.from_numpy(numbered == part.number).to(logits.device)
        own = torch.where(shown, logits[part.row], _NOTHING)
        changed[row] = Found(frame, own[None])
        logits[part.row] = torch.where(shown, _NOTHING, logits[part.row])
        changed[part.row] = Found(frame, logits[part.row : part.row + 1].clone())
    return changed


def _parts(
    labels: Integer[np.ndarray, "height2 width2"], objects: int
) -> tuple[Int32[np.ndarray, "height2 width2"], list[_Part]]:
    """The connected parts of all objects, numbered from 1."""
    numbered = np.zeros(labels.shape, np.int32)
    parts: list[_Part] = []
    for row in range(objects):
        mask = (labels == row + 1).astype(np.uint8)
        _, marks, stats, places = cv2.connectedComponentsWithStats(mask, connectivity=8)
        for mark in range(1, len(stats)):
            area = stats[mark, cv2.CC_STAT_AREA] / _CELL**2
            parts.append(_Part(row, len(parts) + 1, float(area), places[mark] / _CELL))
            numbered[marks == mark] = len(parts)
    return numbered, parts


def _given(
    parts: Sequence[_Part],
    numbered: Int32[np.ndarray, "height2 width2"],
    missing: Sequence[int],
    scores: Float[Tensor, "objects codes2 height8 width8"],
    state: LiteState,
) -> list[tuple[int, _Part]]:
    """Hidden objects and the parts that are theirs; the owner of each keeps another part."""
    usual = state.areas.tolist()
    expected = (state.places + state.speeds).cpu().numpy()
    offers: list[tuple[float, int, _Part]] = []
    for part in parts:
        if part.area > _SMALLEST * usual[part.row]:
            offers.append((_distance(expected[part.row], part), part.row, part))
        for row in missing:
            large = _SMALLEST * usual[row] < part.area < _LARGEST * usual[row]
            if large and _looks_like(row, part, numbered, scores, state):
                offers.append((_distance(expected[row], part), row, part))
    taken: dict[int, _Part] = {}
    for _, row, part in sorted(offers, key=lambda offer: offer[0]):
        if row not in taken and part not in taken.values():
            taken[row] = part
    # An object that is in view keeps at least one of its parts.
    return [(row, part) for row, part in taken.items() if row in missing and part.row in taken]


def _looks_like(
    row: int,
    part: _Part,
    numbered: Int32[np.ndarray, "height2 width2"],
    scores: Float[Tensor, "objects codes2 height8 width8"],
    state: LiteState,
) -> bool:
    shown = torch.from_numpy((numbered == part.number).astype(np.float32)).to(scores.device)
    inside = F.avg_pool2d(shown[None], _CELL)
    like = float(likeness_of(inside, scores[row : row + 1]))
    return like >= RECOGNISED * float(state.likeness[row])


def _distance(place: Float[np.ndarray, " 2"], part: _Part) -> float:
    return float(np.hypot(*(part.place - place)))
