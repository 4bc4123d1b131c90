from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from segue import load_model
from segue.inference.checkpoint import load_state, save_state
from segue.inference.pace.pacing import Pacer
from segue.inference.runner import Runner
from segue.media.video import ArrayVideo
from segue.models.catalog import find
from segue.models.interface import working_hw
from segue.types import Frame, Labels

SIZE = (150, 222)


def picture(t: int) -> tuple[Frame, Labels]:
    """A red disk that moves to the right over a pattern."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    frame = np.stack([90 + 30 * np.sin(x / 9), 110 + 25 * np.cos(y / 7), 120 + 0 * x], -1)
    labels = ((x - 80 - 3 * t) ** 2 + (y - 70) ** 2 < 32**2).astype(np.uint8)
    frame[labels > 0] = (220, 40, 50)
    return frame.astype(np.uint8), labels


def shrunk(t: int, size_hw: tuple[int, int]) -> tuple[Frame, Labels]:
    frame, labels = picture(t)
    size = size_hw[::-1]
    return (
        cv2.resize(frame, size, interpolation=cv2.INTER_AREA),
        cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT),
    )


def overlap(a: Labels, b: Labels) -> float:
    return float(((a > 0) & (b > 0)).sum() / ((a > 0) | (b > 0)).sum())


@pytest.fixture(scope="module")
def model() -> Any:
    return load_model("segue-lite", settings={"reuse": {"threshold": 0.0}})


@pytest.mark.parametrize("working_hw", [(113, 167), (75, 111), (225, 333)])
def test_an_object_is_followed_through_a_change_of_the_working_size(
    model: Any, working_hw: tuple[int, int]
) -> None:
    host = model.host.bounded(0)
    _, state = host.start(*picture(0))
    _, state = host.step(picture(1)[0], state)
    resized = host.resized(state, working_hw)
    assert resized.working_hw == working_hw
    assert state.working_hw == resized.size_hw == SIZE
    for t in (2, 3):
        frame, truth = picture(t)
        prediction, resized = host.step(frame, resized)
        assert overlap(prediction.labels, truth) > 0.9
        assert not prediction.scores[1].absent


def test_places_and_areas_are_those_of_the_other_size(model: Any) -> None:
    host = model.host.bounded(0)
    _, state = host.start(*picture(0))
    half = host.resized(state, (75, 111))
    _, direct = host.start(*shrunk(0, (75, 111)))
    assert (half.ways.places - state.ways.places / 2).abs().max() < 0.01
    assert half.previous.shape == half.ways.silhouettes.shape == direct.previous.shape
    assert (half.previous - direct.previous).abs().mean() < 0.02
    assert float(half.areas[0]) == pytest.approx(float(direct.areas[0]), rel=0.2)
    back = host.resized(half, SIZE)
    assert back.previous.shape == state.previous.shape
    assert (back.previous - state.previous).abs().mean() < 0.03


def test_the_gate_computes_the_next_frame_and_its_memory_can_be_stored(
    model: Any, tmp_path: Path
) -> None:
    _, state = model.start(*picture(0))
    prediction, state = model.step(picture(1)[0], state)
    assert prediction.scores[1].reused
    small = model.resized(state, (75, 111))
    save_state(tmp_path / "state", small)
    stored, _ = load_state(tmp_path / "state", model.state_type)
    frame, truth = picture(2)
    answers = [model.step(frame, memory)[0] for memory in (small, stored)]
    assert not answers[0].scores[1].reused
    assert overlap(answers[0].labels, truth) > 0.9
    np.testing.assert_array_equal(answers[0].labels, answers[1].labels)


def test_what_the_network_sees_does_not_grow_with_the_video(model: Any) -> None:
    large = (4 * SIZE[0], 4 * SIZE[1])
    bounded = model.bounded(SIZE[1])
    assert model.bounded(SIZE[1]).host.network is model.host.network
    states = {}
    for size_hw in (SIZE, large):
        frame, labels = shrunk(0, size_hw)
        prediction, state = bounded.start(frame, labels)
        np.testing.assert_array_equal(prediction.labels, labels)
        for t in (1, 2, 3):
            frame, truth = shrunk(t, size_hw)
            prediction, state = bounded.step(frame, state)
            assert prediction.labels.shape == size_hw
            assert overlap(prediction.labels, truth) > 0.93
        states[size_hw] = state
    small_host, large_host = states[SIZE].host, states[large].host
    assert small_host.previous.shape == large_host.previous.shape
    assert (small_host.working_hw, large_host.working_hw) == (SIZE, SIZE)
    assert model.start(*shrunk(0, large))[1].host.working_hw == (577, 854)


def test_the_contour_on_a_large_frame_is_not_a_staircase(model: Any) -> None:
    large = (4 * SIZE[0], 4 * SIZE[1])
    host = model.host.bounded(SIZE[1])
    _, state = host.start(*shrunk(0, large))
    prediction, _ = host.step(shrunk(1, large)[0], state)
    # On a disk the contour changes its column on nearly every row; enlarged cells of labels are eight rows high.
    rows = np.flatnonzero(prediction.labels.any(1))[20:-20]
    first = prediction.labels[rows].argmax(1)
    assert (np.diff(first) != 0).mean() > 0.5


def test_a_small_video_is_worked_on_at_twice_its_size_unless_a_size_is_asked_for(
    model: Any,
) -> None:
    _, state = model.host.start(*picture(0))
    assert state.size_hw == SIZE
    assert state.working_hw == (2 * SIZE[0], 2 * SIZE[1])
    prediction, state = model.host.step(picture(1)[0], state)
    assert overlap(prediction.labels, picture(1)[1]) > 0.9
    for max_side, expected in ((0, SIZE), (222, SIZE), (111, (75, 111))):
        _, state = model.host.bounded(max_side).start(*picture(0))
        assert state.working_hw == expected


@pytest.mark.parametrize("size_hw", [SIZE, (360, 480), (360, 481), (600, 888), (480, 270)])
@pytest.mark.parametrize("max_side", [None, 0, 111, 400, 960])
def test_table_model_and_runner_say_the_same_size(
    model: Any, size_hw: tuple[int, int], max_side: int | None
) -> None:
    said = find("segue-lite").working_hw(size_hw, max_side)
    assert working_hw(model, size_hw, max_side) == said
    assert working_hw(model.host, size_hw, max_side) == said
    assert Runner(model, {}, size_hw, max_side=max_side).working_hw == said
    plain = find("frtm").working_hw(size_hw, max_side)
    small = max_side is None and max(size_hw) <= 480
    assert said == ((2 * plain[0], 2 * plain[1]) if small else plain)


def test_the_size_that_is_said_is_that_of_the_memory(model: Any) -> None:
    for max_side in (None, 0, 111):
        _, state = model.bounded(max_side).start(*picture(0))
        assert state.host.working_hw == working_hw(model, SIZE, max_side)


def test_a_pace_on_a_small_video_comes_back_to_twice_its_size(model: Any) -> None:
    twice = (2 * SIZE[0], 2 * SIZE[1])
    runner = Runner(model, {0: picture(0)[1]}, SIZE)
    pacer = Pacer(model, 25.0, runner.working_hw, {0: picture(0)[1]})
    assert pacer.level.size_hw == twice
    frames = ArrayVideo([picture(t)[0] for t in range(4)])
    sizes = []
    for frame in frames:
        ((_, prediction),) = runner.feed(frame)
        assert overlap(prediction.labels, picture(frame.index)[1]) > 0.9
        sizes.append(runner.memory.state.host.working_hw)
        pacer.go_on((1, 2, 0, 0)[frame.index])
        if pacer.level.size_hw != sizes[-1]:
            runner.resize(pacer.level.size_hw, pacer.resized(runner.memory.state))
    assert sizes == [twice, (225, 333), SIZE, twice]
