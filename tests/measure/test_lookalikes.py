from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from fakes.scenes_flat import flat_scenes
from segue.measure.lookalikes import (
    CLIPS,
    SEED,
    SIZE_HW,
    follow_lookalikes,
    lookalike_clips,
    sum_up,
)
from segue.metrics.kept_identity import IdentityCounts
from segue.types import Prediction


@dataclass(frozen=True)
class Told:
    """Says what it was told to say, frame by frame; its memory is the number of the frame."""

    answers: tuple[np.ndarray, ...]
    name: str = "told"
    lookahead: int = 0
    state_type: type = int
    parameters_per_object: int = 0

    def start(self, frame, labels=None):
        return Prediction(labels), 1

    def step(self, frame, state, labels=None):
        return Prediction(self.answers[state]), state + 1


@cache
def clip_and_truth():
    (clip,) = lookalike_clips(1, 11, (60, 107))
    return clip, tuple(frame.instances.astype(np.uint8) for frame in clip.frames())


def test_the_truth_keeps_everything():
    clip, truth = clip_and_truth()
    score = follow_lookalikes(Told(truth), clip)
    assert (score.clip, score.copies) == ("lookalikes-11-0000", 2)
    assert score.identities == IdentityCounts(kept=2)
    assert (score.region, score.boundary) == (1.0, 1.0)


def test_copies_that_are_exchanged_at_the_end():
    clip, truth = clip_and_truth()
    exchange = np.array([0, 2, 1], np.uint8)
    late = tuple(exchange[labels] if t >= 30 else labels for t, labels in enumerate(truth))
    score = follow_lookalikes(Told(late), clip)
    assert score.identities == IdentityCounts(exchanged=2)
    # 29 of the 39 frames after the first are right.
    assert score.region == pytest.approx(29 / 39, abs=0.02)
    assert score.boundary == pytest.approx(29 / 39, abs=0.05)


def test_an_object_that_nobody_sees_is_not_scored():
    """Object 2 of these scenes is there from the middle on, and no mask of it was given."""
    (clip,) = flat_scenes("objects", 1, 4)
    truth = tuple(frame.instances.astype(np.uint8) for frame in clip.frames())
    score = follow_lookalikes(Told(tuple(np.minimum(t, 1) * (t == 1) for t in truth)), clip)
    assert score.copies == 1
    assert score.identities == IdentityCounts(kept=1, lost=1)
    assert score.region == pytest.approx((1.0 + 0.5 + 0.5) / 3)


def test_sums_by_number_of_copies():
    clip, truth = clip_and_truth()
    two = follow_lookalikes(Told(truth), clip)
    four = replace(two, copies=4, identities=IdentityCounts(1, 2, 1), region=0.5, boundary=0.7)
    sums = sum_up([two, four, two])
    assert list(sums) == ["2", "4", "all"]
    assert sums["2"].identities == IdentityCounts(kept=4)
    assert sums["all"].identities == IdentityCounts(5, 2, 1)
    assert sums["all"].region == pytest.approx(2.5 / 3)
    assert sums["4"].j_and_f == pytest.approx(0.6)
    assert sum_up([]) == {}


def test_the_clips_are_those_of_the_published_numbers():
    assert (CLIPS, SEED, SIZE_HW) == (20, 0, (480, 854))
    (clip,) = lookalike_clips(1, SEED, (48, 86))
    assert (clip.name, clip.num_frames) == ("lookalikes-0-0000", 40)
