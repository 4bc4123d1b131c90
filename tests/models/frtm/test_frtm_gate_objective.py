"""A gate that is trained alone: what it is shown, what it is told of that, and what learns."""

import pytest
import torch
from torch import Tensor

from segue.models.frtm.gate_objective import gate_objective
from segue.models.frtm.network import FrtmNetwork, ReuseParts
from segue.nn.reuse.objective import GateLossSettings

BATCH, TIME = 2, 3


def losses(net: FrtmNetwork, step: int = 8) -> dict[str, Tensor]:
    """Of a square of 32 pixels that moves ``step`` pixels a frame."""
    frames = torch.rand(BATCH, TIME, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    masks = torch.zeros(BATCH, TIME, 64, 96, dtype=torch.bool)
    for t in range(TIME):
        masks[:, t, 16:48, 4 + step * t : 36 + step * t] = True
    return gate_objective(net, frames, masks, masks, GateLossSettings())


@pytest.fixture
def net() -> FrtmNetwork:
    torch.manual_seed(0)
    return FrtmNetwork("resnet18", pretrained=False, width=16, gated=True, compared="mask").train()


def test_gate_template_and_delta_learn_and_nothing_else(net: FrtmNetwork) -> None:
    sum(losses(net).values(), torch.zeros(())).backward()
    assert net.reuse is not None
    for part in (net.reuse.gate, net.reuse.matching, net.reuse.delta):
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in part.parameters())
    for other in (net.backbone, net.refiner, net.reuse.translator):
        assert all(p.grad is None for p in other.parameters())


def test_the_gate_is_told_how_far_the_last_computed_mask_agrees(
    net: FrtmNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Tensor] = []

    def loss(said: Tensor, decided: Tensor, targets: Tensor, *more: object) -> Tensor:
        told.append(targets)
        return (said - targets).square().mean()

    monkeypatch.setattr("segue.models.frtm.gate_objective.gate_loss", loss)
    losses(net, 8)
    # 8 pixels on: 24 of 40 in common. The frame itself agrees, one of another clip does not.
    assert told[0].tolist() == pytest.approx([0.6] * BATCH + [1.0] * BATCH + [0.0] * BATCH)


def test_features_of_any_scale_leave_a_mask_to_be_seen() -> None:
    torch.manual_seed(0)
    parts = ReuseParts(8, 16, "mask", normalised=True).train()
    features, masks = torch.randn(4, 8, 12, 16), torch.rand(4, 1, 12, 16).round()
    small, large = (
        parts.dissimilarity(features * scale, masks, parts.template(features * scale, masks))
        for scale in (1.0, 1000.0)
    )
    torch.testing.assert_close(small, large, rtol=1e-3, atol=1e-3)
