"""The trained part of RVOS: encoder, recurrent decoder and, in the light variant, a reference frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.rvos.decoder import Decoder, Hidden
from segue.models.rvos.encoder import Backbone, Keys, LiteEncoder, ResNetEncoder
from segue.models.rvos.settings import LITE, NetworkSettings
from segue.models.rvos.state import Memory, Reference
from segue.nn.matching import EVIDENCE, Matching

_BACKBONES = {"rvos": "resnet101", "rvos-50": "resnet50", "rvos-34": "resnet34"}


@dataclass(frozen=True)
class Look:
    """What frames offer to every object."""

    shares: tuple[Float[Tensor, "batch _ _ _"], ...]
    """Their share of the gates of each cell, coarse to fine."""
    keys: Keys | None
    """For matching; ``None`` in the variants of the paper."""
    size_hw: tuple[int, int]

    def __getitem__(self, rows: slice) -> "Look":
        keys = None if self.keys is None else self.keys[rows]
        return Look(tuple(share[rows] for share in self.shares), keys, self.size_hw)


class RVOSNetwork(nn.Module):
    """RVOS for one of the names of the table.

    Args:
        name: ``rvos``, ``rvos-50``, ``rvos-34`` or ``rvos-lite``.
        settings: What it is for.
        pretrained: Fill in ImageNet weights of the backbone (the variants of the paper).
    """

    def __init__(self, name: str, settings: NetworkSettings, *, pretrained: bool = False) -> None:
        super().__init__()
        self.encoder: LiteEncoder | ResNetEncoder = (
            LiteEncoder()
            if name == LITE
            else ResNetEncoder(_BACKBONES[name], pretrained=pretrained)
        )
        self.one_shot = settings.shot == "one"
        self.matching = Matching() if settings.reference else None
        guide = int(self.one_shot) + (EVIDENCE if settings.reference else 0)
        self.decoder = Decoder(self.encoder.widths, self.encoder.hidden, guide, settings.recurrence)

    def look(
        self, frames: Float[Tensor, "batch 3 height width"], backbone: Backbone | None = None
    ) -> Look:
        """Everything that is computed once per frame.

        Args:
            frames: Values in [0, 1], any size.
            backbone: A frozen stand-in for the network's backbone (the same function, faster).
        """
        height, width = frames.shape[2:]
        padded = F.pad(frames, self._edges(height, width), "replicate")
        shares, keys = seen(self.encoder, self.decoder, padded, backbone)
        return Look(shares, keys, (height, width))

    def begin(self, look: Look, rows: int) -> Memory:
        """The memory of objects of which nothing is known."""
        sizes = [share.shape for share in look.shares]
        new = look.shares[0].new_zeros
        hidden = tuple(new(rows, s[1] // 4, s[2], s[3]) for s in sizes)
        previous = new(rows, 1, sizes[-1][2], sizes[-1][3])
        if self.matching is None or look.keys is None:
            return Memory(hidden, previous, None, None)
        keys = look.keys.expand(rows, -1, -1, -1) if len(look.keys) == 1 else look.keys
        masks = new(rows, 2, *look.keys.shape[2:])
        return Memory(hidden, previous, Reference(keys, masks), look.keys)

    def small(
        self, masks: Float[Tensor, "rows height width"]
    ) -> Float[Tensor, "rows 1 height4 width4"]:
        """Masks as the next frame is entered with them."""
        padded = F.pad(masks[:, None], self._edges(*masks.shape[1:]))
        return self.encoder.pool(self.encoder.pool(padded))

    def known(
        self, masks: Float[Tensor, "rows 2 height width"]
    ) -> Float[Tensor, "rows 2 height8 width8"]:
        """Masks of a reference: background and object, nothing outside the frame."""
        return F.avg_pool2d(F.pad(masks, self._edges(*masks.shape[2:])), 8)

    def step(self, look: Look, memory: Memory) -> tuple[Float[Tensor, "rows height width"], Hidden]:
        """Logits of the objects on the next frame, and the hidden states."""
        logits, hidden = self.decoder(look.shares, self._guides(look, memory), memory.hidden)
        height, width = look.size_hw
        _, right, _, bottom = self._edges(height, width)
        full = F.interpolate(
            logits[None], (height + bottom, width + right), mode="bilinear", align_corners=True
        )
        return full[0, :, :height, :width], hidden

    def _edges(self, height: int, width: int) -> tuple[int, int, int, int]:
        return 0, -width % self.encoder.multiple, 0, -height % self.encoder.multiple

    def _guides(self, look: Look, memory: Memory) -> Sequence[Tensor]:
        """Where the objects were, for each cell."""
        masks = [memory.previous]
        for _ in self.encoder.strides[1:]:
            masks.insert(0, self.encoder.pool(masks[0]))
        if not self.one_shot:
            return [mask[:, :0] for mask in masks]
        evidence = self._evidence(look, memory)
        if evidence is None:
            return masks
        raised = F.interpolate(evidence, scale_factor=2.0, mode="bilinear", align_corners=False)
        by_level = F.avg_pool2d(evidence, 2), evidence, raised
        return [torch.cat(both, 1) for both in zip(masks, by_level, strict=True)]

    def _evidence(
        self, look: Look, memory: Memory
    ) -> Float[Tensor, "rows evidence height8 width8"] | None:
        if self.matching is None or look.keys is None:
            return None
        assert memory.reference is not None
        assert memory.last_keys is not None
        videos = len(look.keys)
        shown = self.encoder.pool(memory.previous)
        last = _by_video(torch.cat([1 - shown, shown], 1), videos)
        first = _by_video(memory.reference.masks, videos)
        keys = look.keys.expand(len(memory.last_keys), -1, -1, -1)
        found = self.matching(keys, (memory.reference.keys, first), (memory.last_keys, last))
        return _by_video(found, len(found) // videos).to(memory.previous.dtype)


def seen(
    encoder: LiteEncoder | ResNetEncoder,
    decoder: Decoder,
    frames: Float[Tensor, "batch 3 height width"],
    backbone: Backbone | None = None,
) -> tuple[tuple[Float[Tensor, "batch _ _ _"], ...], Keys | None]:
    """Shares and keys of a ``Look`` at frames whose sides are multiples of the encoder's."""
    skips, keys = encoder(frames, backbone)
    return decoder.shares(skips), keys


def _by_video(rows: Float[Tensor, "rows _ _ _"], videos: int) -> Float[Tensor, "rows _ _ _"]:
    """Rows that were ordered by object, then video, ordered by video, then object."""
    return rows.view(-1, videos, *rows.shape[1:]).transpose(0, 1).flatten(0, 1)
