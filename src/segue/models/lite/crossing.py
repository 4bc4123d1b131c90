"""Who is who among objects that look alike: when they cross, their ways tell them apart (ours).

While look-alikes hide one another, target models and decoder see one body, and say of each of its parts that it may be
any of them. So the silhouette of each is laid where it should be by now, and all are shifted until together they cover
what is seen. Where masks and silhouettes disagree grossly, the silhouettes are believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from segue.models.lite.regions import Found, spread, whole
from segue.models.lite.ways import Ways, alike, middles

_TOUCH = 0.05
"""Share of the smaller silhouette by which two overlap whose objects cross."""
_REACH = 6
"""Cells to each side of its expected place in which an object is laid."""
_SWEEPS = 4
"""Times that objects are laid one after the other."""
_PULL = 1.6
"""Share of its area that an object may lose to be where it should be, rather than once its size away."""
_AGREE = 0.5
"""IoU of mask and silhouette of each object from which masks are left as they are."""
_ALONE = 0.85
"""Share of a silhouette in view from which a mask shows the whole object."""
_PLACE, _SPEED = (0.1, 0.5), (0.2, 0.7)
"""Share of a silhouette in view from which its place, and its speed, follow what is seen, and over which they come to
follow it fully."""
_FASTER = 0.55  # how far a speed follows then
_NOTHING = -8.0

Cells = Float[np.ndarray, "height8 width8"]
Point = Float[np.ndarray, " 2"]


@dataclass(slots=True, eq=False)
class _Body:
    """A silhouette that is laid on what is seen."""

    row: int
    outline: Cells
    middle: Point
    """Of the outline."""
    expected: Point
    place: Point
    view: float = 1.0
    """Share of it that no other one hides, where something is seen."""
    seen: Cells | None = None
    """Where any of the bodies that cross is seen."""

    def laid(self) -> Cells:
        """The silhouette at its place."""
        return _shifted(self.outline, self.place - self.middle)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Objects that cross, and where they are."""

    bodies: tuple[_Body, ...] = ()

    def expected(self, previous: Float[Tensor, "objects 1 height8 width8"]) -> Tensor:
        """Probabilities to look on from: of objects that cross their silhouettes, also where others hide them."""
        changed = previous.clone()
        for body in self.bodies:
            laid = torch.from_numpy(body.laid() * body.seen).to(previous)
            changed[body.row, 0] = laid
        return changed

    def followed(self, ways: Ways, before: Ways) -> Ways:
        """Ways in which what is known of these objects is put right.

        Args:
            ways: After the frame, as their masks tell.
            before: Before the frame.
        """
        places, speeds = ways.places.clone(), ways.speeds.clone()
        silhouettes, crossing = ways.silhouettes.clone(), ways.crossing.clone()
        for body in self.bodies:
            row = body.row
            residual = places.new_tensor(body.place - body.expected)
            at, faster = _rising(body.view, *_PLACE), _FASTER * _rising(body.view, *_SPEED)
            places[row] = places.new_tensor(body.expected) + max(0.1, at) * residual
            speeds[row] = before.speeds[row] + faster * residual
            if body.view < _ALONE:
                silhouettes[row] = before.silhouettes[row]
            crossing[row] = True
        return Ways(places, speeds, silhouettes, crossing)


def told_apart(
    found: list[Found],
    previous: Float[Tensor, "objects 1 height8 width8"],
    ways: Ways,
    looks: Float[Tensor, "objects 2 channels"],
) -> tuple[list[Found], Crossing]:
    """What was found, with the masks of look-alikes that cross given to those whose they are.

    Args:
        found: Of each object.
        previous: Probabilities on the frame before.
        ways: Until the frame before.
        looks: Of each object.
    """
    changed, crossing = list(found), []
    for group in _groups(alike(looks).cpu().numpy()):
        bodies = [_body(row, ways) for row in group]
        meeting = _meeting(bodies)
        # Those that have just parted may still be in one mask.
        parting = [body for body in bodies if ways.crossing[body.row] and body not in meeting]
        if not (meeting or parting):
            continue
        logits = spread([found[row] for row in group], previous)
        best = logits.amax(0)
        seen = F.avg_pool2d((best > 0).float()[None], 4)[0].cpu().numpy()
        if not seen.any():
            continue
        _lay(bodies, seen)
        crossing += meeting
        own = _own_parts(bodies, previous, logits)
        if own is not None:
            crossing += parting
            for row, mask in zip(group, own, strict=True):
                changed[row] = Found(whole(previous), torch.where(mask, best, _NOTHING)[None])
    return changed, Crossing(tuple(crossing))


def _groups(alike: Bool[np.ndarray, "objects objects"]) -> list[list[int]]:
    """Rows of objects that look alike, two or more together."""
    groups = {row: {row} for row in range(len(alike))}
    for one, other in np.argwhere(alike).tolist():
        joined = groups[one] | groups[other]
        groups.update(dict.fromkeys(joined, joined))
    return [sorted(group) for row, group in groups.items() if row == min(group) and len(group) > 1]


