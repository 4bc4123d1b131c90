"""Which earlier frame lends its context."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from segue.models.ssltm.references import References, frames_passed


def context(number: int) -> torch.Tensor:
    return torch.full((1, 2, 3), float(number))


def number(references: References) -> int | None:
    return None if references.chosen is None else int(references.chosen[0, 0, 0])


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
    # And so do those that follow, until their own frames are far enough away.
    far = references.older(60, 60).with_newest(context(4)).older(1, 60)
    assert number(far) == 3
    assert len(far.contexts) == 2


@given(st.floats(0, 1), st.integers(0, 100))
def test_a_step_counts_as_one_frame_up_to_the_distance(trust: float, distance: int) -> None:
    assert 1 <= frames_passed(trust, distance) <= max(distance, 1)
    assert frames_passed(1.0, distance) == 1
    assert frames_passed(0.0, distance) == max(distance, 1)
