"""Target model, decoder, merging and settings of FRTM."""

import pytest
import torch
import torch.nn.functional as F

from segue.errors import SettingsError
from segue.models.frtm.memory import Sample
from segue.models.frtm.merging import merge, winners
from segue.models.frtm.refiner import Refiner
from segue.models.frtm.settings import OFFLINE, FrtmSettings, variant
from segue.models.frtm.target_model import (
    TargetModel,
    TargetState,
    fit,
    initial_model,
    remember,
)
from segue.nn.resnet import CHANNELS
from segue.nn.weights import describe


@pytest.mark.parametrize(("backbone", "total"), [("resnet18", 1_226_129), ("resnet101", 1_410_449)])
def test_decoder_parameters(backbone: str, total: int) -> None:
    assert describe(Refiner(CHANNELS[backbone]))["total"] == total


def test_target_model_parameters() -> None:
    model = initial_model(256, FrtmSettings().channels, torch.Generator())
    assert model.projection.numel() + model.filter.numel() == 25_440


def test_initial_weights_are_within_the_bound_and_fill_it() -> None:
    model = initial_model(256, 96, torch.Generator().manual_seed(0))
    for weights, bound in ((model.projection, 256**-0.5), (model.filter, 864**-0.5)):
        assert bound * 0.97 < float(weights.abs().max()) <= bound


