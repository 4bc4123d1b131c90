"""Looking through a window: what the host is shown, what the gate is told, what comes of it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from segue.models.reuse.gate import CHANNELS, SIDE, WindowGate, gather, objective
from segue.models.reuse.host import WindowAnswer
from segue.models.reuse.propagator import Propagated
from segue.models.reuse.window import SIZES_HW
from segue.models.reuse.window_inference import WindowPropagator
from segue.models.reuse.window_memory import WindowMemory
from segue.nn.reuse.objective import GateLossSettings
from segue.types import Frame, Labels, ObjectScore, Prediction

SIZE = (240, 400)
LARGE = (480, 854)
COLOURS = {
    1: (250, 20, 20),
    2: (20, 250, 20),
    3: (250, 250, 20),
    5: (20, 250, 250),
    7: (20, 20, 250),
}


@dataclass(frozen=True)
class Palette:
    ids: tuple[int, ...]


class ColourHost:
    """Knows objects by their colours."""

    name = "colour"
    lookahead = 0
    parameters_per_object = 0
    state_type = Palette

    def __init__(self) -> None:
        self.seen: list[tuple[Frame, Tensor]] = []
        self.confused: tuple[int, ...] = ()

    def start(self, frame: Frame, labels: Labels) -> tuple[Prediction, Palette]:
        raise NotImplementedError

    def step(self, frame: Frame, state: Palette, labels: Labels | None = None) -> Any:
        raise NotImplementedError

    def propagated(self, state: Palette, labels: Labels, frames: int, last: Any) -> Palette:
        return state

    def working_pixel(self, state: Palette) -> float:
        return 1.0

    def entangled(self, state: Palette, labels: Labels) -> tuple[int, ...]:
        return self.confused

    def infer_window(
        self,
        view: Frame,
        last: Tensor,
        state: Palette,
        scale: float,
        rows: Sequence[int],
        asked: int,
    ) -> WindowAnswer:
        self.seen.append((view, last[:asked]))
        ids = [state.ids[row] for row in rows[:asked]]
        near = [np.abs(view.astype(int) - COLOURS[i]).sum(2) < 60 for i in ids]
        found = torch.from_numpy(np.stack(near)).float()
        half = torch.nn.functional.avg_pool2d(found[:, None], 2)
        eighth = torch.nn.functional.avg_pool2d(half, 4)
        return WindowAnswer(
            half[:, 0] * 12 - 6, eighth.expand(-1, 2, -1, -1), torch.ones(len(half))
        )


def scene(
    places: dict[int, tuple[int, int]], size_hw: tuple[int, int] = SIZE
) -> tuple[Frame, Labels]:
    """Squares of 60 pixels on noise."""
    frame = np.random.default_rng(0).integers(80, 160, (*size_hw, 3)).astype(np.uint8)
    labels = np.zeros(size_hw, np.uint8)
    for i, (top, left) in places.items():
        frame[top : top + 60, left : left + 60] = COLOURS[i]
        labels[top : top + 60, left : left + 60] = i
    return frame, labels


def begin(
    propagator: WindowPropagator, places: dict[int, tuple[int, int]], absent: tuple[int, ...] = ()
) -> WindowMemory:
    frame, labels = scene(places)
    scores = {i: ObjectScore(0.9, i in absent) for i in (*places, *absent)}
    return propagator.begin(frame, Prediction(labels, scores), Palette(tuple(scores)))


def go(
    propagator: WindowPropagator, memory: WindowMemory, places: dict[int, tuple[int, int]]
) -> tuple[Propagated, WindowMemory]:
    return propagator.propagate(scene(places)[0], memory, Palette(memory.ids), 0.5)


@pytest.fixture
def propagator() -> WindowPropagator:
    torch.manual_seed(0)
    return WindowPropagator(ColourHost(), WindowGate().eval(), longest=8)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_objects_are_followed_and_keep_their_numbers(propagator: WindowPropagator) -> None:
    memory = begin(propagator, {2: (40, 60), 7: (120, 200)})
    for step in range(1, 6):
        places = {2: (40, 60 + 10 * step), 7: (120 - 8 * step, 200)}
        propagated, memory = go(propagator, memory, places)
        truth = scene(places)[1]
        for i in (2, 7):
            assert overlap(propagated.labels == i, truth == i) > 0.9
            assert not propagated.scores[i].absent
            assert propagated.scores[i].confidence > 0.9
    assert memory.gap == 5


def test_the_host_sees_the_window_and_the_last_masks(propagator: WindowPropagator) -> None:
    memory = begin(propagator, {1: (100, 200)})
    (sight,) = memory.sights
    window = sight.window
    go(propagator, memory, {1: (100, 206)})
    view, last = propagator._host.seen[0]
    assert np.array_equal(view, window.see(scene({1: (100, 206)})[0]))
    assert np.array_equal(last[0, 0], window.shares(scene({1: (100, 200)})[1], 1))


def test_the_same_frame_keeps_its_labels_and_is_not_looked_at(propagator: WindowPropagator) -> None:
    memory = begin(propagator, {1: (100, 200)})
    frame, labels = scene({1: (100, 200)})
    noise = np.random.default_rng(4).normal(0, 4, frame.shape)
    again = np.clip(frame + noise, 0, 255).astype(np.uint8)
    for shown in (frame, again):
        propagated, memory = propagator.propagate(shown, memory, Palette((1,)), 0.5)
        assert np.array_equal(propagated.labels, labels)
        assert propagated.scores[1] == ObjectScore(0.9, gate=1.0)
    assert not propagator._host.seen
    assert memory.gap == 0


def test_slow_motion_does_not_pass_for_a_frame_shown_again(propagator: WindowPropagator) -> None:
    memory = begin(propagator, {1: (100, 200)})
    for step in range(1, 9):
        propagated, memory = go(propagator, memory, {1: (100, 200 + step)})
    assert overlap(propagated.labels == 1, scene({1: (100, 208)})[1] == 1) > 0.93


def test_after_eight_looks_a_frame_is_to_be_computed(propagator: WindowPropagator) -> None:
    memory = begin(propagator, {1: (100, 150)})
    said = []
    for step in range(1, 10):
        propagated, memory = go(propagator, memory, {1: (100, 150 + 6 * step)})
        said.append(propagated.scores[1].gate)
    assert None not in said[:8]
    assert said[8] is None
    assert len(propagator._host.seen) == 8


def test_where_all_is_reused_it_looks_on(propagator: WindowPropagator) -> None:
    memory = begin(propagator, {1: (100, 100)})
    for step in range(1, 16):
        frame, truth = scene({1: (100, 100 + 6 * step)})
        propagated, memory = propagator.propagate(frame, memory, Palette(memory.ids), 0.0)
        assert overlap(propagated.labels == 1, truth == 1) > 0.9


def test_only_a_computed_frame_tells_that_an_object_has_left(propagator: WindowPropagator) -> None:
    memory = begin(propagator, {1: (100, 200)})
    propagated, _ = go(propagator, memory, {})
    assert propagated.scores[1].absent
    assert propagated.scores[1].gate == 0


def test_an_object_that_is_away_is_worth_a_look_when_the_picture_changes(
    propagator: WindowPropagator,
) -> None:
    memory = begin(propagator, {}, absent=(1,))
    for _ in range(60):  # however long it is
        propagated, memory = go(propagator, memory, {})
        assert propagated.scores[1].absent
        assert propagated.scores[1].gate == 1
    propagated, _ = go(propagator, memory, {1: (60, 120)})
    assert propagated.scores[1].gate == 0
    assert not propagator._host.seen


def test_slow_changes_add_up_until_an_object_that_is_away_is_looked_for(
    propagator: WindowPropagator,
) -> None:
    memory = begin(propagator, {}, absent=(1,))
    frame = scene({})[0]
    said = []
    for brighter in range(0, 40, 4):
        lit = np.clip(frame.astype(int) + brighter, 0, 255).astype(np.uint8)
        propagated, memory = propagator.propagate(lit, memory, Palette((1,)), 0.5)
        said.append(propagated.scores[1].gate)
    assert said == sorted(said, reverse=True)
    assert said[0] == 1
    assert said[-1] == 0


def test_a_cut_is_computed_without_a_look(propagator: WindowPropagator) -> None:
    memory = begin(propagator, {1: (100, 200)}, absent=(2,))
    black = np.zeros((*SIZE, 3), np.uint8)
    propagated, _ = propagator.propagate(black, memory, Palette((1, 2)), 0.5)
    assert [score.gate for score in propagated.scores.values()] == [0, 0]
    assert not propagated.looked
    assert not propagator._host.seen


def test_an_absent_object_may_be_found_again_beside_another(propagator: WindowPropagator) -> None:
    memory = begin(propagator, {1: (100, 200)}, absent=(2,))
    shown = scene({1: (102, 200), 2: (60, 120)})[0]
    propagated, _ = propagator.propagate(shown, memory, Palette(memory.ids), 0.0)
    assert not propagated.scores[2].absent
    assert (propagated.labels == 2).sum() > 2000


CORNERS = {1: (20, 20), 2: (20, 760), 3: (400, 20), 5: (400, 760), 7: (210, 400)}


def begin_large(
    propagator: WindowPropagator, places: dict[int, tuple[int, int]], absent: tuple[int, ...] = ()
) -> WindowMemory:
    frame, labels = scene(places, LARGE)
    scores = {i: ObjectScore(0.9, i in absent) for i in (*places, *absent)}
    return propagator.begin(frame, Prediction(labels, scores), Palette(tuple(scores)))


def gate_that_says(propagator: WindowPropagator, said: float) -> None:
    propagator._gate = lambda evidence: (torch.full((len(evidence),), said),)  # type: ignore[assignment]


def test_objects_all_over_the_frame_have_windows_of_their_own(propagator: WindowPropagator) -> None:
    memory = begin_large(propagator, CORNERS)
    assert [sight.ids for sight in memory.sights] == [(1,), (2,), (3,), (5,), (7,)]
    gate_that_says(propagator, 0.9)
    for step in range(1, 6):
        places = {i: (top, left + 5 * step) for i, (top, left) in CORNERS.items() if i != 2}
        places[2] = (20 + 5 * step, 760)
        frame, truth = scene(places, LARGE)
        propagated, memory = propagator.propagate(frame, memory, Palette(memory.ids), 0.5)
        for i in CORNERS:
            assert overlap(propagated.labels == i, truth == i) > 0.9
        assert propagated.enough
    pixels = sum(view.shape[0] * view.shape[1] for view, _ in propagator._host.seen) / 5
    assert pixels < 0.4 * LARGE[0] * LARGE[1]


def test_objects_that_meet_share_a_window_until_they_part(propagator: WindowPropagator) -> None:
    gate_that_says(propagator, 0.9)
    memory = begin_large(propagator, {1: (200, 100), 2: (200, 700)})
    groups = []
    lefts = (*range(100, 641, 20), *range(620, 99, -20))
    for left in lefts:
        frame, truth = scene({1: (200, left), 2: (200, 700)}, LARGE)
        propagated, memory = propagator.propagate(frame, memory, Palette(memory.ids), 0.0)
        groups.append(len(memory.sights))
        assert overlap(propagated.labels == 1, truth == 1) > 0.9
    changes = [a - b for a, b in itertools.pairwise(groups) if a != b]
    assert groups[0] == groups[-1] == 2
    assert changes == [1, -1]


def test_one_lost_object_of_many_is_put_up_with_for_a_frame(propagator: WindowPropagator) -> None:
    gate_that_says(propagator, 0.9)
    memory = begin_large(propagator, CORNERS)
    kept = {i: place for i, place in CORNERS.items() if i != 3}
    propagated, memory = propagator.propagate(
        scene(kept, LARGE)[0], memory, Palette(memory.ids), 0.5
    )
    assert propagated.scores[3].gate == 0
    assert propagated.enough
    assert memory.loss == 1
    propagated, _ = propagator.propagate(
        scene(CORNERS | {1: (30, 30)}, LARGE)[0], memory, Palette(memory.ids), 0.5
    )
    assert propagated.scores[1].gate is None  # computed without a look: enough has been missed


def test_many_lost_objects_are_computed_at_once(propagator: WindowPropagator) -> None:
    gate_that_says(propagator, 0.9)
    memory = begin_large(propagator, CORNERS)
    kept = {i: place for i, place in CORNERS.items() if i in (1, 2)}
    propagated, _ = propagator.propagate(scene(kept, LARGE)[0], memory, Palette(memory.ids), 0.5)
    assert propagated.enough is False


def test_a_refusal_of_a_single_object_is_never_put_up_with(propagator: WindowPropagator) -> None:
    gate_that_says(propagator, 0.5)
    propagated, _ = go(propagator, begin(propagator, {1: (100, 200)}), {1: (100, 206)})
    assert propagated.enough is False  # it has to say more than is needed


def test_a_doubtful_object_gets_a_large_window(propagator: WindowPropagator) -> None:
    gate_that_says(propagator, 0.48)
    memory = begin_large(propagator, CORNERS)
    frame = scene({i: (top, left + 4) for i, (top, left) in CORNERS.items()}, LARGE)[0]
    _, memory = propagator.propagate(frame, memory, Palette(memory.ids), 0.5)
    assert {(s.window.rows, s.window.columns) for s in memory.sights} <= set(SIZES_HW)
    assert len(memory.sights) == len(CORNERS)


def test_an_object_that_is_away_waits_beside_others(propagator: WindowPropagator) -> None:
    gate_that_says(propagator, 0.3)
    memory = begin(propagator, {1: (100, 200)}, absent=(2,))
    shown = scene({1: (102, 200), 2: (60, 120)})[0]
    propagated, _ = propagator.propagate(shown, memory, Palette(memory.ids), 0.2)
    assert not propagated.scores[2].absent  # trusted
    propagated, _ = propagator.propagate(shown, memory, Palette(memory.ids), 0.4)
    assert propagated.scores[2].absent
    assert not (propagated.labels == 2).any()
    assert propagated.probabilities is not None
    assert propagated.probabilities[2].max() == 0


def test_evidence_tells_what_changed() -> None:
    rows, columns = 192, 352
    last = torch.zeros(1, 1, rows // 8, columns // 8)
    last[0, 0, 10:15, 20:30] = 1
    answer = WindowAnswer(
        torch.full((1, 96, 176), -9.0), torch.full((1, 2, 24, 44), 0.25), torch.ones(1)
    )
    answer.logits[0, 40:60, 80:120] = 9.0
    before = np.full((rows, columns, 3), 100, np.uint8)
    now = before.copy()
    now[:, :176] += 50
    found = gather(answer, last, now, before, gap=4, scale=2.0)
    assert found.shape == (1, CHANNELS, SIDE, SIDE)
    assert not found[:, :, 24:].any()
    assert not found[..., 44:].any()
    shown = found[0, :, :24, :44]
    assert torch.allclose(shown[0], shown[2], atol=1e-3)
    assert shown[1].max() < 0.01
    assert (shown[3:5] == 0.25).all()
    assert torch.allclose(shown[5, :, :22], torch.tensor(50 / 63.75))
    assert not shown[5, :, 22:].any()
    assert shown[6].unique().tolist() == [pytest.approx(0.4)]
    assert shown[7].unique().tolist() == [1]


def test_an_untrained_gate_reuses_little() -> None:
    torch.manual_seed(0)
    assert WindowGate().eval()(torch.rand(6, CHANNELS, SIDE, SIDE)).max() < 0.5


def test_the_gate_learns_what_a_window_is_worth() -> None:
    torch.manual_seed(0)
    gate = WindowGate().train()
    evidence = torch.rand(16, CHANNELS, SIDE, SIDE)
    expected = torch.rand(16).round()
    evidence[:, 1] *= 1 - expected[:, None, None]
    optimiser = torch.optim.AdamW(gate.parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        loss = objective(gate, evidence, expected, GateLossSettings(), epoch=0.0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


@pytest.mark.parametrize(("confused", "looks"), [((), True), ((2,), True), ((2, 3), False)])
def test_no_look_is_wasted_on_objects_that_windows_cannot_tell_apart(
    confused: tuple[int, ...], looks: bool
) -> None:
    host = ColourHost()
    host.confused = confused
    torch.manual_seed(0)
    propagator = WindowPropagator(host, WindowGate().eval(), longest=8)
    places = {1: (20, 20), 2: (20, 200), 3: (160, 20), 5: (160, 200)}
    propagated, _ = go(propagator, begin(propagator, places), places | {1: (20, 24)})
    assert propagated.looked == looks == bool(host.seen)
    refused = {i for i, score in propagated.scores.items() if score.gate == 0.0}
    assert refused == (set(confused) if looks else set())
