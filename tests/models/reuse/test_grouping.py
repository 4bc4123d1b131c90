"""Which objects share a window."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.models.reuse.grouping import boxes_of, group
from segue.models.reuse.window import COARSEST, LARGE_HW, SIZES_HW, SMALL_HW, Box

SIZE = (480, 854)


@st.composite
def boxes(draw: st.DrawFn) -> dict[int, Box]:
    found = {}
    for i in draw(st.lists(st.integers(1, 255), min_size=1, max_size=12, unique=True)):
        top, left = draw(st.integers(0, SIZE[0] - 1)), draw(st.integers(0, SIZE[1] - 1))
        height, width = (
            draw(st.integers(1, min(full - at, 300)))
            for full, at in zip(SIZE, (top, left), strict=True)
        )
        found[i] = Box(top, left, height, width)
    return found


@settings(deadline=None)
@given(boxes(), st.floats(1, 3))
def test_every_object_is_in_one_window_and_inside_it(
    found: dict[int, Box], least_scale: float
) -> None:
    groups = group(found, SIZE, least_scale)
    assert sorted(i for one in groups for i in one.ids) == sorted(found)
    for one in groups:
        window = one.window
        assert (window.rows, window.columns) in (*SMALL_HW, *SIZES_HW, *LARGE_HW)
        for i in one.ids:
            box = found[i]
            assert window.top <= box.top
            assert window.left <= box.left
            assert box.top + box.height <= window.top + window.height
            assert box.left + box.width <= window.left + window.width


@settings(deadline=None)
@given(boxes())
def test_sharing_is_never_dearer_than_windows_for_each(found: dict[int, Box]) -> None:
    alone = sum(group({i: box}, SIZE)[0].price for i, box in found.items())
    assert sum(one.price for one in group(found, SIZE)) <= alone


@settings(deadline=None)
@given(boxes())
def test_no_object_is_seen_too_coarsely_for_the_sake_of_others(found: dict[int, Box]) -> None:
    for one in group(found, SIZE):
        if len(one.ids) > 1:
            assert one.window.scale <= COARSEST + 0.05  # sides are whole pixels


def test_near_objects_share_a_window_and_far_ones_do_not() -> None:
    near = {1: Box(100, 100, 40, 40), 2: Box(110, 150, 40, 40)}
    far = {1: Box(20, 20, 40, 40), 2: Box(400, 780, 40, 40)}
    assert [one.ids for one in group(near, SIZE)] == [(1, 2)]
    assert [one.ids for one in group(far, SIZE)] == [(1,), (2,)]


def test_a_doubtful_object_has_a_large_window_of_its_own() -> None:
    near = {1: Box(100, 100, 40, 40), 2: Box(110, 150, 40, 40), 3: Box(120, 120, 30, 30)}
    groups = {one.ids: one.window for one in group(near, SIZE, doubtful={2})}
    assert set(groups) == {(1, 3), (2,)}
    assert (groups[2,].rows, groups[2,].columns) in SIZES_HW


def test_boxes_are_of_what_is_in_view() -> None:
    labels = np.zeros((40, 60), np.uint8)
    labels[3:8, 10:30] = 4
    labels[39, 59] = 255
    assert boxes_of(labels, (1, 4, 255)) == {4: Box(3, 10, 5, 20), 255: Box(39, 59, 1, 1)}


def test_a_large_object_has_a_large_window() -> None:
    for box, size_hw in (
        (Box(100, 200, 220, 450), (256, 448)),
        (Box(60, 300, 360, 240), (448, 256)),
        (Box(60, 200, 360, 360), (352, 352)),
        (Box(100, 200, 150, 300), (192, 352)),
    ):
        window = group({1: box}, SIZE)[0].window
        assert (window.rows, window.columns) == size_hw
        assert window.scale <= COARSEST + 0.05
