"""Maps of a frozen trunk on disk, found again by the pixels of a frame: fixed views are computed once for all runs."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.training.kept_maps import MapStore


class KeptTrunk:
    """Stands in for a trunk that does not learn: maps that are on disk are read, others are computed and kept.

    Args:
        parent: Receives a folder that is named by the trunk's weights.
    """

    def __init__(self, parent: Path) -> None:
        self._store, self._named = MapStore(parent), False

    @contextmanager
    def standing_in(self, trunk: nn.Module) -> Iterator[None]:
        """Whatever asks the trunk gets kept maps; it must be frozen, and give a tuple of maps."""
        if not self._named:
            self._store.name_by(trunk)
            self._named = True
        own = vars(trunk)
        # What stands in for it already, such as a faster copy, computes what is not there.
        before, computed = own.get("forward"), trunk.forward

        def maps(frames: Float[Tensor, "batch 3 height width"]) -> tuple[Tensor, ...]:
            found = [self._of(frame[None], computed) for frame in frames]
            return tuple(torch.cat(level) for level in zip(*found, strict=True))

        own["forward"] = maps  # before that of its class
        try:
            yield
        finally:
            if before is None:
                del own["forward"]
            else:
                own["forward"] = before

    def _of(self, frame: Float[Tensor, "1 3 height width"], compute: Any) -> list[Tensor]:
        """Each frame for itself: in a batch of another size the last digit may differ."""
        pixels = frame.detach().cpu().contiguous()
        key = tuple(frame.shape), hashlib.blake2b(pixels.numpy().tobytes()).hexdigest()
        found = self._store.find(key)
        if found is None:
            with torch.no_grad():
                levels = {f"{number}": level for number, level in enumerate(compute(frame))}
            found = self._store.keep(key, levels)
        return [found[f"{i}"].to(frame.device, frame.dtype) for i in range(len(found))]
