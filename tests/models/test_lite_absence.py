"""Objects that are away, scenes that change, and what is found when they come back."""

from typing import Any

import cv2
import numpy as np
import pytest

from segue import load_model
from segue.models.scene import is_cut, thumbnail
from segue.types import Frame, Labels

SIZE = (192, 320)

pytestmark = pytest.mark.default_backend  # many frames of one size


def wall(seed: int) -> Frame:
    """A pattern of large soft spots, another one for each seed."""
    rng = np.random.default_rng(seed)
    spots = rng.integers(40, 200, (6, 10, 3)).astype(np.uint8)
    smooth = cv2.resize(spots, SIZE[::-1], interpolation=cv2.INTER_CUBIC)
    grain = rng.integers(0, 30, (*SIZE, 3))
    return np.clip(smooth.astype(int) + grain - 15, 0, 255).astype(np.uint8)


def disk(frame: Frame, x: int, y: int = 96, radius: int = 34, object_id: int = 1) -> Any:
    """A ringed disk painted into a copy of the frame, and its labels."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    distance = np.hypot(columns - x, rows - y)
    shown, labels = frame.copy(), (distance < radius).astype(np.uint8) * np.uint8(object_id)
    colours = ((240, 60, 30), (250, 230, 60)) if object_id == 1 else ((30, 60, 240), (60, 250, 200))
    shown[labels > 0] = colours[0]
    shown[distance < radius / 2] = colours[1]
    return shown, labels


def overlap(a: Labels, b: Labels) -> float:
    return float(((a > 0) & (b > 0)).sum() / max(((a > 0) | (b > 0)).sum(), 1))


@pytest.fixture(scope="module")
def model() -> Any:
    return load_model("segue-lite")


def follow(model: Any, frames: list[Frame], given: Labels) -> list[Any]:
    prediction, state = model.start(frames[0], given)
    answers = [prediction]
    for frame in frames[1:]:
        prediction, state = model.step(frame, state)
        answers.append(prediction)
    return answers


@pytest.mark.parametrize("away", [1, 4, 12, 30])
@pytest.mark.parametrize("how", ["cut", "black", "flash"])
def test_an_object_is_found_on_the_frame_on_which_it_is_back(
    model: Any, how: str, away: int
) -> None:
    between = {"cut": wall(7), "black": wall(0) // 60, "flash": np.full((*SIZE, 3), 255, np.uint8)}
    before = [disk(wall(0), 100 + 4 * t) for t in range(5)]
    after = [disk(wall(0), 150 + 4 * t) for t in range(3)]
    frames = [f for f, _ in before] + [between[how]] * away + [f for f, _ in after]
    answers = follow(model, frames, before[0][1])
    for answer in answers[5 : 5 + away]:
        assert not answer.labels.any()
        assert answer.scores[1].absent
    for answer, (_, truth) in zip(answers[5 + away :], after, strict=True):
        assert overlap(answer.labels, truth) > 0.8


def test_an_object_that_left_the_picture_is_found_when_it_comes_back(model: Any) -> None:
    places = [*range(160, 420, 20), *[420] * 10, *range(400, 160, -20)]
    scenes = [disk(wall(0), x) for x in places]
    answers = follow(model, [f for f, _ in scenes], scenes[0][1])
    for answer, (_, truth) in zip(answers, scenes, strict=True):
        if truth.sum() > 1200:  # a third of it is in the picture
            assert overlap(answer.labels, truth) > 0.6
        if not truth.any():
            assert not answer.labels.any()


def test_an_object_comes_back_beside_one_that_stayed(model: Any) -> None:
    def scene(t: int, both: bool) -> Any:
        frame, _ = disk(wall(0), 60 + 2 * t, 60, 30, object_id=2)
        return disk(frame, 240, 120, 34) if both else (frame, np.zeros(SIZE, np.uint8))

    frames = [scene(t, both=not 3 <= t < 20)[0] for t in range(22)]
    given = np.maximum(scene(0, both=True)[1], disk(wall(0), 60, 60, 30, object_id=2)[1])
    answers = follow(model, frames, given)
    assert not any((answer.labels == 1).any() for answer in answers[3:20])
    assert all((answer.labels == 2).sum() > 2000 for answer in answers)
    assert overlap(answers[20].labels == 1, disk(wall(0), 240, 120, 34)[1]) > 0.8


def test_waiting_in_front_of_a_still_picture_costs_nothing(model: Any) -> None:
    frame, labels = disk(wall(0), 100)
    answers = follow(model, [frame, *[wall(0)] * 20], labels)
    assert not answers[1].scores[1].reused
    assert all(answer.scores[1].reused for answer in answers[2:])


def test_a_corrected_object_keeps_its_place_in_the_order(model: Any) -> None:
    frame, one = disk(wall(0), 80, 60, 30)
    frame, two = disk(frame, 230, 120, 30, object_id=2)
    prediction, state = model.start(frame, np.maximum(one, two))
    prediction, state = model.step(frame, state, one)
    assert tuple(prediction.scores) == state.host.ids
    moved, one = disk(wall(0), 84, 60, 30)
    moved, two = disk(moved, 226, 120, 30, object_id=2)
    prediction, _ = model.step(moved, state)
    assert prediction.scores[1].reused
    assert overlap(prediction.labels == 1, one) > 0.8
    assert overlap(prediction.labels == 2, two) > 0.8


def test_what_a_cut_is() -> None:
    one, other = thumbnail(wall(0)), thumbnail(wall(7))
    assert is_cut(one, other)
    assert is_cut(one, np.zeros_like(one))
    moved = thumbnail(np.roll(wall(0), 12, axis=1))
    assert not is_cut(one, moved)
    assert not is_cut(one, np.clip(one.astype(int) + 15, 0, 255).astype(np.uint8))
