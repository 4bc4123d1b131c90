"""Results in memory, to be written as documents."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from segue.results.reading import FrameOnFile, read_frames
from segue.results.results import Results
from segue.types import Labels

SIZE_HW = (48, 64)
ANY_LABELS = st.lists(st.binary(min_size=35, max_size=35), min_size=1, max_size=3).map(
    lambda frames: [_VALUES[np.frombuffer(frame, np.uint8).reshape(5, 7) % 4] for frame in frames]
)
"""Hypothesis: label maps of up to three frames, as if drawn by chance."""
_VALUES = np.array([0, 1, 2, 254], np.uint8)


def object_labels() -> list[Labels]:
    """Five frames: 1 walks and has a hole, 2 is in two parts and absent on frame 3, 7 is one pixel on frame 2."""
    frames = []
    for t in range(5):
        labels = np.zeros(SIZE_HW, np.uint8)
        labels[5:25, 3 + 4 * t : 25 + 4 * t] = 1
        labels[10:14, 9 + 4 * t : 12 + 4 * t] = 0
        if t != 3:
            labels[30:40, 40:45] = labels[42:47, 50:60] = 2
        if t == 2:
            labels[0, 63] = 7
        frames.append(labels)
    return frames


def class_labels() -> list[Labels]:
    """Three frames of classes 0 to 2; class 0 is a class."""
    frames = []
    for t in range(3):
        labels = np.zeros(SIZE_HW, np.uint8)
        labels[20:, :] = 2
        labels[30:40, 5 * t : 5 * t + 9] = 1
        frames.append(labels)
    return frames


def results_of(
    labels: Sequence[Labels],
    *,
    name: str = "clip",
    first: int = 0,
    categories: dict[int, str] | None = None,
    classes: tuple[str, ...] | None = None,
) -> Results:
    """Results of 25 frames per second, frames named by their index."""
    frames = [
        FrameOnFile(first + n, f"{first + n:05d}", lambda found=found: found)
        for n, found in enumerate(labels)
    ]
    return read_frames(
        name,
        labels[0].shape,
        frames,
        frame_rate=Fraction(25),
        categories=categories,
        classes=classes,
    )


def assert_same_labels(found: Results, expected: Results) -> None:
    """Every frame has the same index, name, time and pixels."""
    assert [(r.index, r.name, r.time) for r in found.records] == [
        (r.index, r.name, r.time) for r in expected.records
    ]
    for ours, theirs in zip(found.records, expected.records, strict=True):
        np.testing.assert_array_equal(found.labels(ours), expected.labels(theirs))


def text_file(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
