import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segue.models.lite import target


def random_problem(seed: int, objects: int = 2, channels: int = 3) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(1, channels, 6, 7, generator=generator)
    codes = torch.randn(objects, 4, 42, generator=generator)
    weights = torch.rand(objects, 42, generator=generator)
    return features, codes, weights


def test_solution_equals_dense_weighted_ridge_regression() -> None:
    features, codes, weights = random_problem(0)
    ridge = torch.linspace(0.1, 1.0, 28)
    design = target.design(features)
    found = target.solve(*target.equations(design, codes, weights), ridge)
    for i in range(2):
        # The same problem as an ordinary least-squares system: weighted rows, then the ridge's.
        rows = torch.cat([design[0].T * weights[i].sqrt()[:, None], torch.diag(ridge.sqrt())])
        wanted = torch.cat([codes[i].T * weights[i].sqrt()[:, None], torch.zeros(28, 4)])
        expected = np.linalg.lstsq(rows.double().numpy(), wanted.double().numpy())[0]
        assert np.allclose(found[i].numpy(), expected, atol=1e-4)


def test_applying_the_filter_equals_the_regression_on_unfolded_features() -> None:
    features, codes, weights = random_problem(1)
    design = target.design(features)
    coefficients = target.solve(*target.equations(design, codes, weights), torch.ones(28))
    maps = target.apply(coefficients, features)
    expected = (coefficients.mT @ design).reshape(2, 4, 6, 7)
    assert torch.allclose(maps, expected, atol=1e-4)
    both = target.apply(coefficients, features.expand(2, -1, -1, -1))
    assert torch.allclose(both, maps, atol=1e-5)


def test_equations_of_a_video_add() -> None:
    first, second = random_problem(2, objects=1), random_problem(3, objects=1)
    parts = [target.equations(target.design(f), c, w) for f, c, w in (first, second)]
    design = torch.cat([target.design(first[0]), target.design(second[0])], 2)
    whole = target.equations(
        design, torch.cat([first[1], second[1]], 2), torch.cat([first[2], second[2]], 1)
    )
    for i in range(2):
        assert torch.allclose(parts[0][i] + parts[1][i], whole[i], atol=1e-4)


def test_equations_of_objects_that_share_a_frame_are_those_of_each_alone() -> None:
    generator = torch.Generator().manual_seed(4)
    design = target.design(torch.randn(1, 3, 6, 7, generator=generator))
    codes = torch.randn(3, 4, 42, generator=generator)
    mask = torch.rand(3, 42, generator=generator) * (torch.rand(3, 42, generator=generator) > 0.6)
    mask[2] = 0  # an object that is not there
    valid = torch.ones(1, 42)
    valid[0, ::5] = 0
    valid[0, 1] = 0.5
    found = target.shared_equations(design, codes, mask, valid)
    others = (mask.sum(0) - mask).clamp(0, 1)
    expected = target.equations(design, codes, target.pixel_weights(mask, valid, others))
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


@given(share=st.floats(0, 1), seed=st.integers(0, 99))
def test_pixel_weights_sum_to_one_and_lift_small_objects(share: float, seed: int) -> None:
    mask = torch.from_numpy(np.random.default_rng(seed).random((1, 400)) < share).float()
    weights = target.pixel_weights(mask, torch.ones_like(mask), torch.zeros_like(mask))
    area = mask.mean().item()
    if 0 < area < 1:
        assert weights.sum().item() == pytest.approx(1, abs=1e-3)
        influence = (weights * mask).sum().item()
        assert influence == pytest.approx(max(area, 0.15), abs=1e-3)


def test_void_teaches_nothing() -> None:
    mask = torch.zeros(1, 16)
    mask[0, 4:8] = 1
    valid = torch.ones(1, 16)
    valid[0, 4:6] = 0
    weights = target.pixel_weights(mask, valid, torch.zeros_like(mask))[0]
    assert (weights[4:6] == 0).all()
    assert (weights[6:8] > 0).all()


@given(area=st.integers(1, 60), other=st.integers(1, 60))
def test_other_objects_have_a_share_of_the_influence_however_small(area: int, other: int) -> None:
    mask, others = torch.zeros(1, 400), torch.zeros(1, 400)
    mask[0, :area], others[0, 100 : 100 + other] = 1, 1
    weights = target.pixel_weights(mask, torch.ones_like(mask), others)
    assert weights.sum().item() == pytest.approx(1, abs=1e-3)
    background = weights[mask == 0].sum().item()
    share = weights[others == 1].sum().item() / background
    per_pixel = weights[0, 100] / weights[0, 399]
    assert share == pytest.approx(0.3, abs=1e-3) or per_pixel == pytest.approx(21, abs=0.1)
    assert (weights[mask == 1].sum().item()) == pytest.approx(max(area / 400, 0.15), abs=1e-3)
