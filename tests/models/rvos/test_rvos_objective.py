from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segue.models.rvos.assignment import assign
from segue.models.rvos.network import RVOSNetwork
from segue.models.rvos.objective import ObjectiveSettings, look_at, objective, unroll
from segue.models.rvos.settings import NetworkSettings


@pytest.fixture
def network() -> RVOSNetwork:
    torch.manual_seed(0)
    return RVOSNetwork("rvos-lite", NetworkSettings()).eval()


def clip(num_frames: int, objects: int = 2, batch: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    frames = torch.rand(batch, num_frames, 3, 32, 64)
    labels = torch.zeros(batch, num_frames, 32, 64, dtype=torch.uint8)
    for i in range(objects):
        labels[:, :, 4:16, 4 + 20 * i : 20 + 20 * i] = i + 1
    return frames, labels


def entered_with(network: RVOSNetwork, fed: list[bool], labels: torch.Tensor) -> Any:
    """Clip, and the full-size masks with which each frame was entered."""
    seen: list[torch.Tensor] = []
    small = network.small
    network.small = lambda masks: (seen.append(masks), small(masks))[1]  # type: ignore[method-assign]
    looks = look_at(network, torch.rand(*labels.shape[:2], 3, *labels.shape[2:]))
    return unroll(network, looks, labels, fed), seen


def test_the_truth_or_the_prediction_is_fed(network: RVOSNetwork) -> None:
    _, labels = clip(4)
    labels[:, 1:] = labels[:, 1:].roll(5, 3)
    done, seen = entered_with(network, [True, False, True, False], labels)
    assert torch.equal(seen[0], done.truth[0])  # the first frame always gets its own truth
    assert torch.equal(seen[1], done.truth[0])
    assert torch.equal(seen[2], done.logits[1].sigmoid())
    assert not seen[2].requires_grad
    assert torch.equal(seen[3], done.truth[2])


def test_an_object_is_entered_where_it_appears(network: RVOSNetwork) -> None:
    _, labels = clip(3)
    labels[:, 0][labels[:, 0] == 2] = 0
    done, seen = entered_with(network, [True, True, True], labels)
    second = slice(2, 4)  # rows are ordered by object
    assert torch.equal(seen[1][second], done.truth[1][second])
    assert torch.equal(seen[2][second], done.logits[1].sigmoid()[second])
    assert torch.equal(seen[1][:2], done.logits[0].sigmoid()[:2])


def test_hidden_states_carry_gradients_through_time(network: RVOSNetwork) -> None:
    frames, labels = clip(3)
    frames.requires_grad_(True)
    looks = look_at(network, frames)
    done = unroll(network, looks, labels, [False, True, True])
    done.logits[2].sum().backward()
    assert frames.grad is not None
    assert frames.grad[:, 0].abs().sum() > 0


def test_losses_leave_out_slots_that_are_empty(network: RVOSNetwork) -> None:
    frames, labels = clip(3)
    alone = labels.clone()
    alone[1][alone[1] == 2] = 0
    settings = ObjectiveSettings(cross_entropy=1.0)
    found = objective(network, frames, alone, [False] * 3, settings)
    assert set(found) == {"iou", "cross_entropy"}
    assert all(0 < float(loss.detach()) < 5 for loss in found.values())
    nothing = objective(network, frames, torch.zeros_like(labels), [False] * 3, settings)
    assert float(nothing["iou"].detach()) == 0
    assert all(torch.isfinite(loss) for loss in nothing.values())


def test_the_paper_has_one_loss(network: RVOSNetwork) -> None:
    frames, labels = clip(2)
    looks = look_at(network, frames)
    done = unroll(network, looks, labels, [False, False])
    expected = []
    for logits, y in zip(done.logits, done.truth, strict=True):
        p = logits.sigmoid()
        expected.append(1 - (p * y).sum((1, 2)) / ((p + y - p * y).sum((1, 2)) + 1e-6))
    found = objective(network, frames, labels, [False, False], ObjectiveSettings())
    assert list(found) == ["iou"]
    assert float(found["iou"].detach()) == pytest.approx(
        float(torch.stack(expected).detach().mean()), rel=1e-5
    )


def test_a_reference_comes_first() -> None:
    torch.manual_seed(0)
    network = RVOSNetwork("rvos-lite", NetworkSettings(reference=True)).eval()
    frames, labels = clip(4)
    found = objective(network, frames, labels, [False] * 3, ObjectiveSettings())
    other = frames.clone()
    other[:, 0] = 0.5
    changed = objective(network, other, labels, [False] * 3, ObjectiveSettings())
    assert float(found["iou"].detach()) != float(changed["iou"].detach())


def test_a_zero_shot_network_is_matched_on_the_first_frame_for_the_whole_clip() -> None:
    torch.manual_seed(0)
    network = RVOSNetwork("rvos-34", NetworkSettings(shot="zero")).eval()
    frames, labels = clip(2, objects=2)
    looks = look_at(network, frames)
    done = unroll(network, looks, labels, [True, True], slots=5)
    assert done.logits[0].shape == (10, 32, 64)
    assert done.valid.sum() == 4
    for video in range(2):
        rows = slice(video, None, 2)
        truth = torch.stack([(labels[video, 0] == i).float() for i in range(1, 6)])
        valid = torch.tensor([True, True, False, False, False])
        slots = assign(done.logits[0][rows], truth, valid)
        for t in range(2):
            assert torch.equal(done.truth[t][rows][slots[0]], (labels[video, t] == 1).float())
            assert torch.equal(done.truth[t][rows][slots[1]], (labels[video, t] == 2).float())


@given(st.permutations(range(4)))
def test_slots_are_found_whatever_their_order(order: list[int]) -> None:
    truth = torch.zeros(4, 8, 8)
    for i in range(4):
        truth[i, 2 * i : 2 * i + 2] = 1
    logits = (truth[order] - 0.5) * 8
    slots = assign(logits, truth, torch.ones(4, dtype=torch.bool))
    assert [order[slot] for slot in slots.tolist()] == [0, 1, 2, 3]


def test_an_invalid_object_gets_what_is_left() -> None:
    truth = torch.zeros(2, 4, 4)
    truth[0, :2], truth[1, :2] = 1, 1
    logits = torch.stack([torch.full((4, 4), -5.0), (truth[0] - 0.5) * 9])
    slots = assign(logits, truth, torch.tensor([False, True]))
    assert slots.tolist() == [0, 1]
