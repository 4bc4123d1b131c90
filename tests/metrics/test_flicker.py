import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.metrics.flicker import FlickerMeter, FlickerTally


def measure(labels, fps=10.0, within=3):
    meter = FlickerMeter(fps, within)
    for value in labels:
        meter.add(np.array([[value]], np.uint8))
    return meter.tally


def by_definition(labels, within):
    flips = [t for t in range(1, len(labels)) if labels[t] != labels[t - 1]]
    pairs = itertools.pairwise(flips)
    returns = sum(t - before <= within and labels[t] == labels[before - 1] for before, t in pairs)
    return len(flips), returns


@given(labels=st.lists(st.integers(0, 2), min_size=1, max_size=40), within=st.integers(1, 5))
def test_equal_to_the_definition(labels, within):
    found = measure(labels, within=within)
    assert (found.flips, found.returns) == by_definition(labels, within)
    assert found.pixels == len(labels) - 1


@pytest.mark.parametrize(
    ("labels", "flips", "returns"),
    [
        ("AAAA", 0, 0),
        ("ABBB", 1, 0),
        ("ABA", 2, 1),
        ("ABBBA", 2, 1),
        ("ABBBBA", 2, 0),
        ("ABCA", 3, 0),
        ("ABABA", 4, 3),
    ],
)
def test_what_is_a_flip_and_what_a_return(labels, flips, returns):
    found = measure([ord(letter) for letter in labels])
    assert (found.flips, found.returns) == (flips, returns)


def test_pixels_are_counted_apart():
    meter = FlickerMeter(fps=15.0)
    for row in ([0, 0, 5], [1, 0, 5], [0, 0, 6]):
        meter.add(np.array([row], np.uint8))
    assert (meter.tally.flips, meter.tally.returns, meter.tally.pixels) == (3, 1, 6)


def test_rates_per_frame_and_per_second():
    found = measure([0, 1, 0, 0, 0], fps=30.0)
    assert found.flip_rate == 2 / 4
    assert found.return_rate == 1 / 4
    assert found.flips_per_second == pytest.approx(30 * 2 / 4)
    assert found.returns_per_second == pytest.approx(30 / 4)


def test_a_video_twice_as_fast_flips_twice_as_often_per_second():
    slow, fast = measure([0, 1, 1, 2], fps=10.0), measure([0, 1, 1, 2], fps=20.0)
    assert fast.flips_per_second == pytest.approx(2 * slow.flips_per_second)


def test_tallies_of_videos_of_different_speed_add():
    total = measure([0, 1], fps=10.0) + measure([0, 0, 0], fps=20.0)
    assert (total.flip_rate, total.flips_per_second) == (1 / 3, pytest.approx(1 / 0.2))


def test_one_frame_has_no_rate():
    assert math.isnan(measure([3]).flips_per_second)
    assert math.isnan(FlickerTally().flip_rate)


def test_given_frames_are_not_changed():
    frames = [np.array([[value]], np.uint8) for value in (0, 1, 0, 1)]
    meter = FlickerMeter(fps=10.0)
    for frame in frames:
        meter.add(frame)
    assert [int(frame[0, 0]) for frame in frames] == [0, 1, 0, 1]
