"""Probabilities of objects over the whole frame, of models that have them anyway."""

from collections.abc import Iterator, Mapping

import numpy as np
from torch import Tensor

from segue.models.painting import BARELY, sigmoid
from segue.types import Labels, Mask, SoftMask


class SoftMasks(Mapping[int, SoftMask]):
    """How likely each object is at each pixel of a frame; computed when an object is asked for.

    They agree with the labels: an object is more likely than not just where the labels have it.

    Args:
        labels: The result.
        maps: Object id -> logits or probabilities, shape ``height width``.
        logits: Whether the maps are logits.
    """

    __slots__ = ("_labels", "_logits", "_maps")

    def __init__(self, labels: Labels, maps: Mapping[int, Tensor], *, logits: bool) -> None:
        self._labels = labels
        self._maps = maps
        self._logits = logits

    def __getitem__(self, object_id: int) -> SoftMask:
        values = self._maps[object_id].float().cpu().numpy()
        soft = sigmoid(values) if self._logits else values
        return agreeing(soft, self._labels == object_id)

    def __iter__(self) -> Iterator[int]:
        return iter(self._maps)

    def __len__(self) -> int:
        return len(self._maps)


def agreeing(soft: SoftMask, mask: Mask) -> SoftMask:
    """Probabilities above one half just inside a mask: those that are not are moved to that border."""
    found: SoftMask = np.where(mask, np.maximum(soft, BARELY), np.minimum(soft, np.float32(0.5)))
    return found.astype(np.float32, copy=False)
