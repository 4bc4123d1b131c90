import torch

from segue.models.lite.strays import without_strays

USUAL = torch.tensor([36.0])
"""The area of a square of 24 stride-2 pixels, in stride-8 cells."""


def logits_with(*boxes: tuple[int, int, int]) -> torch.Tensor:
    """Logits 2 inside squares given as top, left, side at stride 2, and -2 elsewhere."""
    logits = torch.full((1, 160, 240), -2.0)
    for top, left, side in boxes:
        logits[0, top : top + side, left : left + side] = 2.0
    return logits


def previous_at(top: int, left: int, side: int) -> torch.Tensor:
    previous = torch.zeros(1, 1, 40, 60)
    previous[0, 0, top // 4 : (top + side) // 4, left // 4 : (left + side) // 4] = 0.9
    return previous


def test_a_part_that_appears_far_away_is_dropped_and_the_rest_untouched() -> None:
    logits = logits_with((20, 20, 24), (110, 200, 30))
    kept = without_strays(logits, previous_at(20, 24, 24), usual=USUAL, reach=1.0)
    assert torch.equal(kept[0, :60, :60], logits[0, :60, :60])
    assert (kept[0, 100:, 150:] < 0).all()


def test_a_part_within_reach_stays() -> None:
    logits = logits_with((20, 20, 24), (20, 60, 10))
    assert torch.equal(
        without_strays(logits, previous_at(20, 20, 24), usual=USUAL, reach=1.0), logits
    )
    assert (
        without_strays(logits, previous_at(20, 20, 24), usual=USUAL, reach=0.1)[0, 20:30, 60:70] < 0
    ).all()


def test_an_object_that_jumped_or_came_back_stays_whole() -> None:
    jumped = logits_with((110, 200, 30), (10, 200, 20))
    assert torch.equal(
        without_strays(jumped, previous_at(20, 20, 24), usual=USUAL, reach=1.0), jumped
    )
    absent = torch.zeros(1, 1, 40, 60)
    both = logits_with((20, 20, 24), (110, 200, 30))
    assert torch.equal(without_strays(both, absent, usual=USUAL, reach=1.0), both)


def test_a_look_alike_is_only_dropped_while_the_object_is_in_view() -> None:
    # Less than half of the object is left where it was: it may be what appears elsewhere.
    hidden = logits_with((20, 20, 14), (110, 200, 30))
    before = previous_at(20, 20, 16)  # already shrinking, behind something
    assert torch.equal(without_strays(hidden, before, usual=USUAL, reach=1.0), hidden)


def test_objects_are_judged_apart() -> None:
    logits = torch.cat([logits_with((20, 20, 24), (110, 200, 30))] * 2)
    previous = torch.cat([previous_at(20, 20, 24), previous_at(108, 200, 30)])
    kept = without_strays(logits, previous, usual=torch.tensor([36.0, 49.0]), reach=1.0)
    assert (kept[0, 100:, 150:] < 0).all()
    assert (kept[1, :60, :60] < 0).all()
    assert (kept[1, 110:140, 200:230] > 0).all()
