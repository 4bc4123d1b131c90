import numpy as np

from segue.media.mask_effects import mask_effects


def labels(**rows: int) -> np.ndarray:
    """A map of 100x10 pixels; ``o1=25`` draws object 1 on 25 rows."""
    found, top = np.zeros((100, 10), np.uint8), 0
    for name, height in rows.items():
        found[top : top + height] = int(name[1:])
        top += height
    return found


def test_the_first_mask_names_its_objects_with_their_share() -> None:
    assert mask_effects({0: labels(o1=25, o7=3, o255=9)}) == {
        0: ("object 1 (25.0 % of the frame)", "object 7 (3.0 % of the frame)")
    }


def test_later_masks_add_and_correct_in_the_order_of_frames() -> None:
    given = {9: labels(o1=10, o2=5), 4: labels(o1=20)}
    assert list(mask_effects(given).items()) == [
        (4, ("object 1 (20.0 % of the frame)",)),
        (9, ("corrects object 1", "adds object 2 (5.0 % of the frame)")),
    ]


def test_a_tiny_object_is_not_said_to_cover_nothing() -> None:
    tiny = np.zeros((100, 100), np.uint8)
    tiny[0, 0] = 3
    assert mask_effects({0: tiny}) == {0: ("object 3 (less than 0.1 % of the frame)",)}
