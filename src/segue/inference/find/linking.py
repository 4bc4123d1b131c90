"""Sightings of several looks, linked into objects."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

ItemT = TypeVar("ItemT")

LEAST_LIKE = 0.5
"""Two sightings that are less alike show different objects (ours)."""
_REMEMBERED = 3
"""Sightings of an object that a new one is compared with: an object may have been half hidden on the last."""


def link(
    looks: Sequence[Sequence[ItemT]],
    likeness: Callable[[ItemT, ItemT], float],
    least: float = LEAST_LIKE,
) -> list[list[tuple[int, int]]]:
    """Chains of sightings, none of which has two of one look; each sighting is in one chain.

    Look after look, new sightings go to the objects so far: of all one-to-one assignments the one with the largest sum
    of likenesses (Hungarian method). A sighting without an object that is like it begins a new one. An object
    that was away for some looks is found again.

    Args:
        looks: Sightings by look, in the order of the frames.
        likeness: Of two sightings, 0 to 1.
        least: Likeness of two sightings of one object.

    Returns:
        For each object the places of its sightings: number of the look, and place in it; in the order of the frames.
    """
    chains: list[list[tuple[int, int]]] = []
    for number, items in enumerate(looks):
        table = np.zeros((len(chains), len(items)))
        for row, chain in enumerate(chains):
            for column, item in enumerate(items):
                remembered = chain[-_REMEMBERED:]
                table[row, column] = max(likeness(looks[k][i], item) for k, i in remembered)
        rows, columns = linear_sum_assignment(np.where(table >= least, table, 0), maximize=True)
        taken = {
            int(column): int(row)
            for row, column in zip(rows, columns, strict=True)
            if table[row, column] >= least
        }
        for column in range(len(items)):
            if column in taken:
                chains[taken[column]].append((number, column))
            else:
                chains.append([(number, column)])
    return chains
