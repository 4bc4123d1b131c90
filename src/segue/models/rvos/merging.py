"""From a mask per object, which may overlap, to one object per pixel."""

from collections.abc import Sequence
from math import inf
from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor

Merging = Literal["surest", "area-stability"]
Logits = Float[Tensor, "rows height width"]
Rows = Int64[Tensor, "height width"]
"""The row that a pixel goes to; -1 for none."""

Areas = tuple[int, ...]
"""Pixels of the mask of an object on the last frames, the newest first."""
AREAS_KEPT = 3


def merge_surest(logits: Logits) -> Rows:
    """Each pixel goes to the surest object, if that one is more likely there than not."""
    best, rows = logits.max(0)
    return torch.where(best > 0, rows, torch.full_like(rows, -1))


def merge_stable(logits: Logits, areas: Sequence[Areas]) -> Rows:
    """Where masks overlap, a pixel goes to the object whose area has changed least.

    The change is that from three frames ago to two frames ago, as in the released code of RVOS-MOTS. Objects that are
    newer than that come last, and among equals the surest wins (both ours).

    Args:
        logits: Of each object.
        areas: Of each object.
    """
    changes = [_change(known) for known in areas]
    order = {change: rank for rank, change in enumerate(sorted(set(changes)))}
    ranks = torch.tensor([order[change] for change in changes], device=logits.device)
    shown = logits > 0
    contest = torch.where(shown, ranks[:, None, None], len(order))
    return merge_surest(logits.where(shown & (contest == contest.amin(0)), -inf))


def areas_of(logits: Logits) -> list[int]:
    """Pixels in which each object is more likely than not, other objects left aside."""
    counted: list[int] = (logits > 0).flatten(1).sum(1).tolist()
    return counted


def _change(areas: Areas) -> float:
    return float(abs(areas[1] - areas[2])) if len(areas) == AREAS_KEPT else inf
