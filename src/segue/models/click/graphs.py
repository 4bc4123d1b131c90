"""The parts of segue-click's network that a backend computes: tensors go in, tensors come out."""

from typing import cast

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from segue.models.click.evidence import Evidence
from segue.models.click.network import ClickNetwork, Looked
from segue.nn.backends.interface import Backend

_STRIDES = (16, 8, 4, 2)


class Look(nn.Module):
    """Everything that is computed once per frame."""

    def __init__(self, network: ClickNetwork) -> None:
        super().__init__()
        self.backbone = network.backbone
        self.view = network.view

    def forward(self, frames: UInt8[Tensor, "batch height width 3"]) -> tuple[Tensor, ...]:
        """Keys, then the frame's share of the decoder by stride, as in ``_STRIDES``."""
        seen = frames.permute(0, 3, 1, 2).float() / 255
        looked = cast(Looked, self.view(seen, self.backbone(seen)))
        return looked.keys, *(looked.shares[stride] for stride in _STRIDES)


class Decode(nn.Module):
    """The mask of an object from the frame and what was said of the object."""

    def __init__(self, network: ClickNetwork) -> None:
        super().__init__()
        self.decoder = network.decoder

    def forward(
        self,
        places: Float[Tensor, "objects _ height4 width4"],
        likeness: Float[Tensor, "objects _ height8 width8"],
        share16: Float[Tensor, "batch _ _ _"],
        share8: Float[Tensor, "batch _ _ _"],
        share4: Float[Tensor, "batch _ _ _"],
        share2: Float[Tensor, "batch _ _ _"],
    ) -> tuple[Float[Tensor, "objects height width"]]:
        """Probabilities of each object."""
        shares = {16: share16, 8: share8, 4: share4, 2: share2}
        return (self.decoder(shares, Evidence(places, likeness)).sigmoid(),)


class ClickGraphs:
    """The network, ready to compute.

    Args:
        network: With trained weights.
        backend: Computes it.
    """

    def __init__(self, network: ClickNetwork, backend: Backend) -> None:
        self._look = backend.prepare(Look(network))
        self._decode = backend.prepare(Decode(network))

    def look(self, frames: UInt8[Tensor, "batch height width 3"]) -> Looked:
        """See ``ClickNetwork.look``."""
        keys, *shares = self._look(frames)
        return Looked(keys, dict(zip(_STRIDES, shares, strict=True)))

    def decode(self, looked: Looked, evidence: Evidence) -> Float[Tensor, "objects height width"]:
        """Probabilities of each object; see ``Decoder``."""
        shares = (looked.shares[stride] for stride in _STRIDES)
        (found,) = self._decode(evidence.places, evidence.likeness, *shares)
        return found.to(torch.float32)
