"""Looking through a window: what the host is shown, what the gate is told, what comes of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from segue.models.reuse.carrier import Carried
from segue.models.reuse.gate import CHANNELS, SIDE, GlanceGate, gather, objective
from segue.models.reuse.glance import GlanceCarrier, GlanceMemory
from segue.models.reuse.host import Glance
from segue.nn.reuse.objective import GateLossSettings
from segue.types import Frame, Labels, ObjectScore, Prediction

SIZE = (240, 400)
COLOURS = {1: (250, 20, 20), 2: (20, 250, 20), 7: (20, 20, 250)}


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

    def start(self, frame: Frame, labels: Labels) -> tuple[Prediction, Palette]:
        raise NotImplementedError

    def step(self, frame: Frame, state: Palette, labels: Labels | None = None) -> Any:
        raise NotImplementedError

    def carried(self, state: Palette, labels: Labels, frames: int) -> Palette:
        return state

    def glance(self, view: Frame, masks: Tensor, state: Palette) -> Glance:
        self.seen.append((view, masks))
        near = [np.abs(view.astype(int) - COLOURS[i]).sum(2) < 60 for i in state.ids]
        found = torch.from_numpy(np.stack(near)).float()
        half = torch.nn.functional.avg_pool2d(found[:, None], 2)
        eighth = torch.nn.functional.avg_pool2d(half, 4)
        return Glance(half[:, 0] * 12 - 6, eighth.expand(-1, 2, -1, -1))


def scene(places: dict[int, tuple[int, int]]) -> tuple[Frame, Labels]:
    """Squares of 60 pixels on noise."""
    frame = np.random.default_rng(0).integers(80, 160, (*SIZE, 3)).astype(np.uint8)
    labels = np.zeros(SIZE, np.uint8)
    for i, (top, left) in places.items():
        frame[top : top + 60, left : left + 60] = COLOURS[i]
        labels[top : top + 60, left : left + 60] = i
    return frame, labels


def begin(
    carrier: GlanceCarrier, places: dict[int, tuple[int, int]], absent: tuple[int, ...] = ()
) -> GlanceMemory:
    frame, labels = scene(places)
    scores = {i: ObjectScore(0.9, i in absent) for i in (*places, *absent)}
    return carrier.begin(frame, Prediction(labels, scores))


def go(
    carrier: GlanceCarrier, memory: GlanceMemory, places: dict[int, tuple[int, int]]
) -> tuple[Carried, GlanceMemory]:
    return carrier.carry(scene(places)[0], memory, Palette(memory.ids), 0.5)


@pytest.fixture
def carrier() -> GlanceCarrier:
    torch.manual_seed(0)
    return GlanceCarrier(ColourHost(), GlanceGate().eval())


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_objects_are_followed_and_keep_their_numbers(carrier: GlanceCarrier) -> None:
    memory = begin(carrier, {2: (40, 60), 7: (120, 200)})
    for step in range(1, 6):
        places = {2: (40, 60 + 10 * step), 7: (120 - 8 * step, 200)}
        carried, memory = go(carrier, memory, places)
        truth = scene(places)[1]
        for i in (2, 7):
            assert overlap(carried.labels == i, truth == i) > 0.9
            assert not carried.scores[i].absent
            assert carried.scores[i].confidence > 0.9
    assert memory.gap == 5


def test_the_host_sees_the_window_and_the_last_masks(carrier: GlanceCarrier) -> None:
    memory = begin(carrier, {1: (100, 200)})
    window = memory.window
    assert window is not None
    go(carrier, memory, {1: (100, 206)})
    view, masks = carrier._host.seen[0]
    assert np.array_equal(view, window.see(scene({1: (100, 206)})[0]))
    assert np.array_equal(masks[0], window.see_object(scene({1: (100, 200)})[1], 1))


def test_the_same_frame_keeps_its_labels_and_is_not_looked_at(carrier: GlanceCarrier) -> None:
    memory = begin(carrier, {1: (100, 200)})
    frame, labels = scene({1: (100, 200)})
    noise = np.random.default_rng(4).normal(0, 4, frame.shape)
    again = np.clip(frame + noise, 0, 255).astype(np.uint8)
    for shown in (frame, again):
        carried, memory = carrier.carry(shown, memory, Palette((1,)), 0.5)
        assert np.array_equal(carried.labels, labels)
        assert carried.scores[1] == ObjectScore(0.9, gate=1.0)
    assert not carrier._host.seen
    assert memory.gap == 0


def test_slow_motion_does_not_pass_for_a_frame_shown_again(carrier: GlanceCarrier) -> None:
    memory = begin(carrier, {1: (100, 200)})
    for step in range(1, 9):
        carried, memory = go(carrier, memory, {1: (100, 200 + step)})
    assert overlap(carried.labels == 1, scene({1: (100, 208)})[1] == 1) > 0.93


def test_after_eight_looks_a_frame_is_to_be_computed(carrier: GlanceCarrier) -> None:
    memory = begin(carrier, {1: (100, 150)})
    said = []
    for step in range(1, 10):
        carried, memory = go(carrier, memory, {1: (100, 150 + 6 * step)})
        said.append(carried.scores[1].gate)
    assert min(said[:8]) > 0
    assert said[8] == 0
    assert len(carrier._host.seen) == 8


def test_where_all_is_reused_it_looks_on(carrier: GlanceCarrier) -> None:
    memory = begin(carrier, {1: (100, 100)})
    for step in range(1, 16):
        frame, truth = scene({1: (100, 100 + 6 * step)})
        carried, memory = carrier.carry(frame, memory, Palette(memory.ids), 0.0)
        assert overlap(carried.labels == 1, truth == 1) > 0.9


def test_an_object_that_leaves_is_absent_and_worth_a_look_after_a_while(
    carrier: GlanceCarrier,
) -> None:
    memory = begin(carrier, {1: (100, 200)})
    carried, memory = go(carrier, memory, {})
    assert carried.scores[1].absent
    assert not carried.labels.any()
    said = []
    for _ in range(60):
        carried, memory = go(carrier, memory, {})
        assert carried.scores[1].absent
        said.append(carried.scores[1].gate)
    assert said[0] > said[10] > said[-1] == 0


def test_an_absent_object_may_be_found_again_beside_another(carrier: GlanceCarrier) -> None:
    memory = begin(carrier, {1: (100, 200)}, absent=(2,))
    carried, _ = go(carrier, memory, {1: (102, 200), 2: (60, 120)})
    assert not carried.scores[2].absent
    assert (carried.labels == 2).sum() > 2000


def test_evidence_tells_what_changed() -> None:
    rows, columns = 192, 352
    masks = torch.zeros(1, rows, columns, dtype=torch.uint8)
    masks[0, 80:120, 160:240] = 255
    glance = Glance(torch.full((1, 96, 176), -9.0), torch.full((1, 2, 24, 44), 0.25))
    glance.logits[0, 40:60, 80:120] = 9.0
    before = torch.full((rows, columns, 3), 100, dtype=torch.uint8)
    now = before.clone()
    now[:, :176] += 50
    found = gather(glance, masks, now, before, gap=4, scale=2.0)
    assert found.shape == (1, CHANNELS, SIDE, SIDE)
    assert not found[:, :, 24:].any()
    shown = found[0, :, :24]
    assert torch.allclose(shown[0], shown[2], atol=1e-3)
    assert shown[1].max() < 0.01
    assert (shown[3:5] == 0.25).all()
    assert torch.allclose(shown[5, :, :22], torch.tensor(50 / 63.75))
    assert not shown[5, :, 22:].any()
    assert shown[6].unique().tolist() == [pytest.approx(0.4)]
    assert shown[7].unique().tolist() == [1]


def test_an_untrained_gate_reuses_little() -> None:
    torch.manual_seed(0)
    assert GlanceGate().eval()(torch.rand(6, CHANNELS, SIDE, SIDE)).max() < 0.5


def test_the_gate_learns_what_a_glance_is_worth() -> None:
    torch.manual_seed(0)
    gate = GlanceGate().train()
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
