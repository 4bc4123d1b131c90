"""Clusters of vectors: k-means that gives the same for the same vectors and seed."""

import torch
from jaxtyping import Float
from torch import Tensor

Vectors = Float[Tensor, "vectors width"]
Means = Float[Tensor, "clusters width"]

_ROUNDS = 20
_MOST = 20_000
"""Vectors that are looked at; of more, every so many-th is."""


def k_means(vectors: Vectors, count: int, seed: int = 0) -> Means:
    """Means of clusters (k-means++ and Lloyd's rounds); fewer than ``count`` where vectors are few, or the same.

    Args:
        vectors: Any number, none too.
        count: Clusters at most.
        seed: Of the first choices.
    """
    vectors = vectors[:: max(-(-len(vectors) // _MOST), 1)]
    if not len(vectors):
        return vectors
    means = _first(vectors, count, seed)
    for _ in range(_ROUNDS):
        nearest = squared_distances(vectors, means).argmin(1)
        owned = nearest == torch.arange(len(means), device=vectors.device)[:, None]
        sizes = owned.sum(1)
        kept = sizes > 0
        moved = owned[kept].to(vectors.dtype) @ vectors / sizes[kept, None]
        if moved.shape == means.shape and torch.equal(moved, means):
            break
        means = moved
    return means


def farthest(
    vectors: Vectors, distances: Float[Tensor, " vectors"], count: int
) -> Float[Tensor, "chosen width"]:
    """Vectors far from what is there already and from each other; those at distance 0 are never chosen.

    Args:
        vectors: To choose from.
        distances: Squared distance of each to the nearest point that is there already.
        count: How many at most.
    """
    chosen = []
    for _ in range(count):
        distance, index = distances.max(0)
        if not distance > 0:
            break
        chosen.append(vectors[index])
        distances = torch.minimum(distances, squared_distances(vectors, vectors[index][None])[:, 0])
    return torch.stack(chosen) if chosen else vectors[:0]


def squared_distances(
    vectors: Vectors, points: Float[Tensor, "points width"]
) -> Float[Tensor, "vectors points"]:
    """Between all vectors and all points; exactly 0 for equal ones."""
    return torch.stack([(vectors - point).square().sum(1) for point in points], 1)


def _first(vectors: Vectors, count: int, seed: int) -> Means:
    """k-means++: each further choice is drawn by its squared distance to those before."""
    generator = torch.Generator().manual_seed(seed)
    index = int(torch.randint(len(vectors), (1,), generator=generator))
    chosen = vectors[index][None]
    while len(chosen) < count:
        weights = squared_distances(vectors, chosen).amin(1)
        if not weights.sum() > 0:
            break
        index = int(torch.multinomial(weights.double().cpu(), 1, generator=generator))
        chosen = torch.cat([chosen, vectors[index][None]])
    return chosen
