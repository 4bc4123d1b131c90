import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.morphology import dilation, disk

from segue.metrics.boundary import boundary, boundary_counts, dilate_disk, tolerance_px


def official_boundary(mask: np.ndarray) -> np.ndarray:
    """The rule of the DAVIS code, pixel by pixel."""
    height, width = mask.shape
    edges = np.zeros(mask.shape, bool)
    for y in range(height):
        for x in range(width):
            neighbours = [
                mask[y + dy, x + dx]
                for dy, dx in ((0, 1), (1, 0), (1, 1))
                if y + dy < height and x + dx < width
            ]
            edges[y, x] = any(mask[y, x] != other for other in neighbours)
    return edges


def official_f(predicted: np.ndarray, truth: np.ndarray, bound: float) -> float:
    """F with dilations of the whole image."""
    footprint = disk(math.ceil(bound * np.linalg.norm(truth.shape)))
    ours, theirs = official_boundary(predicted), official_boundary(truth)
    near_ours = dilation(ours.astype(np.uint8), footprint) > 0
    near_theirs = dilation(theirs.astype(np.uint8), footprint) > 0
    num_ours, num_theirs = ours.sum(), theirs.sum()
    precision = (ours & near_theirs).sum() / num_ours if num_ours else 1.0
    recall = (theirs & near_ours).sum() / num_theirs if num_theirs else 1.0
    if num_ours and not num_theirs:
        precision, recall = 0.0, 1.0
    if num_theirs and not num_ours:
        precision, recall = 1.0, 0.0
    total = precision + recall
    return float(2 * precision * recall / total) if total else 0.0


@st.composite
def mask_pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Boxes with noise, or pure noise, anywhere and of any size down to a single pixel."""
    height, width = draw(st.integers(1, 26)), draw(st.integers(1, 26))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pair = []
    for _ in range(2):
        mask = np.zeros((height, width), bool)
        if draw(st.booleans()):
            top, bottom = sorted((draw(st.integers(0, height)), draw(st.integers(0, height))))
            left, right = sorted((draw(st.integers(0, width)), draw(st.integers(0, width))))
            mask[top:bottom, left:right] = True
        pair.append(mask ^ (rng.random(mask.shape) < draw(st.sampled_from([0, 0, 0.02, 0.5]))))
    return pair[0], pair[1]


@settings(max_examples=300, deadline=None)
@given(mask_pairs(), st.sampled_from([0.008, 0.06, 0.15, 0.4, 1.2]))
def test_equal_to_the_plain_implementation_to_the_bit(
    pair: tuple[np.ndarray, np.ndarray], bound: float
) -> None:
    assert boundary_counts(*pair, bound=bound).value == official_f(*pair, bound)


@pytest.mark.parametrize("radius", [0, 1, 2, 3, 8, 18, 37])
def test_the_disk_is_the_official_one(radius: int) -> None:
    size = 2 * radius + 5
    mask = np.zeros((size, size + 3), bool)
    mask[radius + 2, radius + 2] = True
    expected = np.zeros_like(mask)
    expected[2 : 2 * radius + 3, 2 : 2 * radius + 3] = disk(radius)
    assert (dilate_disk(mask, radius) == expected).all()


def test_nothing_wraps_around_the_ends_of_rows() -> None:
    mask = np.zeros((9, 12), bool)
    mask[4, [0, 11]] = True
    y, x = np.mgrid[:9, :12]
    near = np.minimum((y - 4) ** 2 + x**2, (y - 4) ** 2 + (x - 11) ** 2) <= 9
    assert (dilate_disk(mask, 3) == near).all()


def test_tolerance_of_the_usual_sizes() -> None:
    assert tolerance_px(480, 854) == 8
    assert tolerance_px(1080, 1920) == 18
    assert tolerance_px(600, 800) == 8  # exactly 8, not rounded up to 9
    assert tolerance_px(10, 10) == 1


def test_boundary_at_the_edges_of_the_image() -> None:
    corner = np.zeros((3, 3), bool)
    corner[2, 2] = True
    assert boundary(corner).tolist() == [
        [False, False, False],
        [False, True, True],
        [False, True, False],
    ]


FULL, EMPTY = np.ones((30, 40), bool), np.zeros((30, 40), bool)
DOT = EMPTY.copy()
DOT[12, 20] = True
FAR = EMPTY.copy()
FAR[25, 5] = True


@pytest.mark.parametrize(
    ("predicted", "truth", "value"),
    [
        (EMPTY, EMPTY, 1.0),
        (FULL, EMPTY, 1.0),  # a mask without any boundary: as in the official code
        (DOT, EMPTY, 0.0),
        (EMPTY, DOT, 0.0),
        (DOT, FULL, 0.0),
        (DOT, FAR, 0.0),
        (DOT, DOT, 1.0),
    ],
)
def test_border_cases(predicted: np.ndarray, truth: np.ndarray, value: float) -> None:
    assert boundary_counts(predicted, truth).value == value


def test_f_falls_when_the_contour_leaves_the_tolerance() -> None:
    truth = np.zeros((100, 100), bool)  # tolerance 2 px
    truth[20:60, 20:60] = True
    within = boundary_counts(np.roll(truth, 2, axis=1), truth)
    beyond = boundary_counts(np.roll(truth, 3, axis=1), truth)
    assert within.value == 1.0
    assert 0.4 < beyond.value < 0.7  # the horizontal edges still match
