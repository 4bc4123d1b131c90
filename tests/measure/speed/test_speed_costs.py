import time

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fakes.gates import StillModel
from segue.errors import InputError
from segue.measure.speed.costs import (
    cut,
    floor,
    matrix_rate,
    object_cost,
    peak_memory_mib,
    thread_cost,
)
from segue.threads import owned

FRAMES = [np.zeros((8, 20, 3), np.uint8)] * 4
MASK = np.zeros((8, 20), np.uint8)
MASK[2:6, 3:15] = 1


class Slow(StillModel):
    """10 ms per object and frame, and a product of matrices."""

    def step(self, frame, state, labels=None):
        time.sleep(0.01 * int(state.labels.max()))
        torch.rand(10, 20) @ torch.rand(20, 30)
        return super().step(frame, state, labels)


@given(st.integers(1, 12))
def test_any_number_of_objects_covers_the_same_pixels(num_objects: int) -> None:
    labels = cut(MASK, num_objects)
    np.testing.assert_array_equal(labels > 0, MASK > 0)
    assert set(np.unique(labels)) - {0} == set(range(1, num_objects + 1))


def test_void_belongs_to_no_object() -> None:
    labels = MASK.copy()
    labels[:, 8:] = 255
    assert not cut(labels, 2)[:, 8:].any()


def test_more_objects_than_columns_are_refused() -> None:
    with pytest.raises(InputError, match=r"13 objects need .* has 12"):
        cut(MASK, 13)


def test_each_further_object_costs_what_it_does() -> None:
    cost = object_cost(Slow(1.0), FRAMES, MASK, 4)
    assert cost["per_object_ms"] == pytest.approx(10, abs=4)
    assert cost["all_objects_ms"] >= 40


def test_threads_are_as_before_afterwards() -> None:
    before = torch.get_num_threads(), cv2.getNumThreads()
    with owned(1):
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (1, 1)
    assert (torch.get_num_threads(), cv2.getNumThreads()) == before
    assert set(thread_cost(Slow(1.0), FRAMES, MASK)) == {"1", str(before[0])}


def test_the_floor_counts_products() -> None:
    found = floor(Slow(1.0), FRAMES[0], MASK)
    assert found["gmac_per_frame"] is None or found["gmac_per_frame"] < 1e-3
    assert found["matrix_gmac_per_s"] > 0
    assert matrix_rate() > 0.1


def test_memory_is_that_of_a_process_with_torch() -> None:
    assert 50 < (peak_memory_mib() or 0) < 1e6
