import copy
from typing import Any

import numpy as np
import pytest

from fakes.gates import StillModel
from fakes.scenes import scene
from segue.measure.speed import parts
from segue.measure.speed.parts import PartTimes
from segue.models.catalog import load_model
from segue.models.interface import PartClock, ScalingModel, TimedModel, untimed

FRAME = np.zeros((8, 8, 3), np.uint8)
MASK = np.zeros((8, 8), np.uint8)
MASK[2:5, 2:5] = 1


class Clock:
    """Time goes on when it is told to."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Parted(StillModel):
    """A part of the decoder's time is spent in the backbone that it calls."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(threshold=0.5)
        self.clock = clock
        self.part: PartClock = untimed

    def timed(self, clock: PartClock) -> "Parted":
        model = copy.copy(self)
        model.part = clock
        return model

    def step(self, frame: Any, state: Any, labels: Any = None) -> Any:
        self.clock.now += 0.005
        with self.part("decoder"):
            self.clock.now += 0.02
            with self.part("backbone"):
                self.clock.now += 0.03
        return super().step(frame, state, labels)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Parted:
    clock = Clock()
    monkeypatch.setattr(parts, "time", clock)
    return Parted(clock)


def test_each_second_counts_once_and_by_kind_of_frame(model: Parted) -> None:
    times = PartTimes()
    watched = times.watched(model)
    _, state = watched.start(FRAME, MASK)
    for _ in range(3):  # frames 1 and 3 are reused
        _, state = watched.step(FRAME, state)
    assert {kind: frames.number for kind, frames in times.frames.items()} == {
        "first": 1,
        "reused": 2,
        "computed": 1,
    }
    means = times.means_ms()
    assert means["first"] == {"other": 0, "total": 0}
    assert means["computed"] == {"backbone": 30, "decoder": 20, "other": 5, "total": 55}
    assert means["reused"] == means["computed"]


def test_the_model_itself_is_not_watched(model: Parted) -> None:
    times = PartTimes()
    times.watched(model)
    _, state = model.start(FRAME, MASK)
    model.step(FRAME, state)
    assert not times.frames


def test_frames_with_given_masks_are_apart(model: Parted) -> None:
    times = PartTimes()
    watched = times.watched(model)
    _, state = watched.start(FRAME, MASK)
    watched.step(FRAME, state, MASK)
    assert times.frames["first"].number == 2


def test_a_model_that_tells_no_parts_is_timed_as_a_whole() -> None:
    times = PartTimes()
    watched = times.watched(StillModel(threshold=0.5))
    _, state = watched.start(FRAME, MASK)
    watched.step(FRAME, state)
    assert [set(means) for means in times.means_ms().values()] == [{"other", "total"}] * 2


def test_segue_lite_tells_its_parts_and_answers_the_same() -> None:
    model = load_model("segue-lite", settings={"backend": "torch"})
    assert isinstance(model, TimedModel)
    times = PartTimes()
    watched = times.watched(model)
    assert isinstance(watched, ScalingModel)
    frames, labels = zip(*scene(4), strict=True)
    _, state = model.start(frames[0], labels[0])
    _, other = watched.start(frames[0], labels[0])
    for frame in frames[1:]:
        expected, state = model.step(frame, state, threshold=0.0)
        found, other = watched.step(frame, other, threshold=0.0)
        assert np.array_equal(found.labels, expected.labels)
    assert {"backbone", "memory", "other"} <= set(times.means_ms()["first"])
    names = {part for means in times.means_ms().values() for part in means}
    assert names == {"backbone", "memory", "decoder", "gate", "window", "other", "total"}
