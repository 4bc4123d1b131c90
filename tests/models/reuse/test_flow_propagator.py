"""Labels of classes go where the picture goes."""

import cv2
import numpy as np
import pytest

from segue.models.reuse.motion import Motion
from segue.models.reuse.propagator import FlowPropagator
from segue.types import ObjectScore, Prediction

SIZE = (240, 400)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    coarse = np.random.default_rng(1).integers(0, 256, (40, 66, 3)).astype(np.uint8)
    return cv2.resize(coarse, (SIZE[1] + 80, SIZE[0] + 40), interpolation=cv2.INTER_CUBIC)


def frame(picture: np.ndarray, shift: int) -> np.ndarray:
    """The whole picture goes to the right."""
    left = 40 - shift
    return np.ascontiguousarray(picture[20 : 20 + SIZE[0], left : left + SIZE[1]])


def square(shift: int = 0) -> Prediction:
    labels = np.zeros(SIZE, np.uint8)
    labels[90:150, 150 + shift : 230 + shift] = 7
    return Prediction(labels, {i: ObjectScore(0.9) for i in (0, 7)})


def test_the_flow_leads_back(picture: np.ndarray) -> None:
    now, last = (frame(picture, s)[:192, :352] for s in (6, 0))
    flow = Motion().back(now, last)
    assert np.median(flow[40:-40, 40:-40, 0]) == pytest.approx(-6, abs=0.3)


def test_labels_follow_the_picture(picture: np.ndarray) -> None:
    propagator = FlowPropagator()
    memory = propagator.begin(frame(picture, 0), square(), None)
    for shift in (6, 12, 18):
        propagated, memory = propagator.propagate(frame(picture, shift), memory, None, 0.5)
    wanted, found = square(18).labels == 7, propagated.labels == 7
    assert (wanted & found).sum() / (wanted | found).sum() > 0.95
    assert set(np.unique(propagated.labels)) == {0, 7}
    assert set(propagated.scores) == {0, 7}
    assert not propagated.scores[7].absent


def test_a_cut_is_seen(picture: np.ndarray) -> None:
    other = np.random.default_rng(5).integers(0, 256, (*SIZE, 3), np.uint8)
    propagator = FlowPropagator()
    memory = propagator.begin(frame(picture, 0), square(), None)
    near, _ = propagator.propagate(frame(picture, 3), memory, None, 0.5)
    far, _ = propagator.propagate(other, memory, None, 0.5)
    assert near.scores[0].gate > 0.9
    assert far.scores[0].gate < 0.6
