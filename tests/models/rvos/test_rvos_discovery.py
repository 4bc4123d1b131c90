import torch

from segue.models.rvos.discovery import discovered


def slots(*boxes: tuple[int, int, int, int]) -> torch.Tensor:
    """Logits of slots that show a box each: top, bottom, left, right."""
    logits = torch.full((len(boxes), 20, 30), -1.0)
    for row, (top, bottom, left, right) in enumerate(boxes):
        logits[row, top:bottom, left:right] = 1.0
    return logits


def test_the_largest_comes_first_and_small_things_are_no_objects() -> None:
    logits = slots((0, 4, 0, 4), (10, 20, 10, 20), (0, 1, 28, 30), (0, 0, 0, 0))
    assert discovered(logits, [False] * 4, 5) == [1, 0]
    assert discovered(logits, [False] * 4, 1) == [1, 0, 2]


def test_two_slots_of_one_object_are_one_object() -> None:
    logits = slots((0, 10, 0, 10), (0, 10, 2, 12), (0, 10, 6, 16))
    assert discovered(logits, [False] * 3, 1) == [0, 2]


def test_what_is_known_is_not_found_again() -> None:
    logits = slots((0, 10, 0, 10), (0, 10, 1, 10), (12, 18, 0, 9))
    assert discovered(logits, [True, False, False], 1) == [2]
    assert discovered(logits, [True, False, True], 1) == []
