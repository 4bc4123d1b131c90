"""Look-alikes that cross: silhouettes say who is who."""

import pytest
import torch

from segue.models.lite.crossing import told_apart
from segue.models.lite.regions import Found, whole
from segue.models.lite.ways import Ways, begun, moved

ROWS, COLUMNS = 16, 40
SIDE = 6
USUAL = torch.tensor([float(SIDE**2)] * 2)
ALIKE = torch.tensor([[[1.0], [1.0]]] * 2)
"""Mean and variance of one feature of two objects."""
DIFFERENT = torch.tensor([[[1.0], [0.1]], [[-1.0], [0.1]]])


def box(left: int) -> torch.Tensor:
    mask = torch.zeros(ROWS, COLUMNS)
    mask[5 : 5 + SIDE, max(left, 0) : left + SIDE] = 1
    return mask


def found(mask: torch.Tensor) -> Found:
    logits = (mask * 10 - 5).repeat_interleave(4, 0).repeat_interleave(4, 1)[None]
    return Found(whole(torch.zeros(1, 1, ROWS, COLUMNS)), logits)


def shown(one: Found) -> torch.Tensor:
    return (one.logits[0, ::4, ::4] > 0).float()


def approach(frames: int) -> Ways:
    """One goes right from 4, the other one left from 28, one cell a frame."""
    ways = begun(torch.stack([box(4), box(28)])[:, None])
    for t in range(1, frames + 1):
        ways = moved(ways, USUAL, torch.stack([box(4 + t), box(28 - t)])[:, None], 1)
    return ways


def cross(looks: torch.Tensor, frames: range, ways: Ways) -> tuple[list[Found], Ways]:
    """Decoders that give all that is seen to the first object."""
    previous = ways.silhouettes
    for t in frames:
        union = torch.clamp(box(4 + t) + box(28 - t), 0, 1)
        masks, crossed = told_apart([found(union), found(union * 0)], previous, ways, looks)
        previous = torch.stack([shown(one) for one in masks])[:, None]
        ways = crossed.followed(moved(ways, USUAL, previous, 1), ways)
        previous = crossed.expected(previous)
    return masks, ways


def test_look_alikes_that_have_crossed_have_changed_sides() -> None:
    (first, second), ways = cross(ALIKE, range(10, 19), approach(9))
    assert torch.equal(shown(first), box(22))
    assert torch.equal(shown(second), box(10))
    assert ways.places[:, 0].tolist() == pytest.approx([25, 13], abs=0.6)
    assert ways.speeds[:, 0].tolist() == pytest.approx([1, -1], abs=0.2)


def test_both_are_crossing_while_they_hide_each_other() -> None:
    _, ways = cross(ALIKE, range(10, 13), approach(9))
    assert ways.crossing.tolist() == [True, True]
    # What is hidden keeps the silhouette that it had alone.
    assert (ways.silhouettes > 0.5).sum((1, 2, 3)).tolist() == USUAL.tolist()


def test_objects_that_differ_keep_what_was_found() -> None:
    ways = approach(11)
    before = [found(box(15)), found(box(17))]
    after, crossed = told_apart(before, ways.silhouettes, ways, DIFFERENT)
    assert all(one is other for one, other in zip(before, after, strict=True))
    assert not crossed.bodies


def test_masks_that_agree_with_the_silhouettes_stay() -> None:
    ways = approach(9)
    before = [found(box(14)), found(box(18) * (1 - box(14)))]
    after, crossed = told_apart(before, ways.silhouettes, ways, ALIKE)
    assert len(crossed.bodies) == 2
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_look_alikes_far_from_each_other_are_left_alone() -> None:
    ways = approach(3)
    before = [found(box(8)), found(box(24))]
    after, crossed = told_apart(before, ways.silhouettes, ways, ALIKE)
    assert all(one is other for one, other in zip(before, after, strict=True))
    assert not crossed.bodies


def test_where_nothing_is_seen_nothing_is_told() -> None:
    ways = approach(11)
    nothing = [found(box(16) * 0), found(box(16) * 0)]
    after, crossed = told_apart(nothing, ways.silhouettes, ways, ALIKE)
    assert not crossed.bodies
    assert not any(shown(one).any() for one in after)
