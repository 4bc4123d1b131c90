"""The gate around a host: what is computed, what is carried over, and what the host gets to know of it."""

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from segue.errors import SettingsError, VideoError
from segue.inference.checkpoint import load_state, save_state
from segue.models.catalog import load_model
from segue.models.reuse.model import GatedModel
from segue.models.reuse.propagator import Propagated
from segue.nn.reuse.settings import ReuseSettings
from segue.types import Frame, Labels, ObjectScore, Prediction

SIZE = (24, 32)


@dataclass(frozen=True)
class CountState:
    seen: int
    told: Tensor
    carried: int
    ids: tuple[int, ...]


class CountingHost:
    """Paints object i as a row of length ``seen``; remembers what it was told."""

    name = "counting"
    lookahead = 0
    parameters_per_object = 0
    state_type = CountState

    def start(self, frame: Frame, labels: Labels) -> tuple[Prediction, CountState]:
        ids = tuple(int(i) for i in np.unique(labels) if i)
        return self._answer(CountState(1, torch.zeros(0, dtype=torch.uint8), 0, ids))

    def step(
        self, frame: Frame, state: CountState, labels: Labels | None = None
    ) -> tuple[Prediction, CountState]:
        ids = state.ids
        if labels is not None:
            ids = tuple(sorted({*ids, *(int(i) for i in np.unique(labels) if i)}))
        return self._answer(CountState(state.seen + 1, state.told, state.carried, ids))

    def propagated(self, state: CountState, labels: Labels, frames: int, last: Any) -> CountState:
        told = torch.from_numpy(labels.copy())
        return CountState(state.seen, told, state.carried + frames, state.ids)

    def _answer(self, state: CountState) -> tuple[Prediction, CountState]:
        labels = np.zeros(SIZE, np.uint8)
        for i in state.ids:
            labels[i, : state.seen] = i
        return Prediction(labels, {i: ObjectScore(0.8) for i in state.ids}), state


@dataclass(frozen=True)
class Marks:
    labels: Tensor
    ids: tuple[int, ...]
    gap: int


class MarkingPropagator:
    """Propagated labels are the last computed ones, with the gap written into the corner."""

    memory_type = Marks

    def __init__(self, said: dict[int, float]) -> None:
        self.said = said
        self.calls = 0

    def begin(self, frame: Frame, prediction: Prediction, host: Any) -> Marks:
        return Marks(torch.from_numpy(prediction.labels.copy()), tuple(prediction.scores), 0)

    def propagate(
        self, frame: Frame, memory: Marks, host: CountState, needed: float
    ) -> tuple[Propagated, Marks]:
        self.calls += 1
        marked, gap = memory.labels.numpy().copy(), memory.gap + 1
        marked[0, 0] = gap
        scores = {i: ObjectScore(0.7, gate=self.said[i]) for i in memory.ids}
        return Propagated(marked, scores), replace(memory, gap=gap)


def gated(said: dict[int, float], **settings: Any) -> tuple[GatedModel, MarkingPropagator]:
    propagator = MarkingPropagator(said)
    return GatedModel(CountingHost(), propagator, ReuseSettings(**settings)), propagator


FRAME = np.zeros((*SIZE, 3), np.uint8)
GIVEN = np.zeros(SIZE, np.uint8)
GIVEN[1, 0], GIVEN[2, 0] = 1, 2


def test_frames_are_carried_from_the_last_computed_one() -> None:
    model, propagator = gated({1: 0.9, 2: 0.95}, threshold=0.8)
    prediction, state = model.start(FRAME, GIVEN)
    assert prediction.scores[1].reused is False
    assert prediction.scores[1].gate is None
    for gap in (1, 2, 3):
        prediction, state = model.step(FRAME, state)
        assert prediction.labels[0, 0] == gap
        assert prediction.scores[1] == ObjectScore(0.7, gate=0.9, reused=True)
        assert state.host.seen == 1
    propagator.said = {1: 0.9, 2: 0.5}
    prediction, state = model.step(FRAME, state)
    assert prediction.scores[2] == ObjectScore(0.8, gate=0.5, reused=False)
    assert state.host.seen == 2
    assert state.host.carried == 3
    assert state.host.told[0, 0] == 3
    assert state.gap == 0


@pytest.mark.parametrize(
    ("threshold", "computed", "asked"), [(1.0, 6, 0), (0.0, 1, 5), (0.7, 6, 3), (0.69, 1, 5)]
)
def test_the_dial(threshold: float, computed: int, asked: int) -> None:
    model, propagator = gated({1: 0.7, 2: 0.7}, threshold=threshold)
    _, state = model.start(FRAME, GIVEN)
    for _ in range(5):
        _, state = model.step(FRAME, state)
    assert state.host.seen == computed
    assert propagator.calls == asked


def test_a_gate_that_is_asked_in_vain_is_asked_less_often_until_it_is_not() -> None:
    said = {1: 0.2, 2: 0.9}
    model, propagator = gated(said, threshold=0.5)
    _, state = model.start(FRAME, GIVEN)
    asked = []
    for _ in range(30):
        before = propagator.calls
        _, state = model.step(FRAME, state)
        asked.append(propagator.calls > before)
    assert [index for index, was in enumerate(asked) if was] == [0, 1, 3, 7, 15, 23]
    propagator.said = {1: 0.9, 2: 0.9}
    reused = []
    for _ in range(10):
        prediction, state = model.step(FRAME, state)
        reused.append(bool(prediction.scores[1].reused))
    assert reused == [False] + [True] * 9


