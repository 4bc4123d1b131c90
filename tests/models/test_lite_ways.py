"""Where objects are going, and which of them look alike."""

from dataclasses import replace

import pytest
import torch

from segue.models.lite.ways import Ways, alike, begun, crossing, joined, looks_of, middles, moved

ROWS, COLUMNS = 12, 20


def box(left: int, top: int = 4, side: int = 4) -> torch.Tensor:
    """A mask of stride-8 cells: objects 1 height width."""
    mask = torch.zeros(1, 1, ROWS, COLUMNS)
    mask[..., top : top + side, left : left + side] = 1
    return mask


USUAL = torch.tensor([16.0])


def followed(lefts: range, ways: Ways) -> Ways:
    for left in lefts:
        ways = moved(ways, USUAL, box(left), 1)
    return ways


def test_the_middle_of_a_mask() -> None:
    masks = torch.cat([box(2), torch.zeros(1, 1, ROWS, COLUMNS)])[:, 0]
    assert middles(masks).tolist() == [[4, 6], [COLUMNS / 2, ROWS / 2]]


def test_a_hidden_object_goes_on_ever_slower() -> None:
    ways = followed(range(3, 13), begun(box(2)))
    assert ways.speeds[0].tolist() == pytest.approx([1, 0], abs=0.05)
    assert ways.places[0].tolist() == pytest.approx([14, 6], abs=0.3)
    hidden = moved(ways, USUAL, torch.zeros(1, 1, ROWS, COLUMNS), 4)
    assert hidden.places[0, 0] > ways.places[0, 0] + 3
    assert 0.5 < hidden.speeds[0, 0] < 0.8
    assert torch.equal(hidden.silhouettes, box(12))


def test_several_frames_at_once_are_as_fast_as_one_by_one() -> None:
    one_by_one = followed(range(3, 15), begun(box(2)))
    ways = begun(box(2))
    for left in (5, 8, 11, 14):
        ways = moved(ways, USUAL, box(left), 3)
    assert ways.places[0, 0] == pytest.approx(float(one_by_one.places[0, 0]), abs=0.3)
    assert ways.speeds[0, 0] == pytest.approx(1, abs=0.2)


def test_a_mask_of_another_size_does_not_tell_where_the_object_is() -> None:
    before = begun(box(2))
    ways = moved(before, USUAL, (box(2) + box(9)).clamp(0, 1), 1)
    assert ways.places.tolist() == [[4, 6]]
    assert torch.equal(ways.silhouettes, before.silhouettes)


def test_new_objects_come_behind_the_kept_ones() -> None:
    both = joined(begun(torch.cat([box(2), box(8)])), [1], begun(box(14)))
    assert both.places[:, 0].tolist() == [10, 16]
    assert both.silhouettes.shape == (2, 1, ROWS, COLUMNS)


def features(*values: float) -> torch.Tensor:
    """Two channels of noise around a value in boxes 2, 8 and 14, and around 0 elsewhere."""
    generator = torch.Generator().manual_seed(0)
    maps = 0.5 * torch.randn(1, 2, ROWS, COLUMNS, generator=generator)
    for left, value in zip((2, 8, 14), values, strict=True):
        maps += value * box(left)
    return maps


def test_objects_with_the_same_features_look_alike() -> None:
    masks = torch.cat([box(2), box(8), box(14)])
    same = alike(looks_of(features(2, 2, -2), masks))
    assert same.tolist() == [[False, True, False], [True, False, False], [False] * 3]


def test_objects_cross_when_look_alikes_touch() -> None:
    masks = torch.cat([box(2), box(6), box(14)])
    looks = looks_of(features(2, 2, 2), torch.cat([box(2), box(8), box(14)]))
    ways = begun(masks)
    shown = masks[:, 0].numpy() > 0
    assert crossing(ways, looks, shown).tolist() == [True, True, False]
    other = looks_of(features(2, -2, 2), torch.cat([box(2), box(8), box(14)]))
    assert not crossing(ways, other, shown).any()
    hidden = replace(ways, crossing=torch.tensor([False, False, True]))
    assert crossing(hidden, other, shown).tolist() == [False, False, True]
