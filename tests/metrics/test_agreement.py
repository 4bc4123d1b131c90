import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.plain_jf import plain_f, plain_j
from segue.metrics.agreement import agreement, agreements
from segue.metrics.packed import pack


@st.composite
def masks(draw: st.DrawFn, size_hw: tuple[int, int]) -> np.ndarray:
    """A box with noise, or pure noise, anywhere and of any size down to a single pixel."""
    height, width = size_hw
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = np.zeros(size_hw, bool)
    if draw(st.booleans()):
        top, bottom = sorted((draw(st.integers(0, height)), draw(st.integers(0, height))))
        left, right = sorted((draw(st.integers(0, width)), draw(st.integers(0, width))))
        mask[top:bottom, left:right] = True
    return mask ^ (rng.random(size_hw) < draw(st.sampled_from([0, 0, 0.02, 0.5])))


def sizes(most: int = 26) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(1, most), st.integers(1, most))


def pairs(bound: float) -> st.SearchStrategy[tuple[tuple[np.ndarray, np.ndarray], float]]:
    """Two masks, and the bound; the plain implementation takes seconds for wide ones on larger masks."""
    two = sizes(26 if bound < 0.3 else 14).flatmap(lambda size: st.tuples(masks(size), masks(size)))
    return st.tuples(two, st.just(bound))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from([0.008, 0.06, 0.15, 0.4, 1.2]).flatmap(pairs))
def test_equal_to_the_plain_implementation_to_the_bit(
    case: tuple[tuple[np.ndarray, np.ndarray], float],
) -> None:
    pair, bound = case
    found = agreement(*pair, bound=bound)
    assert found.values == (plain_j(*pair), plain_f(*pair, bound))


@settings(max_examples=60, deadline=None)
@given(sizes().flatmap(lambda size: st.tuples(*(masks(size) for _ in range(5)))))
def test_many_masks_at_once_are_the_pairs_one_by_one(drawn: tuple[np.ndarray, ...]) -> None:
    ours, theirs = drawn[:2], drawn[2:]
    table = agreements([pack(m) for m in ours], [pack(m) for m in theirs], drawn[0].shape)
    assert table == [[agreement(p, t) for t in theirs] for p in ours]


FULL, EMPTY = np.ones((30, 40), bool), np.zeros((30, 40), bool)
DOT = EMPTY.copy()
DOT[12, 20] = True
FAR = EMPTY.copy()
FAR[25, 5] = True


@pytest.mark.parametrize(
    ("predicted", "truth", "values"),
    [
        (EMPTY, EMPTY, (1.0, 1.0)),
        (FULL, EMPTY, (0.0, 1.0)),  # a mask without any boundary: as in the official code
        (DOT, EMPTY, (0.0, 0.0)),
        (EMPTY, DOT, (0.0, 0.0)),
        (DOT, FULL, (1 / 1200, 0.0)),
        (DOT, FAR, (0.0, 0.0)),
        (DOT, DOT, (1.0, 1.0)),
    ],
)
def test_border_cases(
    predicted: np.ndarray, truth: np.ndarray, values: tuple[float, float]
) -> None:
    assert agreement(predicted, truth).values == values


def test_f_falls_when_the_contour_leaves_the_tolerance() -> None:
    truth = np.zeros((100, 100), bool)  # tolerance 2 px
    truth[20:60, 20:60] = True
    within = agreement(np.roll(truth, 2, axis=1), truth).boundary
    beyond = agreement(np.roll(truth, 3, axis=1), truth).boundary
    assert within.value == 1.0
    assert 0.4 < beyond.value < 0.7  # the horizontal edges still match


def test_a_tolerance_larger_than_the_image() -> None:
    """Eight pixels reach nine of the eleven: precision 1, recall 9/11."""
    predicted, truth = np.zeros((2, 18), bool), np.zeros((2, 18), bool)
    predicted[0, 0], truth[0, :11] = True, True
    assert agreement(predicted, truth, bound=0.4).values == (1 / 11, 0.9)
