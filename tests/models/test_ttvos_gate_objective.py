import pytest
import torch
from torch import Tensor

from segue.models.ttvos.carrier import Carrier, carrier_for
from segue.models.ttvos.gate_objective import GateObjectiveSettings, gate_objective
from segue.models.ttvos.network import TTVOSNetwork

BATCH, FRAMES = 2, 3


@pytest.fixture(scope="module")
def host() -> TTVOSNetwork:
    torch.manual_seed(0)
    return TTVOSNetwork("ttvos-lite").eval().requires_grad_(False)


def losses(host: TTVOSNetwork, carrier: Carrier) -> dict[str, Tensor]:
    frames = torch.rand(BATCH, FRAMES, 3, 64, 96)
    masks = torch.zeros(BATCH, FRAMES, 64, 96, dtype=torch.bool)
    masks[..., 16:48, 24:64] = True
    return gate_objective(host, carrier, frames, masks, GateObjectiveSettings())


def test_gate_and_translator_learn_and_the_host_does_not(host: TTVOSNetwork) -> None:
    carrier = carrier_for(host, "g-ttvos-lite").train()
    sum(losses(host, carrier).values(), torch.zeros(())).backward()
    assert all(p.grad is None for p in host.parameters())
    assert carrier.translator.leave.weight.grad is not None
    assert carrier.translator.leave.weight.grad.abs().sum() > 0
    assert all(p.grad is not None for p in carrier.matching.parameters())


def test_a_frame_itself_and_a_frame_of_another_clip_are_judged_in_one_batch(
    host: TTVOSNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Judged apart, each kind would be normalised by its own mean, which no single frame has when the gate is used.
    carrier = carrier_for(host, "g-ttvos-lite").train()
    judged = []

    def gate(unlike: Tensor) -> Tensor:
        judged.append(unlike)
        return torch.full((len(unlike),), 0.5)

    monkeypatch.setattr(carrier, "gate", gate)
    losses(host, carrier)
    assert [len(unlike) for unlike in judged] == [3 * BATCH] * (FRAMES - 1)
    this, same, cut = judged[0].chunk(3)
    assert not torch.equal(this, same)
    assert not torch.equal(this, cut)
