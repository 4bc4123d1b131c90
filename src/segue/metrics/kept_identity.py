"""Whether objects are still told apart: each mask against the true masks of all objects of a frame (ours)."""

from dataclasses import dataclass

import numpy as np

from segue.types import BACKGROUND, VOID, Labels

KEPT_IOU = 0.5
"""A mask that overlaps a true one by more overlaps no other by so much, since true masks are disjoint."""


@dataclass(frozen=True, slots=True)
class IdentityCounts:
    """What became of objects; counts of other frames and videos add."""

    kept: int = 0
    """Objects whose mask overlaps their own true mask with an IoU above ``KEPT_IOU``."""
    exchanged: int = 0
    """Objects whose mask overlaps that of another object so much."""
    lost: int = 0
    """All others."""

    def __add__(self, other: "IdentityCounts") -> "IdentityCounts":
        return IdentityCounts(
            self.kept + other.kept, self.exchanged + other.exchanged, self.lost + other.lost
        )

    @property
    def objects(self) -> int:
        """How many there are."""
        return self.kept + self.exchanged + self.lost

    @property
    def share_kept(self) -> float | None:
        """In [0, 1]; ``None`` without objects."""
        return self.kept / self.objects if self.objects else None


def identity_counts(predicted: Labels, truth: Labels) -> IdentityCounts:
    """What became of the objects of a true frame; where the truth is void, nothing counts.

    Args:
        predicted: Ids as in the truth.
        truth: Every id but background and void is an object.
    """
    both = 256 * truth.astype(np.int64) + predicted
    pixels = np.bincount(both.ravel(), minlength=256 * 256).reshape(256, 256)
    pixels[VOID] = 0
    found, there = pixels.sum(axis=0), pixels.sum(axis=1)
    union = np.maximum(found + there[:, None] - pixels, 1)
    match = pixels > KEPT_IOU * union
    match[[BACKGROUND, VOID]] = False
    outcomes = IdentityCounts()
    for key in np.flatnonzero(there).tolist():
        if key in (BACKGROUND, VOID):
            continue
        kept, elsewhere = bool(match[key, key]), bool(match[:, key].any())
        outcomes += IdentityCounts(kept, elsewhere and not kept, not elsewhere)
    return outcomes
