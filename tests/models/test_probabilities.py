"""Probabilities of predictions: computed when asked for, and in agreement with the labels."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.models.catalog import load_model
from segue.models.interface import VideoModel
from segue.models.painting import PaintedProbabilities, Patch, paint
from segue.models.soft_masks import SoftMasks
from segue.types import Frame, Labels, Prediction, SoftMask

SETTINGS: dict[str, dict[str, Any]] = {
    "segue-lite": {"update_every": 2},
    "g-frtm-fast": {
        "random_weights": True,
        "init_iterations": (1, 1),
        "filter_iterations": 1,
        "update_iterations": 1,
        "augmentation": {"samples": 2},
        "reuse": {"threshold": 0.0},
    },
    "ttvos": {"random_weights": True},
    "rvos-lite": {"random_weights": True, "backend": "torch"},
}
"""One model of each family that follows objects."""


@pytest.fixture(scope="module", params=list(SETTINGS))
def model(request: pytest.FixtureRequest) -> VideoModel[Any]:
    torch.manual_seed(0)
    return load_model(request.param, settings=SETTINGS[request.param])


def video(num_frames: int, scale: int = 1) -> tuple[list[Frame], Labels]:
    """A red and a blue square that pass each other, and where they are on the first frame."""
    random = np.random.default_rng(0)
    background = random.integers(90, 160, (70 * scale, 101 * scale, 3)).astype(np.uint8)
    frames, given = [], np.zeros(background.shape[:2], np.uint8)
    for t in range(num_frames):
        frame = background.copy()
        for i, colour, top, left in ((3, (250, 30, 30), 10, 8 + 6 * t), (8, (10, 20, 90), 28, 60)):
            place = slice(top * scale, (top + 24) * scale), slice(left * scale, (left + 24) * scale)
            frame[place] = colour
            if not t:
                given[place] = i
        frames.append(frame)
    return frames, given


def likeliest(probabilities: Any, size_hw: tuple[int, int]) -> Labels:
    """The object that is surest of a pixel, if it is more likely there than not."""
    labels, best = np.zeros(size_hw, np.uint8), np.full(size_hw, 0.5, np.float32)
    for i, soft in probabilities.items():
        assert soft.shape == size_hw
        assert soft.dtype == np.float32
        assert soft.min() >= 0
        assert soft.max() <= 1
        labels[soft > best] = i
        best = np.maximum(best, soft)
    return labels


def agrees(prediction: Prediction) -> None:
    assert prediction.probabilities is not None
    found = likeliest(prediction.probabilities, prediction.labels.shape)
    assert np.array_equal(found, prediction.labels)


def test_the_likeliest_object_is_the_label(model: VideoModel[Any]) -> None:
    frames, given = video(6)
    _, state = model.start(frames[0], given)
    for frame in frames[1:]:
        prediction, state = model.step(frame, state)
        agrees(prediction)
        assert set(prediction.probabilities or ()) == {3, 8}


def test_given_masks_leave_the_probabilities_of_what_they_do_not_touch(
    model: VideoModel[Any],
) -> None:
    frames, given = video(2)
    _, state = model.start(frames[0], given)
    alone, _ = model.step(frames[1], state)
    corrected = np.zeros_like(given)
    corrected[:8, :8] = 3
    prediction, _ = model.step(frames[1], state, corrected)
    assert prediction.probabilities is not None
    found = likeliest(prediction.probabilities, given.shape)
    untouched = (alone.labels != 3) & (corrected != 3) & (prediction.labels != 3) & (found != 3)
    assert np.array_equal(found[untouched], prediction.labels[untouched])


def test_frames_seen_through_a_window_have_them_too() -> None:
    model = load_model("segue-lite", settings={"reuse": {"threshold": 0.0}})
    frames, given = video(4, scale=3)
    _, state = model.start(frames[0], given)
    for frame in frames[1:]:
        prediction, state = model.step(frame, state)
        assert all(score.reused for score in prediction.scores.values())
        agrees(prediction)


def test_the_memory_does_not_hold_them() -> None:
    model = load_model("segue-lite", settings={"update_every": 2})
    frames, given = video(3)
    _, state = model.start(frames[0], given)
    prediction, state = model.step(frames[1], state)
    assert isinstance(prediction.probabilities, PaintedProbabilities)
    patch = weakref.ref(prediction.probabilities._patches[3].logits)
    del prediction
    gc.collect()
    assert patch() is None
    model.step(frames[2], state)


@st.composite
def patches(draw: st.DrawFn) -> dict[int, Patch]:
    """Noise of some contrast, anywhere: over the border of the frame, and outside."""
    found = {}
    for i in draw(st.lists(st.integers(1, 9), unique=True, max_size=3)):
        rows, columns = draw(st.integers(1, 9)), draw(st.integers(1, 9))
        random = np.random.default_rng(draw(st.integers(0, 99)))
        logits = random.normal(-0.5, draw(st.sampled_from([0.01, 1, 4])), (rows, columns))
        place, cell = st.floats(-20, 50), st.floats(0.4, 6)
        numbers = draw(place), draw(place), draw(cell), draw(cell)
        found[i] = Patch(logits.astype(np.float32), *numbers)
    return found


@settings(
    suppress_health_check=[HealthCheck.too_slow], deadline=None
)  # the first draw waits for torch
@given(patches())
def test_painted_probabilities_agree_with_what_is_painted(found: dict[int, Patch]) -> None:
    size_hw = (31, 44)
    probabilities = PaintedProbabilities(found, size_hw)
    assert list(probabilities) == list(found)
    assert np.array_equal(likeliest(probabilities, size_hw), paint(found, size_hw))


def test_probabilities_fade_around_an_object_and_are_0_where_it_was_not_looked_for() -> None:
    logits = np.full((20, 20), -1, np.float32)
    logits[8:12, 8:12] = 3
    soft = PaintedProbabilities({1: Patch(logits, 10.0, 10.0, 2.0, 2.0)}, (80, 80))[1]
    assert soft[30, 30] > 0.9
    assert soft[14, 14] == pytest.approx(0.269, abs=1e-3)
    assert not soft[60:].any()


def test_soft_masks_are_moved_to_the_border_where_the_labels_say_otherwise() -> None:
    labels = np.array([[0, 1, 2]], np.uint8)
    maps = {1: torch.tensor([[0.9, 0.2, 0.8]]), 2: torch.tensor([[0.1, 0.7, 0.9]])}
    soft: dict[int, SoftMask] = dict(SoftMasks(labels, maps, logits=False))
    assert soft[1].tolist() == [[0.5, pytest.approx(0.5), 0.5]]
    assert soft[2].tolist() == [[pytest.approx(0.1), 0.5, pytest.approx(0.9)]]
    assert np.array_equal(likeliest(soft, (1, 3)), labels)
