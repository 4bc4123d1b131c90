"""A trunk that does not learn, computed by a faster copy of itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn

from segue.nn.backbones import Backbone, Maps
from segue.nn.fuse import for_inference


class RestingTrunk:
    """Computes ``network.trunk`` of some networks without batch norms, which is three times as fast on a CPU.

    The copy is made when it is first used, so that weights loaded until then count, and is no part of any state.
    """

    def __init__(self) -> None:
        self._fast: Backbone | None = None

    @contextmanager
    def computes(self, *networks: nn.Module) -> Iterator[None]:
        """Until the end of the block, for networks whose trunks have equal weights."""
        trunks = [cast(Backbone, network.trunk) for network in networks]
        if self._fast is None:
            # New layers draw weights, before they get those of the trunk: a run that goes on would draw otherwise.
            with torch.random.fork_rng(devices=[]):
                self._fast = for_inference(trunks[0])
        for trunk in trunks:
            vars(trunk)["forward"] = self._maps  # before that of its class
        try:
            yield
        finally:
            for trunk in trunks:
                del vars(trunk)["forward"]

    def wakes(self) -> None:
        """The trunk learns from now on: a copy would be out of date."""
        self._fast = None

    @torch.no_grad()
    def _maps(self, frames: Tensor) -> Maps:
        assert self._fast is not None
        fast = self._fast.to(frames.device)
        if frames.device.type != "cpu":
            maps: Maps = fast(frames)
            return maps
        # One by one, each frame's maps stay in the cache of the processor: a third less time than all at once.
        single = [
            fast(frame[None].contiguous(memory_format=torch.channels_last)) for frame in frames
        ]
        return tuple(torch.cat(level) for level in zip(*single, strict=True))
