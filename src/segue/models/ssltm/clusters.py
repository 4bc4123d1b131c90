"""Clusters of vectors: k-means that gives the same for the same vectors and seed."""

import torch
from jaxtyping import Float
from torch import Tensor

Vectors = Float[Tensor, "vectors width"]

_ROUNDS = 20
_MOST = 20_000
"""Vectors that are looked at; of more, every so many-th is."""


def k_means(vectors: Vectors, count: int, seed: int = 0) -> Float[Tensor, "clusters width"]:
    """Means of clusters (k-means++ and Lloyd's rounds); fewer than ``count`` where there are fewer different vectors.

    Args:
        vectors: Any number, none too.
        count: Clusters at most.
        seed: Of the first choices.
    """
    vectors = vectors[:: -(-len(vectors) // _MOST) or 1]
    if not len(vectors):
        return vectors
    means = _first(vectors, count, seed)
    for _ in range(_ROUNDS):
        owners = torch.nn.functional.one_hot(
            squared_distances(vectors, means).argmin(1), len(means)
        ).to(vectors.dtype)
        sizes = owners.sum(0)
        moved = torch.where(
            sizes[:, None] > 0, owners.T @ vectors / sizes.clamp_min(1)[:, None], means
        )
        if torch.equal(moved, means):
            break
        means = moved
    return means


def farthest(vectors: Vectors, distances: Tensor, count: int) -> Vectors:
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


def _first(vectors: Vectors, count: int, seed: int) -> Vectors:
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