def _meeting(bodies: Sequence[_Body]) -> list[_Body]:
    """Those that overlap another one."""
    laid = [body.laid() for body in bodies]
    return [
        body
        for number, body in enumerate(bodies)
        if any(
            _overlap(laid[number], other) > _TOUCH for k, other in enumerate(laid) if k != number
        )
    ]


def _body(row: int, ways: Ways) -> _Body:
    outline = ways.silhouettes[row, 0]
    middle = middles(outline[None])[0].cpu().numpy()
    expected = (ways.places[row] + ways.speeds[row]).cpu().numpy()
    return _Body(row, outline.cpu().numpy(), middle, expected, expected)


def _overlap(one: Cells, other: Cells) -> float:
    """As a share of the smaller one."""
    return float((one * other).sum() / max(min(one.sum(), other.sum()), 1))


def _lay(bodies: Sequence[_Body], seen: Cells) -> None:
    """Shift bodies, one after the other, until together they cover what is seen, each close to where it should be."""
    laid = [body.laid() for body in bodies]
    for _ in range(_SWEEPS):
        for number, body in enumerate(bodies):
            free = seen * (1 - _most(laid, number, seen)) - (1 - seen)
            body.place = _best_place(body, free)
            laid[number] = body.laid()
    for number, body in enumerate(bodies):
        shown = laid[number] * (1 - _most(laid, number, seen)) * seen
        body.view = float(shown.sum() / max(body.outline.sum(), 1e-6))
        body.seen = seen


def _most(laid: Sequence[Cells], but: int, seen: Cells) -> Cells:
    """What the other bodies cover."""
    rest = [one for number, one in enumerate(laid) if number != but]
    covered: Cells = np.max([np.zeros_like(seen), *rest], axis=0)
    return covered


def _best_place(body: _Body, gain: Cells) -> Point:
    """The place within reach where a body gains most.

    Args:
        body: Is laid.
        gain: What it gains by covering each cell.
    """
    outline = _shifted(body.outline, body.expected - body.middle)
    x, y, width, height = cv2.boundingRect((outline > 0.05).astype(np.uint8))
    if not width:
        return body.expected
    around = cv2.copyMakeBorder(gain, _REACH, _REACH, _REACH, _REACH, cv2.BORDER_CONSTANT)
    part = around[y : y + height + 2 * _REACH, x : x + width + 2 * _REACH]
    gained = cv2.matchTemplate(part, outline[y : y + height, x : x + width], cv2.TM_CCORR)
    area = float(body.outline.sum())
    down, right = np.indices(gained.shape) - _REACH
    worth = gained / area - _PULL * (down**2 + right**2) / area
    row, column = np.unravel_index(worth.argmax(), worth.shape)
    finer = _peak(worth[row], int(column)), _peak(worth[:, column], int(row))
    step = np.array([column - _REACH + finer[0], row - _REACH + finer[1]])
    return np.asarray(body.expected + step)


def _peak(values: Float[np.ndarray, " steps"], at: int) -> float:
    """How far the top of a parabola through three values is from the middle one."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, top, after = values[at - 1 : at + 2]
    bend = before - 2 * top + after
    return float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


def _own_parts(
    bodies: Sequence[_Body],
    previous: Float[Tensor, "objects 1 height8 width8"],
    logits: Float[Tensor, "bodies height2 width2"],
) -> list[Bool[Tensor, "height2 width2"]] | None:
    """Which pixels are whose by their silhouettes; ``None`` if the masks agree with that."""
    shown, first = logits.amax(0) > 0, logits.argmax(0)
    nearest = _nearest(bodies, previous, logits.shape[1:])
    rows = range(len(bodies))
    own = [shown & (nearest == row) for row in rows]
    masks = [shown & (first == row) for row in rows]
    return None if all(_agree(*pair) for pair in zip(own, masks, strict=True)) else own


def _nearest(
    bodies: Sequence[_Body],
    previous: Float[Tensor, "objects 1 height8 width8"],
    size_hw: Sequence[int],
) -> Int[Tensor, "height2 width2"]:
    """Whose each pixel is, should it belong to one of the bodies: the nearest's, or whose it was before."""
    near = []
    for body in bodies:
        laid = body.laid()
        distance = cv2.distanceTransform((laid < 0.5).astype(np.uint8), cv2.DIST_L2, 3)
        before = previous[body.row, 0].cpu().numpy()
        shift = body.place - middles(previous[body.row].float())[0].cpu().numpy()
        stays = _shifted(before, shift) if before.max() > 0.5 else np.zeros_like(laid)
        near.append(laid + 0.5 * stays - distance)
    size = (size_hw[1], size_hw[0])
    larger = [cv2.resize(one.astype(np.float32), size) for one in near]
    return torch.from_numpy(np.argmax(larger, axis=0)).to(previous.device)


def _agree(one: Tensor, other: Tensor) -> bool:
    union = (one | other).sum()
    return bool((one & other).sum() >= _AGREE * union)


def _shifted(cells: Cells, by: Point) -> Cells:
    step = np.array([[1, 0, by[0]], [0, 1, by[1]]], np.float32)
    height, width = cells.shape
    return np.asarray(cv2.warpAffine(cells, step, (width, height), flags=cv2.INTER_LINEAR))


def _rising(value: float, begin: float, over: float) -> float:
    return min(1.0, max(0.0, (value - begin) / over))
