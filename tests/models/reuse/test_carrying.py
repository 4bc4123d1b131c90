"""Evidence, network and carriers: masks go where the picture goes."""

import cv2
import numpy as np
import pytest
import torch

from segue.models.reuse.carrier import Carried, Carrier, FlowCarrier, MaskCarrier
from segue.models.reuse.evidence import CHANNELS, MOVED, Motion, gather
from segue.models.reuse.network import CarryNetwork
from segue.models.reuse.objective import ObjectiveSettings, objective

SIZE = (240, 400)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    coarse = np.random.default_rng(1).integers(0, 256, (40, 66, 3)).astype(np.uint8)
    return cv2.resize(coarse, (SIZE[1] + 80, SIZE[0] + 40), interpolation=cv2.INTER_CUBIC)


def frame(picture: np.ndarray, shift: int) -> np.ndarray:
    """The whole picture goes to the right."""
    left = 40 - shift
    return np.ascontiguousarray(picture[20 : 20 + SIZE[0], left : left + SIZE[1]])


def square(shift: int = 0, number: int = 1) -> np.ndarray:
    labels = np.zeros(SIZE, np.uint8)
    labels[90:150, 150 + shift : 230 + shift] = number
    return labels


def film(
    carrier: Carrier,
    picture: np.ndarray,
    labels: np.ndarray,
    ids: tuple[int, ...],
    shifts: tuple[int, ...],
) -> list[Carried]:
    """What is carried to each frame of a film that begins with the labels."""
    memory = carrier.begin(frame(picture, 0), labels, ids)
    found = []
    for shift in shifts:
        carried, memory = carrier.carry(frame(picture, shift), memory)
        found.append(carried)
    return found


@pytest.fixture(scope="module")
def network() -> CarryNetwork:
    """Untrained: it leaves moved masks as they are."""
    torch.manual_seed(0)
    return CarryNetwork()


def test_evidence_is_the_moved_mask_and_what_changed(picture: np.ndarray) -> None:
    now, last = (frame(picture, s)[:192, :352] for s in (6, 0))
    mask = np.zeros((1, 192, 352), np.uint8)
    mask[0, 60:120, 100:180] = 255
    flow = Motion().back(now, last)
    assert np.median(flow[40:-40, 40:-40, 0]) == pytest.approx(-6, abs=0.3)
    found = gather(now, last, mask, flow, gap=5)
    assert found.shape == (1, CHANNELS, 192, 352)
    expected = np.zeros((192, 352))
    expected[60:120, 106:186] = 1
    assert np.abs(found[0, MOVED] - expected).mean() < 0.003
    assert np.array_equal(found[0, 1:4], now.transpose(2, 0, 1).astype(np.float32) / 255)
    assert np.abs(found[0, 4:7, 20:-20, 20:-20]).mean() < 0.02
    assert (found[0, 9] == 0.5).all()


def test_an_untrained_network_moves_masks_and_reuses_little(network: CarryNetwork) -> None:
    evidence = torch.rand(2, CHANNELS, 64, 96)
    logits, gate = network.eval()(evidence)
    assert torch.equal(logits > 0, evidence[:, MOVED] > 0.5)
    assert logits.shape == (2, 64, 96)
    assert gate.sigmoid().max() < 0.5


@pytest.mark.parametrize("which", ["masks", "flow"])
def test_labels_follow_the_picture(which: str, picture: np.ndarray, network: CarryNetwork) -> None:
    carrier: Carrier = MaskCarrier(network) if which == "masks" else FlowCarrier()
    carried = film(carrier, picture, square(number=7), (7,), shifts=(6, 12, 18))[-1]
    wanted = square(18, number=7)
    both = (carried.labels == 7) & (wanted == 7)
    either = (carried.labels == 7) | (wanted == 7)
    assert both.sum() / either.sum() > 0.95
    assert set(np.unique(carried.labels)) == {0, 7}
    assert set(carried.scores) == {7}
    assert not carried.scores[7].absent