@pytest.mark.parametrize("head", ["two-step", "direct"])
def test_the_decoder_reaches_any_size(head: str) -> None:
    refiner = Refiner({4: 5, 8: 6, 16: 7, 32: 8}, width=8, head=head).eval()  # type: ignore[arg-type]
    channels, size = {4: 5, 8: 6, 16: 7, 32: 8}, (65, 97)
    features = {s: torch.rand(1, c, -(-65 // s), -(-97 // s)) for s, c in channels.items()}
    reduced = refiner.reduce(features)
    coarse, other = torch.rand(1, 1, 5, 7), torch.rand(1, 1, 5, 7)
    assert refiner(reduced, coarse, size).shape == (1, 1, 65, 97)
    assert not torch.allclose(refiner(reduced, coarse, size), refiner(reduced, other, size))


def toy(samples: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Features whose first channel marks a moving square, and that square as label."""
    features = torch.rand(samples, 6, 8, 9, generator=torch.Generator().manual_seed(0)) * 0.2
    labels = torch.zeros(samples, 128, 144)
    for i in range(samples):
        features[i, 0, 2:5, i : i + 3] += 1
        labels[i, 32:80, 16 * i : 16 * (i + 3)] = 1
    return features, labels


def fitted(settings: FrtmSettings) -> TargetState:
    features, labels = toy()
    model = initial_model(6, settings.channels, torch.Generator().manual_seed(3))
    return fit(model, features, labels, torch.ones_like(labels), settings)


SMALL = FrtmSettings(channels=4, init_iterations=(5, 5, 5), memory_size=6)


def test_a_fitted_target_model_finds_the_object_elsewhere() -> None:
    state = fitted(SMALL)
    features, labels = toy(5)
    scores = state.model.score(state.model.project(features[4:]))
    found = F.interpolate(scores, (128, 144), mode="bilinear")[0, 0] > 0.5
    truth = labels[4] > 0
    assert (found & truth).sum() / (found | truth).sum() > 0.7


def test_the_last_step_solves_for_the_filter() -> None:
    features, labels = (values.double() for values in toy())
    drawn = initial_model(6, 4, torch.Generator().manual_seed(3))
    start = TargetModel(drawn.projection.double(), drawn.filter.double())
    # Linear, 36 unknowns, badly conditioned: given time, conjugate gradients arrive.
    settings = SMALL.model_copy(update={"filter_iterations": 200})
    state = fit(start, features, labels, torch.ones_like(labels), settings)
    seen = torch.stack([s.features for s in state.memory.samples])

    def slope(kernel: torch.Tensor) -> float:
        kernel = kernel.clone().requires_grad_()
        scores = F.interpolate(F.conv2d(seen, kernel, padding=1), (128, 144), mode="bilinear")
        errors = (scores[:, 0] - labels).square().sum(dim=(1, 2))
        # Two samples weigh 2/3 and 1/3; the decay of the filter is 0.01.
        loss = errors @ errors.new_tensor([2 / 3, 1 / 3]) + 1e-4 * kernel.square().sum()
        return float(torch.autograd.grad(loss, kernel)[0].norm())

    assert slope(state.model.filter) < 1e-6 * slope(start.filter)


def test_the_filter_is_updated_every_eighth_call_and_the_projection_never() -> None:
    state = fitted(SMALL)
    start = state.model
    sample = Sample(torch.rand(4, 8, 9), (torch.rand(128, 144) > 0.5).float(), torch.ones(128, 144))
    changed = []
    for call in range(1, 17):
        before = state.model.filter
        state = remember(_called(state, call), sample, SMALL)
        changed.append(not torch.equal(before, state.model.filter))
    assert [call for call, new in enumerate(changed, start=1) if new] == [8, 16]
    assert state.model.projection is start.projection
    assert len(state.memory.samples) == 6


def test_a_correction_updates_at_once() -> None:
    state = fitted(SMALL)
    sample = Sample(torch.rand(4, 8, 9), torch.ones(128, 144), torch.ones(128, 144))
    after = remember(_called(state, 1), sample, SMALL, at_once=True)
    assert not torch.equal(after.model.filter, state.model.filter)


def _called(state: TargetState, calls: int) -> TargetState:
    return TargetState(state.model, state.memory, state.search, calls)


def test_merging_by_hand() -> None:
    probabilities = torch.tensor([0.8, 0.6])[:, None, None]
    # Odds 4, 1.5 and, for the background min(0.2, 0.4) = 0.2, 0.25; e^4 / (e^4 + e^1.5 + e^0.25).
    assert merge(probabilities).flatten().tolist() == pytest.approx([0.9044815, 0.0], abs=1e-4)
    assert merge(probabilities, "odds").flatten().tolist() == pytest.approx([4 / 5.75, 0.0])


def test_merging_keeps_certainties_apart() -> None:
    probabilities = torch.tensor([[[1.0, 0.0, 1.0]], [[0.0, 0.0, 1.0]]])
    merged = merge(probabilities)
    assert torch.isfinite(merged).all()
    assert winners(merged)[0, :2].tolist() == [1, 0]
    assert merged[:, 0, 1].tolist() == [0, 0]


def test_a_tie_between_objects_goes_to_the_background() -> None:
    assert winners(merge(torch.full((2, 1, 1), 0.5))).item() == 0


@pytest.mark.parametrize("rule", ["softmax-odds", "odds"])
def test_a_single_object_is_cut_at_one_half(rule: str) -> None:
    probabilities = torch.tensor([[[0.3, 0.49, 0.51, 0.9]]])
    assert winners(merge(probabilities, rule)).tolist() == [[0, 0, 1, 1]]  # type: ignore[arg-type]


def test_variants_follow_the_paper() -> None:
    plain, fast = variant("frtm"), variant("frtm-fast")
    assert (plain.backbone, plain.init_iterations) == ("resnet101", (5, 10, 10, 10, 10))
    assert (fast.backbone, fast.init_iterations) == ("resnet18", (5, 10, 10, 10))
    assert (plain.update_iterations, fast.update_iterations) == (10, 5)
    assert variant("frtm-fast", {"seed": 4}).seed == 4
    assert variant("frtm", OFFLINE).channels == 32


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"memory_sise": 3}, "memory_size"),
        ({"memory_rate": 1.5}, "memory_rate"),
        ({"memory_size": 3}, "augmentation.samples"),
    ],
)
def test_bad_settings_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        variant("frtm", values)
