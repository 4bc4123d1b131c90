"""Records of frames, against plain counting."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.media.frames import VideoFrame
from segue.results.describe import describe, describe_classes
from segue.types import ObjectScore, Prediction


def frame(size_hw: tuple[int, int]) -> VideoFrame:
    return VideoFrame(np.zeros((*size_hw, 3), np.uint8), 7, "00007", Fraction(7, 25))


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 30))
def test_extent_is_that_of_plain_counting(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.choice([0, 0, 0, 1, 2, 255], (height, width)).astype(np.uint8)
    scores = {2: ObjectScore(0.123456789), 1: ObjectScore(0.5, absent=True, category="cat")}
    record = describe(frame((height, width)), Prediction(labels, scores))
    assert list(record.objects) == [1, 2]
    for number, one in record.objects.items():
        rows, columns = np.nonzero(labels == number)
        assert one.area == len(rows)
        if not len(rows):
            assert one.box_xyxy is None
            assert one.centroid_xy is None
            continue
        assert one.box_xyxy == (
            *(columns.min(), rows.min()),
            *(columns.max() + 1, rows.max() + 1),
        )
        assert one.centroid_xy == pytest.approx((columns.mean(), rows.mean()))
    assert record.objects[2].confidence == 0.123456789, "rounding is up to the documents"
    assert (record.objects[1].absent, record.objects[1].category) == (True, "cat")
    assert (record.index, record.name, record.time) == (7, "00007", Fraction(7, 25))


def test_what_the_gate_said_is_kept() -> None:
    said = ObjectScore(0.5, gate=0.25, reused=True)
    record = describe(frame((4, 4)), Prediction(np.ones((4, 4), np.uint8), {1: said}))
    assert (record.objects[1].gate, record.objects[1].reused) == (0.25, True)


def test_classes_have_areas_only_and_keep_their_order() -> None:
    labels = np.array([[0, 0, 2], [2, 2, 1]], np.uint8)
    scores = {2: ObjectScore(0.9), 0: ObjectScore(0.8), 3: ObjectScore(0.1, absent=True)}
    record = describe_classes(frame((2, 3)), Prediction(labels, scores))
    assert {n: one.area for n, one in record.objects.items()} == {2: 3, 0: 2, 3: 0}
    assert list(record.objects) == [2, 0, 3]
    assert all(one.box_xyxy is None for one in record.objects.values())
