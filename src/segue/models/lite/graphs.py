"""The parts of segue-lite's network that a backend computes: tensors go in, tensors come out."""

import copy
from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn

from segue.models.interface import PartClock, untimed
from segue.models.lite import target
from segue.models.lite.network import WIDTHS, FrameFeatures, LiteNetwork
from segue.nn.backends.catalog import whole_backend
from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Backend


class Look(nn.Module):
    """Everything that is computed once per frame."""

    def __init__(self, network: LiteNetwork) -> None:
        super().__init__()
        self.backbone = network.backbone
        self.neck = network.neck

    def forward(self, frames: UInt8[Tensor, "batch height width 3"]) -> tuple[Tensor, ...]:
        """The input of the target model, then the frame's share of the decoder by stride, as in ``WIDTHS``."""
        found = self.neck(self.backbone(frames.permute(0, 3, 1, 2).float() / 255))
        return found.target, *(found.decoder[stride] for stride in WIDTHS)


class Decode(nn.Module):
    """The mask of each object from what the target models see in a frame."""

    def __init__(self, network: LiteNetwork) -> None:
        super().__init__()
        self.decoder = network.decoder

    def forward(
        self,
        scores: Float[Tensor, "objects codes2 height8 width8"],
        share16: Float[Tensor, "batch _ _ _"],
        share8: Float[Tensor, "batch _ _ _"],
        share4: Float[Tensor, "batch _ _ _"],
        previous: Float[Tensor, "objects 1 height8 width8"],
        others: Float[Tensor, "objects others height8 width8"],
    ) -> tuple[Float[Tensor, "objects height2 width2"]]:
        """Logits of each object; see ``Decoder``."""
        shares = {16: share16, 8: share8, 4: share4}
        # What the target models see lies channel by channel; the convolutions of torch want pixel by pixel.
        seen = scores.contiguous(memory_format=torch.channels_last)
        return (self.decoder(shares, seen, previous, others),)


class Encode(nn.Module):
    """What the target models of objects learn to see."""

    def __init__(self, network: LiteNetwork) -> None:
        super().__init__()
        self.encoder = network.encoder

    def forward(
        self, masks: Float[Tensor, "objects height4 width4"]
    ) -> tuple[Float[Tensor, "objects codes height8 width8"]]:
        """See ``MaskEncoder``."""
        return (self.encoder(masks),)


class LiteGraphs:
    """The network, ready to compute; what is learned in a video stays in torch, which has the factorisation.

    Args:
        network: With trained weights.
        backend: Computes what is seen of a frame, and the masks.
        ranges: Of the convolutions that shall compute in eight bits.

    Raises:
        WeightsError: The ranges do not fit the network.
    """

    def __init__(self, network: LiteNetwork, backend: Backend, ranges: Ranges | None) -> None:
        of_decoder = {k: v for k, v in (ranges or {}).items() if k.startswith("decoder.")}
        of_frame = {k: v for k, v in (ranges or {}).items() if k not in of_decoder}
        whole = whole_backend()
        self._encode = None if whole is None else whole.prepare(Encode(network))
        self._look = backend.prepare(Look(network), of_frame)
        self._decode = backend.prepare(Decode(network), of_decoder)
        self._network = network
        self._clock: PartClock = untimed

    def timed(self, clock: PartClock) -> "LiteGraphs":
        """The same, which tells when the backbone and the decoder compute."""
        graphs = copy.copy(self)
        graphs._clock = clock
        return graphs

    def look(self, frames: UInt8[Tensor, "batch height width 3"]) -> FrameFeatures:
        """See ``LiteNetwork.look``."""
        with self._clock("backbone"):
            features, *shares = self._look(frames)
        return FrameFeatures(features, dict(zip(WIDTHS, shares, strict=True)))

    def decoder(
        self,
        shares: Mapping[int, Float[Tensor, "batch _ _ _"]],
        scores: Float[Tensor, "objects codes2 height8 width8"],
        previous: Float[Tensor, "objects 1 height8 width8"],
        others: Float[Tensor, "objects others height8 width8"],
    ) -> Float[Tensor, "objects height2 width2"]:
        """See ``Decoder``."""
        parts = (shares[stride] for stride in WIDTHS)
        with self._clock("decoder"):
            (logits,) = self._decode(scores, *parts, previous, others)
        return logits

    def learn(
        self,
        features: Float[Tensor, "batch _ height8 width8"],
        masks: Float[Tensor, "objects height4 width4"],
        valid: Float[Tensor, "batch height8 width8"],
        alike: Bool[Tensor, "objects objects"],
    ) -> tuple[target.Gram, target.Cross]:
        """See ``LiteNetwork.learn``, on one frame."""
        (codes,) = (None,) if self._encode is None else self._encode(masks)
        return self._network.learn(features, masks, valid, alike=alike, codes=codes)

    def solve(self, gram: target.Gram, cross: target.Cross) -> target.Cross:
        """See ``LiteNetwork.solve``."""
        return self._network.solve(gram, cross)
