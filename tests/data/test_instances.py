import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from segue.data.instances import instances_of


def test_boxes_are_the_edges_of_masks() -> None:
    labels = np.zeros((20, 30), np.uint8)
    labels[2:5, 10:17] = 7
    labels[8:20, 0:3] = 3
    labels[0, 0], labels[15:, 20:] = 255, 255
    found = instances_of(labels)
    assert found.boxes_xyxy.tolist() == [[0, 8, 3, 20], [10, 2, 17, 5]]
    assert found.masks.sum((1, 2)).tolist() == [36, 21]
    assert len(found) == 2


def test_lines_and_nothing_are_no_objects() -> None:
    labels = np.zeros((9, 9), np.uint8)
    labels[4, 1:8], labels[0:3, 0] = 1, 2
    found = instances_of(labels)
    assert len(found) == 0
    assert found.boxes_xyxy.shape == (0, 4)
    assert found.masks.shape == (0, 9, 9)


@given(arrays.arrays(np.uint8, (7, 11), elements=st.integers(0, 4)))
def test_a_box_holds_its_mask_and_no_smaller_one_does(labels: np.ndarray) -> None:
    found = instances_of(labels)
    for box, mask in zip(found.boxes_xyxy.astype(int), found.masks, strict=True):
        left, top, right, bottom = box
        assert mask[top:bottom, left:right].sum() == mask.sum()
        inner = mask[top:bottom, left:right]
        assert all(line.any() for line in (inner[0], inner[-1], inner[:, 0], inner[:, -1]))
    assert (found.masks.sum(0) <= 1).all()
