"""Gauss-Newton with preconditioned conjugate gradients, all products through automatic derivatives.

Minimises the sum of squares of residuals r(p). Each Gauss-Newton step linearises r at the current
p and solves (J'J) d = -J'r for d by conjugate gradients, starting from zero. J is never formed:
h(g) = J'g is linear in g, so J v is the derivative of <h(g), v> with respect to g.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

Vector = tuple[Tensor, ...]
"""One tensor per block of parameters (or of residuals)."""

Residuals = Callable[[Vector], Vector]
"""Parameters to blocks of residuals, differentiable."""


@dataclass(frozen=True)
class Search:
    """What conjugate gradients remember from one run to the next; empty before the first."""

    direction: tuple[Tensor, ...] = ()
    """The last search direction."""
    residual: tuple[Tensor, ...] = ()
    """The residual of the normal equations before the last one."""
    rho: Tensor = field(default_factory=lambda: torch.zeros(()))
    """The last inner product of residual and preconditioned residual."""


def gauss_newton(
    residuals: Residuals,
    parameters: Vector,
    *,
    iterations: Sequence[int],
    preconditioner: Sequence[float],
    forget: float = 0.0,
    search: Search | None = None,
) -> tuple[Vector, Search]:
    """Parameters after one full step per entry of ``iterations``.

    The step length is 1. The released code lets it grow by 1.2 up to a limit of 1, which changes
    nothing. There is no line search and no early stop.

    Args:
        residuals: The problem.
        parameters: Where to start; not changed.
        iterations: Conjugate-gradient iterations of each Gauss-Newton step.
        preconditioner: One positive number per block; a residual is divided by it.
        forget: What rho is divided by at the start of each run; tiny values restart the search.
        search: What an earlier call returned.
    """
    search = search or Search()
    for count in iterations:
        normal, right = _linearise(residuals, parameters)
        delta, search = conjugate_gradients(normal, right, count, preconditioner, forget, search)
        parameters = tuple(p.detach() + d for p, d in zip(parameters, delta, strict=True))
    return parameters, search


def conjugate_gradients(
    normal: Callable[[Vector], Vector],
    right: Vector,
    iterations: int,
    preconditioner: Sequence[float],
    forget: float,
    search: Search,
) -> tuple[Vector, Search]:
    """An approximate solution of ``normal(x) = right`` and the state of the search.

    Polak-Ribiere directions, clamped so that they never point back; inner products run over all
    blocks together.
    """
    solution = tuple(torch.zeros_like(b) for b in right)
    residual, direction, previous = right, search.direction, search.residual
    rho = search.rho / forget if forget > 0 else search.rho
    if forget == 0:
        direction = ()
    for iteration in range(iterations):
        z = tuple(r / c for r, c in zip(residual, preconditioner, strict=True))
        old_rho, rho = rho, _inner(residual, z)
        if direction:
            beta = _quotient(rho - _inner(previous, z), old_rho).clamp(min=0)
            direction = _add(z, beta, direction)
        else:
            direction = z
        image = normal(direction)
        alpha = _quotient(rho, _inner(direction, image))
        solution = _add(solution, alpha, direction)
        previous = residual
        if iteration < iterations - 1:
            residual = _add(residual, -alpha, image)
    return solution, Search(direction, previous, rho)


def _linearise(
    residuals: Residuals, parameters: Vector
) -> tuple[Callable[[Vector], Vector], Vector]:
    """The product with J'J at the parameters, and -J'r."""
    with torch.enable_grad():
        points = tuple(p.detach().requires_grad_() for p in parameters)
        values = residuals(points)
        cotangents = tuple(v.detach().requires_grad_() for v in values)
        pulled = torch.autograd.grad(values, points, cotangents, create_graph=True)

    def normal(vector: Vector) -> Vector:
        pushed = torch.autograd.grad(pulled, cotangents, vector, retain_graph=True)
        return torch.autograd.grad(values, points, pushed, retain_graph=True)

    return normal, tuple(-h.detach() for h in pulled)


def _inner(left: Vector, right: Vector) -> Tensor:
    total = torch.stack([(a * b).sum() for a, b in zip(left, right, strict=True)])
    return total.sum()


def _add(left: Vector, factor: Tensor, right: Vector) -> Vector:
    return tuple(a + factor * b for a, b in zip(left, right, strict=True))


def _quotient(top: Tensor, bottom: Tensor) -> Tensor:
    # At an exact solution both are zero; the search then stays where it is ("ours").
    return torch.where(bottom == 0, torch.zeros_like(top), top / bottom)