def test_two_objects_keep_their_numbers(picture: np.ndarray, network: CarryNetwork) -> None:
    labels = square(number=3)
    labels[20:60, 300:340] = 9
    carried = film(MaskCarrier(network), picture, labels, (3, 9), shifts=(4,))[0]
    for number in (3, 9):
        moved = np.roll(labels == number, 4, axis=1)
        found = carried.labels == number
        assert (moved & found).sum() / (moved | found).sum() > 0.93


def test_the_same_frame_keeps_its_labels_to_the_pixel(
    picture: np.ndarray, network: CarryNetwork
) -> None:
    labels = square()
    for carried in film(MaskCarrier(network), picture, labels, (1,), shifts=(0, 0)):
        assert np.array_equal(carried.labels, labels)
        assert carried.labels is not labels
        assert carried.scores[1].gate == 1


def test_an_absent_object_is_worth_a_look_after_a_while(
    picture: np.ndarray, network: CarryNetwork
) -> None:
    nothing = np.zeros(SIZE, np.uint8)
    found = film(MaskCarrier(network), picture, nothing, (1,), shifts=(3,) * 60)
    assert all(carried.scores[1].absent and not carried.labels.any() for carried in found)
    said = [carried.scores[1].gate for carried in found]
    assert said[0] > said[10] > said[-1] == 0


def test_the_flow_carrier_sees_a_cut(picture: np.ndarray) -> None:
    other = np.random.default_rng(5).integers(0, 256, (*SIZE, 3), np.uint8)
    carrier = FlowCarrier()
    memory = carrier.begin(frame(picture, 0), square(), (0, 1))
    near, _ = carrier.carry(frame(picture, 3), memory)
    far, _ = carrier.carry(other, memory)
    assert near.scores[0].gate > 0.9
    assert far.scores[0].gate < 0.6


def test_it_learns_to_correct_masks_and_to_know_how_right_they_are() -> None:
    torch.manual_seed(0)
    network = CarryNetwork().train()
    evidence = torch.rand(4, CHANNELS, 32, 48)
    truth = evidence[:, 2] > 0.6  # what the green channel says, not the moved mask
    still, unseen, given = torch.zeros(4), torch.zeros(4), torch.ones(4)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    begin, losses = None, {}
    for _ in range(25):
        losses = objective(network, evidence, truth, unseen, given, still, ObjectiveSettings())
        total = torch.stack(list(losses.values())).sum()
        begin = total.item() if begin is None else begin
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
    assert total.item() < 0.7 * begin


def test_the_target_of_the_gate_is_the_quality_that_is_kept(network: CarryNetwork) -> None:
    """With a gate that always says one half, the loss is the squared distance of the IoU from it."""
    torch.nn.init.zeros_(network.gate[2].weight)
    torch.nn.init.zeros_(network.gate[2].bias)
    network.eval()
    evidence = torch.zeros(1, CHANNELS, 32, 48)
    evidence[0, MOVED, :16] = 1
    truth = torch.zeros(1, 32, 48, dtype=torch.bool)
    truth[0, 8:24] = True
    area = 8 * 48
    settings = ObjectiveSettings(gate_weight=1)

    def loss(unseen: float, still: float, given: float = 1.0, **changes: str) -> float:
        chosen = settings.model_copy(update=changes)
        values = [torch.tensor([x]) for x in (unseen, given, still)]
        return objective(network, evidence, truth, *values, chosen)["gate"].item()

    assert loss(0.0, 0.9) == pytest.approx((0.5 - 1 / 3) ** 2)
    assert loss(float(area), 0.9) == pytest.approx((0.5 - 1 / 4) ** 2)
    assert loss(0.0, 0.9, given=0.5) == pytest.approx((0.5 - 2 / 3) ** 2)
    assert loss(0.0, 0.9, given=0.2) == pytest.approx((0.5 - 1) ** 2)
    assert loss(0.0, 0.9, expected="still") == pytest.approx((0.5 - 0.9) ** 2)
