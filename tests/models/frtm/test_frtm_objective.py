"""The objective of FRTM on a drawn clip: what learns, from what, and by which rule."""

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from segue.models.frtm import objective as module
from segue.models.frtm.network import FrtmNetwork
from segue.models.frtm.objective import ObjectiveSettings, fit_targets, objective
from segue.models.frtm.settings import OFFLINE, FrtmSettings
from segue.models.frtm.target_model import TargetModel

TARGETS = FrtmSettings.parse(
    {
        **OFFLINE,
        "backbone": "resnet18",
        "channels": 8,
        "init_iterations": (5, 5),
        "filter_iterations": 5,
        "augmentation": {"samples": 1},
    }
)


def clip(batch: int = 2, time: int = 3) -> tuple[Tensor, Tensor]:
    """A red square over grey noise, further right on each frame; the second sample moves faster."""
    generator = torch.Generator().manual_seed(0)
    frames = 0.4 + 0.2 * torch.rand(batch, 1, 3, 64, 96, generator=generator)
    frames = frames.repeat(1, time, 1, 1, 1)
    masks = torch.zeros(batch, time, 64, 96, dtype=torch.bool)
    for b in range(batch):
        for t in range(time):
            left = 4 + 8 * t * (b + 1)
            masks[b, t, 16:48, left : left + 32] = True
            frames[b, t, :, 16:48, left : left + 32] = torch.tensor([0.9, 0.1, 0.1])[:, None, None]
    return frames, masks


def network(gated: bool = True) -> FrtmNetwork:
    torch.manual_seed(0)
    return FrtmNetwork("resnet18", pretrained=False, width=16, gated=gated).train()


def fitted(net: FrtmNetwork, frames: Tensor, masks: Tensor) -> list[TargetModel]:
    return fit_targets(net, frames[:, :1], masks[:, :1], TARGETS)


def losses(net: FrtmNetwork, data: tuple[Tensor, Tensor], **changes: Any) -> dict[str, Tensor]:
    settings = ObjectiveSettings.parse(changes)
    return objective(net, *data, fitted(net, *data), settings)


def decide(net: FrtmNetwork, reuse: bool) -> None:
    """Make the gate say the same whatever it sees."""
    assert net.reuse is not None
    last: Any = net.reuse.gate.layers[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([3.0, -3.0] if reuse else [-3.0, 3.0]))


def test_target_models_are_fitted_to_the_first_frame() -> None:
    net, (frames, masks) = network(), clip()
    models = fitted(net, frames, masks)
    scores = module._score(models, net.look(frames[:, 0])[16])
    small = torch.nn.functional.avg_pool2d(masks[:, :1].float(), 16)
    assert scores[small == 1].mean() > scores[small == 0].mean() + 0.5
    assert not any(m.filter.requires_grad or m.projection.requires_grad for m in models)


def test_without_a_gate_there_is_one_loss_and_all_of_the_decoder_learns() -> None:
    net = network(gated=False)
    found = losses(net, clip())
    assert found.keys() == {"cross_entropy"}
    found["cross_entropy"].backward()
    assert all(p.grad is not None for p in net.refiner.parameters())
    assert all(p.grad is None for p in net.backbone.parameters())


def test_the_gate_learns_from_the_error_of_the_mask_alone() -> None:
    net = network()
    assert net.reuse is not None
    found = losses(net, clip())
    assert found.keys() == {"cross_entropy", "delta", "gate"}
    found["cross_entropy"].backward()
    for name in ("gate.layers.1.weight", "gate.layers.4.weight", "matching.template_key.0.weight"):
        gradient = net.reuse.get_parameter(name).grad
        assert gradient is not None
        assert float(gradient.abs().max()) > 0, name


@pytest.mark.parametrize("reuse", [True, False])
def test_the_loss_goes_back_through_what_is_carried_over(reuse: bool) -> None:
    net, data = network(), clip(time=4)
    decide(net, reuse)
    assert net.reuse is not None
    maps: list[Tensor] = []
    translate = net.reuse.translator.forward

    def watched(refined: Tensor, delta: Tensor) -> Tensor:
        refined.retain_grad()
        maps.append(refined)
        return translate(refined, delta)

    net.reuse.translator.forward = watched  # type: ignore[method-assign]
    losses(net, data)["cross_entropy"].backward()
    gradients = [float(refined.grad.abs().max()) for refined in maps if refined.grad is not None]
    # A computed frame owes nothing to the one before it.
    assert [g > 0 for g in gradients] == [reuse] * 3


def carried(path: str, reuse: bool) -> list[bool]:
    """Whether the map that is carried over changes after frames 1 and 2."""
    net, data = network(), clip(time=4)
    decide(net, reuse)
    assert net.reuse is not None
    maps: list[Tensor] = []
    translate = net.reuse.translator.forward

    def watched(refined: Tensor, delta: Tensor) -> Tensor:
        maps.append(refined.detach())
        return translate(refined, delta)

    net.reuse.translator.forward = watched  # type: ignore[method-assign]
    losses(net, data, path=path)
    return [not torch.equal(one, after) for one, after in itertools.pairwise(maps)]


def test_the_carried_map_follows_the_rule_of_the_test_or_the_released_one() -> None:
    assert carried("as-tested", reuse=True) == [False, False]
    assert carried("as-tested", reuse=False) == [True, True]
    assert carried("released", reuse=False) == [False, False]
    # Made again from the first frame, but from its mask instead of its scores; after that it is the same again.
    assert carried("released", reuse=True) == [True, False]


@pytest.mark.parametrize(("reuse", "overlaps"), [(True, [0.6, 0.3333]), (False, [0.6, 0.6])])
def test_the_target_of_the_gate_is_the_overlap_with_the_last_computed_frame(
    reuse: bool, overlaps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    net = network()
    decide(net, reuse)
    seen: list[float] = []
    original = module.gate_loss

    def watched(p: Tensor, d: Tensor, same: Tensor, *rest: Any) -> Tensor:
        seen.append(float(same))
        return original(p, d, same, *rest)

    monkeypatch.setattr(module, "gate_loss", watched)
    losses(net, clip(batch=1))
    # The square of 32 moves by 8: 24 of 40 columns are shared, and 16 of 48 with the first frame.
    assert seen == pytest.approx(overlaps, abs=1e-4)


def test_training_on_one_clip_brings_every_loss_down() -> None:
    net, data = network(), clip()
    models = fitted(net, *data)
    optimiser = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=3e-3)
    history = []
    for _ in range(12):
        found = objective(net, *data, models, ObjectiveSettings())
        optimiser.zero_grad()
        torch.stack(list(found.values())).sum().backward()
        optimiser.step()
        history.append({name: loss.item() for name, loss in found.items()})
    for name in ("cross_entropy", "delta", "gate"):
        assert history[-1][name] < 0.8 * history[0][name], history
