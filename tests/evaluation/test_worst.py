from itertools import pairwise
from math import nan

from hypothesis import given
from hypothesis import strategies as st

from segue.evaluation.interface import Scored
from segue.evaluation.worst import worst_frames


def scored(*scores: float, name: str = "bear") -> Scored:
    names = tuple(f"{time:05}" for time in range(len(scores)))
    return Scored(name, None, len(scores), names, scores)


def test_worst_first_over_all_sequences_without_perfect_frames_and_gaps() -> None:
    found = worst_frames([scored(0.9, 1.0, 0.2), scored(nan, 0.5)])
    assert [(item.case, item.frame, item.score) for item in found] == [
        (0, 2, 0.2),
        (1, 1, 0.5),
        (0, 0, 0.9),
    ]


def test_a_long_failure_is_shown_at_frames_that_lie_apart() -> None:
    failing = scored(*[1.0] * 20, *[0.1] * 20, *[1.0] * 10)
    frames = [item.frame for item in worst_frames([failing])]
    assert frames == [20, 25, 30]


def test_no_sequence_takes_all_places() -> None:
    bad, better = scored(0.1, 0.1, 0.1, 0.1), scored(0.8, 0.9)
    assert [item.case for item in worst_frames([bad, better], most=5)] == [0, 0, 0, 1, 1]


scores = st.lists(st.floats(0, 1) | st.just(nan), max_size=40)


@given(st.lists(scores, max_size=5), st.integers(0, 15), st.integers(1, 4))
def test_the_promises_hold(values: list[list[float]], most: int, each: int) -> None:
    sequences = [scored(*item) for item in values]
    found = worst_frames(sequences, most, each)
    assert len(found) <= most
    assert [item.score for item in found] == sorted(item.score for item in found)
    for case, sequence in enumerate(sequences):
        frames = sorted(item.frame for item in found if item.case == case)
        assert len(frames) <= each
        assert all(sequence.frame_scores[frame] < 1 for frame in frames)
        gap = len(sequence.frame_scores) / 10
        assert all(b - a >= int(gap) for a, b in pairwise(frames))
    some_bad = any(score < 1 for sequence in sequences for score in sequence.frame_scores)
    assert bool(found) == (some_bad and most > 0)
