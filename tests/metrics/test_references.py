"""Clean and noisy frames by hand."""

import numpy as np
import pytest

from segue.metrics.confusion import confusion
from segue.metrics.references import ReferenceMeter, ReferenceTally

A, B, C, VOID = 0, 1, 2, 255


def split(frames: list[list[int]], distance: int | None) -> tuple[list[bool], ReferenceTally]:
    meter = ReferenceMeter(3, distance)
    clean = []
    for frame in frames:
        truth = np.array([frame], np.uint8)
        counts = confusion(np.zeros_like(truth), truth, 3)
        clean.append(meter.add(truth, counts))
    return clean, meter.tally


FRAMES = [[A, B], [A, A], [A, C], [C, C], [B, VOID]]


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (None, [True, True, False, False, True]),  # the first frame holds A and B
        (0, [True] * 5),
        (1, [True, True, False, True, False]),
        (2, [True, True, False, False, False]),
        (60, [True, True, False, False, True]),  # the oldest there is
    ],
)
def test_a_frame_is_clean_if_its_reference_shows_its_classes(
    distance: int | None, expected: list[bool]
) -> None:
    clean, tally = split(FRAMES, distance)
    assert clean == expected
    assert (tally.clean_frames, tally.noisy_frames) == (sum(expected), 5 - sum(expected))
    assert tally.clean_share == sum(expected) / 5


def test_pixels_go_to_the_half_of_their_frame() -> None:
    _, tally = split(FRAMES, None)
    # Predicted is A: of A, right in frames 0 (1) and 1 (2) among the clean, in frame 2 (1) among the noisy.
    assert tally.clean.hits.tolist() == [3, 0, 0]
    assert tally.clean.truth.tolist() == [3, 2, 0]
    assert tally.noisy.hits.tolist() == [1, 0, 0]
    assert tally.noisy.truth.tolist() == [1, 0, 3]


def test_halves_of_videos_add() -> None:
    _, one = split(FRAMES, 1)
    _, other = split(FRAMES[:2], 1)
    both = one + other
    assert both.clean_frames == one.clean_frames + 2
    assert both.clean.num_pixels == one.clean.num_pixels + 4
    assert np.isnan(ReferenceTally.empty(3).clean_share)
