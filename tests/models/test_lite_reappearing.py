"""Objects that come apart again: where they should be, and whose part is whose."""

import pytest
import torch

from segue.models.lite.network import CODES
from segue.models.lite.reappearing import middles, moved, regained
from segue.models.lite.regions import Found, whole
from segue.models.lite.state import LiteState

ROWS, COLUMNS = 12, 20
SIZE = (8 * ROWS, 8 * COLUMNS)


def box(left: int, top: int = 4, side: int = 4) -> torch.Tensor:
    """A mask of stride-8 cells."""
    mask = torch.zeros(ROWS, COLUMNS)
    mask[top : top + side, left : left + side] = 1
    return mask


def state(
    places: list[tuple[float, float]], speeds: list[tuple[float, float]] | None = None
) -> LiteState:
    """Objects of 4x4 cells whose given masks were as like as can be."""
    count, none = len(places), torch.zeros(len(places), 1, 1)
    return LiteState(
        SIZE,
        SIZE,
        torch.zeros(4, 4, 3, dtype=torch.uint8),
        0,
        0,
        tuple(range(1, count + 1)),
        *[none] * 6,
        torch.zeros(count, 1, ROWS, COLUMNS),
        torch.full((count,), 16.0),
        torch.tensor(places, dtype=torch.float32),
        torch.tensor(speeds or [(0.0, 0.0)] * count),
        torch.ones(count),
    )


def seen(*masks: torch.Tensor) -> torch.Tensor:
    """Target models that say 1 in the masks."""
    scores = torch.zeros(len(masks), 2 * CODES, ROWS, COLUMNS)
    scores[:, 0] = scores[:, CODES] = torch.stack(masks)
    return scores


def found(mask: torch.Tensor) -> Found:
    logits = (mask * 10 - 5).repeat_interleave(4, 0).repeat_interleave(4, 1)[None]
    return Found(whole(torch.zeros(1, 1, ROWS, COLUMNS)), logits)


def shown(one: Found) -> torch.Tensor:
    return (one.logits[0, ::4, ::4] > 0).float()


def test_the_middle_of_a_mask() -> None:
    masks = torch.stack([box(2), torch.zeros(ROWS, COLUMNS)])
    assert middles(masks).tolist() == [[4, 6], [COLUMNS / 2, ROWS / 2]]


def test_a_hidden_object_goes_on_ever_slower() -> None:
    memory = state([(4, 6)])
    for left in range(3, 13):
        places, speeds = moved(memory, box(left)[None, None], 1)
        memory.places.copy_(places)
        memory.speeds.copy_(speeds)
    assert speeds[0].tolist() == pytest.approx([1, 0], abs=0.05)
    assert places[0].tolist() == pytest.approx([14, 6], abs=0.3)
    hidden, slower = moved(memory, torch.zeros(1, 1, ROWS, COLUMNS), 4)
    assert hidden[0, 0] > places[0, 0] + 3
    assert 0.5 < slower[0, 0] < 0.8


def test_a_mask_of_another_size_does_not_tell_where_the_object_is() -> None:
    merged = torch.clamp(box(4) + box(9), 0, 1)
    places, _ = moved(state([(4, 6)]), merged[None, None], 1)
    assert places.tolist() == [[4, 6]]


@pytest.mark.parametrize("hidden_left", [2, 14])
def test_a_hidden_object_takes_the_part_that_is_where_it_should_be(hidden_left: int) -> None:
    lefts = {2, 14}
    (other_left,) = lefts - {hidden_left}
    both = box(2) + box(14)
    memory = state([(other_left + 2, 6), (hidden_left + 2, 6)])
    kept, taken = regained([found(both), found(both * 0)], seen(both, both), memory)
    assert torch.equal(shown(kept), box(other_left))
    assert torch.equal(shown(taken), box(hidden_left))


def test_a_part_that_does_not_look_like_the_hidden_object_stays() -> None:
    both = box(2) + box(14)
    before = [found(both), found(both * 0)]
    after = regained(before, seen(both, both * 0.3), state([(4, 6), (16, 6)]))
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_the_only_part_of_an_object_stays_with_it() -> None:
    before = [found(box(14)), found(box(2) * 0)]
    after = regained(before, seen(box(14), box(14)), state([(4, 6), (16, 6)]))
    assert torch.equal(shown(after[0]), box(14))
    assert not shown(after[1]).any()
