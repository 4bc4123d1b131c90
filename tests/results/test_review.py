"""Each reason to check a frame, one at a time."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.made_results import make_results, squares
from segue.results.records import FrameRecord, ObjectRecord
from segue.results.results import Results
from segue.results.review import frames_to_check, touching


def tracked(
    areas: Sequence[int],
    confidences: Sequence[float] | None = None,
    places: Sequence[float] | None = None,
    given: Sequence[int] = (0,),
    **fields: object,
) -> Results:
    """Object 1 alone."""
    records = []
    for i, area in enumerate(areas):
        one = ObjectRecord(
            confidences[i] if confidences else 0.99,
            area == 0,
            area,
            (0, 0, 10, 10) if area else None,
            (float(places[i]) if places else 5.0, 5.0) if area else None,
        )
        record = FrameRecord(i, f"{i:05d}", Fraction(i, 25), {1: one})
        records.append(replace(record, origin="given") if i in given else record)
    return replace(make_results([np.zeros((100, 100), np.uint8)]), records=records, **fields)


def told(results: Results) -> dict[int, tuple[str, ...]]:
    return {check.record.index: check.reasons for check in frames_to_check(results)}


def test_a_calm_video_needs_no_check() -> None:
    areas = [100, 104, 109, 113, 118, 122, 118, 110]
    assert told(tracked(areas, places=[5, 7, 9, 11, 13, 15, 17, 19])) == {}
    assert frames_to_check(replace(tracked([1]), records=[])) == []


def test_low_confidence_once_per_run_at_its_lowest() -> None:
    confidences = [0.1, 0.99, 0.8, 0.6, 0.7, 0.99, 0.84]
    assert told(tracked([100] * 7, confidences)) == {
        3: ("object 1: low confidence 0.600, doubtful on 00002 to 00004",),
        6: ("object 1: low confidence 0.840",),
    }


def test_lost_and_returned() -> None:
    assert told(tracked([100, 100, 0, 0, 100, 0])) == {
        2: ("object 1: lost, found again on 00004",),
        4: ("object 1: returned after 2 frames",),
        5: ("object 1: lost, not found again",),
    }


def test_an_object_that_was_never_there_is_not_lost() -> None:
    assert told(tracked([0, 0, 100], given=())) == {2: ("object 1: returned after 2 frames",)}


def test_jumps_of_area_and_place() -> None:
    assert told(tracked([100, 100, 160, 160])) == {
        2: ("object 1: area 1.60 times that of the frame before",)
    }
    assert told(tracked([100] * 3, places=[5, 5, 11])) == {2: ("object 1: moved by 6 pixels",)}


def test_of_jumps_in_a_row_the_largest() -> None:
    assert [*told(tracked([100, 160, 400, 640, 640]))] == [2]


def test_a_jump_to_a_given_mask_blames_the_frame_before() -> None:
    assert told(tracked([100, 100, 200, 200], given=(0, 2))) == {
        1: ("object 1: area 2.00 times that of the frame before, just before a given mask",)
    }
    assert told(tracked([100, 200], given=(0, 1))) == {}


@pytest.mark.parametrize("odd", [80, 120])
def test_flicker(odd: int) -> None:
    assert told(tracked([100, 100, odd, 101, 101])) == {
        2: ("object 1: flicker: another area on this frame only",)
    }
    assert told(tracked([100, 100, odd, odd, odd])) == {}


def test_contact_is_checked_on_its_last_frame() -> None:
    apart, close = {1: (0, 0), 2: (0, 12)}, {1: (0, 0), 2: (0, 10)}
    results = make_results(squares(apart, close, close, apart, close, apart))
    assert told(results) == {4: ("objects 1 and 2: touch until here, from 00001",)}


def test_boxes_that_meet_are_not_enough() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[:, 0] = labels[0] = 1
    labels[10:15, 10:15] = 2
    assert not touching(labels, 1, 2)
    assert told(make_results([labels, labels])) == {}


def test_classes_by_share_and_name() -> None:
    names = ("road", "car")
    results = tracked([200, 400, 400], given=(), classes=("car",) * 2)
    assert told(replace(results, classes=names)) == {
        1: ("car: area 2.00 times that of the frame before",)
    }
    assert told(tracked([20, 40, 40], given=(), classes=names)) == {}, "under one percent"
    assert told(tracked([200, 0, 200], given=(), classes=names)) == {}, "classes come and go"


def test_reasons_add_up_and_the_neediest_comes_first() -> None:
    checks = frames_to_check(tracked([100, 100, 160, 160, 400], [0.99, 0.99, 0.99, 0.8, 0.6]))
    needs = [check.need for check in checks]
    assert needs == sorted(needs, reverse=True)
    assert checks[0].record.index == 4
    assert len(checks[0].reasons) == 2
    assert 0.75 < checks[0].need < 1
    assert checks[0].objects == (1,)


@given(
    st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1), st.floats(0, 99)), max_size=30),
    st.sets(st.integers(0, 29)),
)
def test_any_history_gives_a_sorted_list_without_given_frames(
    history: list[tuple[int, float, float]], given_frames: set[int]
) -> None:
    areas, confidences, places = ([row[i] for row in history] for i in range(3))
    results = tracked(areas, confidences, places, sorted(given_frames))
    checks = frames_to_check(results)
    indices = [check.record.index for check in checks]
    assert len(set(indices)) == len(indices)
    assert not given_frames & set(indices)
    assert all(0 < check.need <= 1 and check.reasons for check in checks)
    assert [c.need for c in checks] == sorted((c.need for c in checks), reverse=True)
