"""Gauss-Newton against dense linear algebra."""

import pytest
import torch
from torch import Tensor

from segue.models.frtm.gauss_newton import Search, Vector, conjugate_gradients, gauss_newton

DECAY = (0.3, 0.5)


def bilinear(parameters: Vector) -> Vector:
    """Residuals of a two-layer linear network, 12 data terms and two blocks of decay."""
    first, second = parameters
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(12, 3, generator=generator, dtype=torch.float64)
    targets = torch.randn(12, generator=generator, dtype=torch.float64)
    return inputs @ first @ second - targets, DECAY[0] * first, DECAY[1] * second


def start() -> Vector:
    generator = torch.Generator().manual_seed(2)
    first = torch.randn(3, 2, generator=generator, dtype=torch.float64)
    return first, torch.randn(2, generator=generator, dtype=torch.float64)


def flat_residuals(values: Tensor) -> Tensor:
    parts = bilinear((values[:6].view(3, 2), values[6:]))
    return torch.cat([part.flatten() for part in parts])


def dense_step(values: Tensor) -> Tensor:
    jacobian = torch.autograd.functional.jacobian(flat_residuals, values)
    return values + torch.linalg.solve(jacobian.T @ jacobian, -jacobian.T @ flat_residuals(values))


def flatten(parameters: Vector) -> Tensor:
    return torch.cat([p.flatten() for p in parameters])


@pytest.mark.parametrize("preconditioner", [(1.0, 1.0), DECAY])
def test_enough_iterations_give_the_dense_solution(preconditioner: tuple[float, float]) -> None:
    found, _ = gauss_newton(bilinear, start(), iterations=(8,), preconditioner=preconditioner)
    assert torch.allclose(flatten(found), dense_step(flatten(start())), atol=1e-8)


def test_steps_are_linearised_anew() -> None:
    found, _ = gauss_newton(bilinear, start(), iterations=(8, 8, 8), preconditioner=DECAY)
    expected = dense_step(dense_step(dense_step(flatten(start()))))
    assert torch.allclose(flatten(found), expected, atol=1e-7)


def test_few_iterations_descend_but_do_not_arrive() -> None:
    found, _ = gauss_newton(bilinear, start(), iterations=(2,), preconditioner=DECAY)
    before, after = flat_residuals(flatten(start())), flat_residuals(flatten(found))
    assert after.square().sum() < before.square().sum()
    assert not torch.allclose(flatten(found), dense_step(flatten(start())), atol=1e-3)


def test_the_preconditioner_changes_the_path() -> None:
    plain, _ = gauss_newton(bilinear, start(), iterations=(2,), preconditioner=(1.0, 1.0))
    scaled, _ = gauss_newton(bilinear, start(), iterations=(2,), preconditioner=(1e-2, 1.0))
    assert not torch.allclose(flatten(plain), flatten(scaled), atol=1e-4)


def test_the_search_direction_persists_as_far_as_it_is_not_forgotten() -> None:
    def go_on(forget: float, search: Search | None) -> Tensor:
        options = {"iterations": (2,), "preconditioner": DECAY, "forget": forget}
        return flatten(gauss_newton(bilinear, first, search=search, **options)[0])  # type: ignore[arg-type]

    first, search = gauss_newton(bilinear, start(), iterations=(3,), preconditioner=DECAY)
    kept = [d.clone() for d in search.direction]
    fresh = go_on(1.0, None)
    assert torch.allclose(go_on(0.9**750, search), fresh, rtol=1e-10)
    assert torch.equal(go_on(0.0, search), fresh)
    assert not torch.allclose(go_on(1.0, search), fresh, rtol=1e-6)
    assert all(torch.equal(a, b) for a, b in zip(kept, search.direction, strict=True))


def test_a_direction_that_would_point_back_is_dropped() -> None:
    # Polak-Ribiere: with an old residual twice the new one the factor is negative, hence 0.
    right = (torch.tensor([3.0, -2.0, 1.0]),)

    def normal(vector: Vector) -> Vector:
        return (vector[0] * torch.tensor([1.0, 2.0, 5.0]),)

    def solve(search: Search) -> Tensor:
        return conjugate_gradients(normal, right, 2, (1.0,), 1.0, search)[0][0]

    old = Search((torch.tensor([1.0, 1.0, 1.0]),), (2 * right[0],), torch.tensor(14.0))
    assert torch.equal(solve(old), solve(Search()))
    orthogonal = Search(old.direction, (torch.tensor([0.0, 1.0, 2.0]),), old.rho)
    assert not torch.allclose(solve(orthogonal), solve(Search()), rtol=1e-3)


def test_an_exact_solution_stays_where_it_is() -> None:
    def residuals(parameters: Vector) -> Vector:
        return (parameters[0] * 2,)

    (found,), search = gauss_newton(
        residuals, (torch.zeros(3),), iterations=(3,), preconditioner=(1.0,)
    )
    assert torch.equal(found, torch.zeros(3))
    assert torch.isfinite(search.rho)
