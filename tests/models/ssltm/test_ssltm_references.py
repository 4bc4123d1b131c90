"""Which earlier frame lends its context."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.models.ssltm.references import References, frames_passed


def context(number: int) -> torch.Tensor:
    return torch.full((1, 2, 3), float(number))


def number(references: References) -> int | None:
    return None if references.chosen is None else int(references.chosen[0, 0, 0])


@settings(deadline=None)
@given(st.integers(1, 7), st.integers(0, 25))
def test_it_is_the_frame_at_the_distance_or_the_oldest(distance: int, frames: int) -> None:
    references = References()
    for t in range(frames):
        if t:
            references = references.older(1, distance)
        assert number(references) == (max(t - distance, 0) if t else None)
        references = references.with_newest(context(t))
        assert len(references.contexts) == len(references.ages) <= distance + 1


def test_a_frame_far_from_the_one_before_refers_to_that_one() -> None:
    references = References()
    for t in range(4):
        references = references.older(1, 60).with_newest(context(t))
    assert number(references.older(1, 60)) == 0
    assert number(references.older(frames_passed(0.0, 60), 60)) == 3
    # At one frame per second each refers to the one before.
    far = references.older(60, 60).with_newest(context(4))
    assert number(far.older(60, 60)) == 4


def test_frames_behind_a_cut_refer_to_the_first_one_behind_it() -> None:
    references = References()
    for t, frames in enumerate((1, 1, 60, 1, 1)):
        references = references.older(frames, 60).with_newest(context(t))
    assert number(references) == 2
    assert references.ages == (2, 1, 0)


@settings(deadline=None)
@given(st.floats(0, 1), st.integers(0, 100))
def test_a_step_counts_as_one_frame_up_to_the_distance(trust: float, distance: int) -> None:
    assert 1 <= frames_passed(trust, distance) <= max(distance, 1)
    assert frames_passed(1.0, distance) == 1
    assert frames_passed(0.0, distance) == max(distance, 1)
