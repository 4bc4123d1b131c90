from typing import Any

import numpy as np
import pytest
from torch import nn

from fakes.gates import StillModel
from segue.measure.speed import parts
from segue.measure.speed.parts import PartTimes

FRAME = np.zeros((8, 8, 3), np.uint8)
MASK = np.zeros((8, 8), np.uint8)
MASK[2:5, 2:5] = 1


class Clock:
    """Time goes on when it is told to."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Slow(nn.Module):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def forward(self, seconds: float) -> None:
        self.clock.now += seconds


class Parted(StillModel):
    """A part of the decoder's time is spent in the backbone that it calls."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(threshold=0.5)
        self.clock = clock
        self.backbone = Slow(clock)

    def decode(self) -> None:
        self.clock.now += 0.02
        self.backbone(0.03)

    def step(self, frame: Any, state: Any, labels: Any = None) -> Any:
        self.clock.now += 0.005
        self.decode()
        return super().step(frame, state, labels)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Parted:
    clock = Clock()
    monkeypatch.setattr(parts, "time", clock)
    table = {"backbone": "backbone", "decode": "decoder", "gone.away": "memory"}
    monkeypatch.setattr(parts, "PARTS", {"still": table})
    return Parted(clock)


def test_each_second_counts_once_and_by_kind_of_frame(model: Parted) -> None:
    times = PartTimes()
    with times.watching(model):
        _, state = model.start(FRAME, MASK)
        for _ in range(3):  # frames 1 and 3 are reused
            _, state = model.step(FRAME, state)
    assert {kind: frames.number for kind, frames in times.frames.items()} == {
        "first": 1,
        "reused": 2,
        "computed": 1,
    }
    means = times.means_ms()
    assert means["first"] == {"other": 0, "total": 0}
    assert means["computed"] == {"backbone": 30, "decoder": 20, "other": 5, "total": 55}
    assert means["reused"] == means["computed"]


def test_the_model_is_its_own_again(model: Parted) -> None:
    times = PartTimes()
    with times.watching(model):
        assert "step" in vars(model)
    assert "step" not in vars(model)
    assert "decode" not in vars(model)
    assert "forward" not in vars(model.backbone)
    _, state = model.start(FRAME, MASK)
    model.step(FRAME, state)
    assert not times.frames


def test_frames_with_given_masks_are_apart(model: Parted) -> None:
    times = PartTimes()
    with times.watching(model):
        _, state = model.start(FRAME, MASK)
        model.step(FRAME, state, MASK)
    assert times.frames["first"].number == 2
