"""The memory of a video, of constant size whatever its length; row ``i`` of a tensor belongs to object ``ids[i]``."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from segue.models.rvos.decoder import Hidden
from segue.models.rvos.encoder import Keys
from segue.models.rvos.merging import Areas


@dataclass(frozen=True, slots=True)
class Reference:
    """What the frame on which an object was given looks like (``rvos-lite``)."""

    keys: Keys
    """Of that frame, one per row; one per video where all objects of a video were given together."""
    masks: Float[Tensor, "rows 2 height8 width8"]
    """Background and object; both 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the network remembers."""

    hidden: Hidden
    previous: Float[Tensor, "rows 1 height4 width4"]
    """The mask that the next frame is entered with."""
    reference: Reference | None
    last_keys: Keys | None
    """Of the frame of ``previous``, one per video; one per row where the masks are of several frames."""

    def take(self, rows: Sequence[int]) -> "Memory":
        """Some of its objects, in that order; keys must be one per video."""
        index = list(rows)
        reference = self.reference
        if reference is not None:
            reference = Reference(reference.keys[index], reference.masks[index])
        hidden = tuple(level[index] for level in self.hidden)
        return replace(self, hidden=hidden, previous=self.previous[index], reference=reference)


@dataclass(frozen=True, slots=True)
class RVOSState:
    """The memory of a video."""

    size_hw: tuple[int, int]
    ids: tuple[int, ...]
    """Of the rows; 0 for a slot of a zero-shot network that is nobody's."""
    memory: Memory
    lost: tuple[int, ...] = ()
    """Objects that have been given up (``when_empty = "drop"``)."""
    finds: bool = False
    """Whether slots that are nobody's get an id as soon as they show something."""
    areas: tuple[Areas, ...] = ()
    """Of each row (``merging = "area-stability"``)."""


def row_append(tensor: Tensor, count: int) -> Tensor:
    """A tensor with more rows of zeros."""
    return torch.cat([tensor, tensor.new_zeros(count, *tensor.shape[1:])])
