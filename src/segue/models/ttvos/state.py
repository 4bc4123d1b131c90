"""The memory of a video, of constant size whatever its length; row ``i`` of a tensor belongs to object ``ids[i]``."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

RowsT = TypeVar("RowsT")


@dataclass(frozen=True, slots=True)
class Memory:
    """What the network remembers of its objects, from the last frame on which each was computed."""

    template: Float[Tensor, "objects channels channels"]
    history: Float[Tensor, "objects 6 height8 width8"]
    """Masks (background and object) of the last three computed frames, newest first."""
    deep: Float[Tensor, "objects _ height16 width16"]
    """Stride-16 features of the last computed frame."""
    first_masks: Float[Tensor, "objects 2 height8 width8"]
    """Where the object was given; both channels 0 where that is not known (void, outside the frame)."""
    first_keys: Float[Tensor, "objects keys height8 width8"] | None
    """Keys of the frame on which it was given; ``None`` in the variants of the paper."""
    last_keys: Float[Tensor, "objects keys height8 width8"] | None


@dataclass(frozen=True, slots=True)
class Carried:
    """What a reused frame starts from: all of the last frame on which the object was computed."""

    template: Float[Tensor, "objects width width"]
    """Of the gate's own template matching."""
    glance: Float[Tensor, "objects _ height8 width8"]
    mask: Float[Tensor, "objects 1 height8 width8"]
    middle: Float[Tensor, "objects inter height8 width8"]
    last: Float[Tensor, "objects _ height4 width4"]
    """What the decoder's last layer saw."""


@dataclass(frozen=True, slots=True)
class TTVOSState:
    """The memory of a video."""

    size_hw: tuple[int, int]
    ids: tuple[int, ...]
    memory: Memory
    carried: Carried | None = None
    """``None`` without a gate."""


def take(record: RowsT, rows: Sequence[int]) -> RowsT:
    """Some rows of every tensor of a record, in that order."""
    index = list(rows)
    return _each(record, lambda value: value[index])


def put(record: RowsT, rows: Sequence[int], new: RowsT) -> RowsT:
    """A record with some rows replaced."""
    index, whole = list(rows), len(rows) == len(next(iter(_tensors(record).values())))
    if whole and index == sorted(index):
        return new
    changed = {}
    for name, value in _tensors(record).items():
        changed[name] = value.clone()
        changed[name][index] = _tensors(new)[name]
    return replace(record, **changed)  # type: ignore[type-var]


def append(record: RowsT, new: RowsT) -> RowsT:
    """A record with more rows."""
    more = _tensors(new)
    both = {name: torch.cat([value, more[name]]) for name, value in _tensors(record).items()}
    return replace(record, **both)  # type: ignore[type-var]


def _each(record: RowsT, function: Any) -> RowsT:
    return replace(record, **{k: function(v) for k, v in _tensors(record).items()})  # type: ignore[type-var]


def _tensors(record: Any) -> dict[str, Tensor]:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: value for name, value in values.items() if value is not None}