def test_given_labels_are_always_looked_at() -> None:
    model, _carrier = gated({1: 1.0, 2: 1.0, 5: 1.0}, threshold=0.5)
    _, state = model.start(FRAME, GIVEN)
    _, state = model.step(FRAME, state)
    late = np.zeros(SIZE, np.uint8)
    late[5, 0] = 5
    prediction, state = model.step(FRAME, state, late)
    assert set(prediction.scores) == {1, 2, 5}
    assert prediction.scores[5].reused is False
    assert state.host.carried == 1
    prediction, _ = model.step(FRAME, state)
    assert prediction.scores[5].reused is True


def test_copy_and_fusion_leave_objects_where_they_were() -> None:
    for path, expected in (("copy", 0), ("fusion", 0), ("translate", 1)):
        model, _ = gated({1: 0.99, 2: 0.99}, threshold=0.5, path=path)
        _, state = model.start(FRAME, GIVEN)
        prediction, _ = model.step(FRAME, state)
        # The propagator's mark has the number of object 1, which copying takes back.
        assert prediction.labels[0, 0] == expected
        assert prediction.labels[1, 0] == 1
        assert prediction.labels[2, 0] == 2


def test_an_override_takes_the_place_of_the_gate() -> None:
    asked = []

    def override(object_id: int, frame_index: int) -> float:
        asked.append((object_id, frame_index))
        return 1.0 if frame_index < 3 else 0.0

    model = GatedModel(
        CountingHost(), MarkingPropagator({1: 0.0, 2: 0.0}), ReuseSettings(threshold=0.5), override
    )
    _, state = model.start(FRAME, GIVEN)
    reused = []
    for _ in range(4):
        prediction, state = model.step(FRAME, state)
        reused.append(prediction.scores[1].reused)
    assert reused == [True, True, False, False]
    assert asked == [(i, f) for f in (1, 2, 3, 4) for i in (1, 2)]


def test_the_state_is_a_value(tmp_path: Path) -> None:
    model, _ = gated({1: 0.9, 2: 0.9}, threshold=0.8)
    _, state = model.start(FRAME, GIVEN)
    prediction, state = model.step(FRAME, state)
    prediction.labels[:] = 77
    frozen = copy.deepcopy(state)
    first, _ = model.step(FRAME, state)
    assert torch.equal(state.shown, frozen.shown)
    assert not (first.labels == 77).any()
    save_state(tmp_path / "state", state)
    loaded, _ = load_state(tmp_path / "state", model.state_type)
    assert loaded.host.seen == state.host.seen
    second, _ = model.step(FRAME, loaded)
    assert np.array_equal(first.labels, second.labels)


def test_another_size_and_a_host_that_looks_ahead_are_refused() -> None:
    model, _ = gated({1: 0.9, 2: 0.9})
    _, state = model.start(FRAME, GIVEN)
    with pytest.raises(VideoError, match="24x32"):
        model.step(np.zeros((24, 40, 3), np.uint8), state)
    host = CountingHost()
    host.lookahead = 2
    with pytest.raises(SettingsError, match="looks 2 frames ahead"):
        GatedModel(host, MarkingPropagator({}), ReuseSettings())


def film(frames: int) -> tuple[list[Frame], Labels]:
    """A bright square that moves slowly over a textured wall."""
    rng = np.random.default_rng(3)
    wall = rng.integers(60, 120, (128, 192, 3)).astype(np.uint8)
    shown = []
    for t in range(frames):
        picture = wall.copy()
        picture[40:90, 40 + t : 100 + t] = (220, 60, 40)
        shown.append(picture)
    labels = np.zeros((128, 192), np.uint8)
    labels[40:90, 40:100] = 1
    return shown, labels


def test_segue_lite_without_a_gate_is_segue_lite_with_the_dial_at_one() -> None:
    frames, labels = film(4)
    plain = load_model("segue-lite", settings={"reuse": None})
    dial = load_model("segue-lite", settings={"reuse": {"threshold": 1}})
    assert not isinstance(plain, GatedModel)
    answers = []
    for model in (plain, dial):
        _, state = model.start(frames[0], labels)
        for frame in frames[1:]:
            prediction, state = model.step(frame, state)
        answers.append(prediction.labels)
    assert np.array_equal(*answers)


def test_a_frozen_video_is_carried_and_a_cut_is_computed() -> None:
    frames, labels = film(1)
    model = load_model("segue-lite", settings={"reuse": {"threshold": 0.9}})
    first, state = model.start(frames[0], labels)
    for _ in range(5):
        prediction, state = model.step(frames[0].copy(), state)
        assert prediction.scores[1].reused
        assert np.array_equal(prediction.labels, first.labels)
    other = np.random.default_rng(9).integers(0, 256, frames[0].shape, np.uint8)
    prediction, _ = model.step(other, state)
    assert prediction.scores[1].reused is False


def test_a_semantic_host_is_gated_too() -> None:
    frames, _ = film(1)
    model = load_model(
        "temporal-unet-lite", settings={"random_weights": True, "reuse": {"threshold": 0.9}}
    )
    first, state = model.start(frames[0])
    prediction, state = model.step(frames[0].copy(), state)
    assert all(score.reused for score in prediction.scores.values())
    assert (prediction.labels == first.labels).mean() > 0.99
    other = np.random.default_rng(9).integers(0, 256, frames[0].shape, np.uint8)
    prediction, _ = model.step(other, state)
    assert not any(score.reused for score in prediction.scores.values())
    assert model.classes == model.host.classes
