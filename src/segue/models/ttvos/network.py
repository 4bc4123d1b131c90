"""The trained part of TTVOS: trunk, template attention, decoder, and two heads that only training uses."""

from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.ttvos.attention import TemplateAttention
from segue.models.ttvos.decoder import Decoded, Decoder
from segue.models.ttvos.state import Memory
from segue.models.ttvos.trunk import LiteTrunk, Look, PaperTrunk
from segue.nn.matching import EVIDENCE, Matching

_BACKBONES = {
    "ttvos": "resnet50",
    "ttvos-fast": "resnet18",
    "ttvos-mobile": "mobilenetv3_large",
}


@dataclass(frozen=True)
class Step:
    """What a frame gives: masks, and what the update of the template needs."""

    decoded: Decoded
    attention: Float[Tensor, "objects channels height8 width8"]


class TTVOSNetwork(nn.Module):
    """TTVOS for one of the names of the table.

    Args:
        name: ``ttvos``, ``ttvos-fast``, ``ttvos-mobile`` or ``ttvos-lite``.
        pretrained: Fill in ImageNet weights of the backbone (the variants of the paper).
    """

    def __init__(self, name: str, *, pretrained: bool = False) -> None:
        super().__init__()
        lite = name == "ttvos-lite"
        self.trunk = LiteTrunk() if lite else PaperTrunk(_BACKBONES[name], pretrained=pretrained)
        channels = self.trunk.channels
        extra = EVIDENCE if lite else 0
        self.matching = Matching() if lite else None
        self.attention = TemplateAttention(channels[8], extra, update=32 if lite else 128)
        self.decoder = Decoder(channels, extra)
        self.difference_head = nn.Conv2d(self.decoder.inter, 2, 3, padding=1)
        self.template_head = nn.Conv2d(channels[8], 1, 3, padding=1)

    def look(self, frames: Float[Tensor, "batch 3 height width"]) -> Look:
        """Everything that is computed once per frame; values in [0, 1], sides multiples of the trunk's."""
        return cast(Look, self.trunk(frames))

    def begin(self, look: Look, masks: Float[Tensor, "objects 2 height8 width8"]) -> Memory:
        """Remember objects of a frame; one look per object, or one for all."""
        look = shared(look, len(masks))
        unknown = torch.zeros_like(masks)
        history = torch.cat([masks, unknown, unknown], 1)
        template = self.attention.template(look.maps[8], history)
        return Memory(template, history, look.maps[16], masks, look.keys, look.keys)

    def step(self, look: Look, memory: Memory) -> Step:
        """The objects on the next frame; one look per object, or one for all."""
        look = shared(look, len(memory.history))
        evidence = self.evidence(look, memory)
        attention = self.attention(look.maps[8], memory.history, memory.template, evidence)
        decoded = self.decoder(look.maps, attention, memory.deep, memory.history, evidence)
        return Step(decoded, attention)

    def remember(
        self,
        look: Look,
        memory: Memory,
        step: Step,
        masks: Float[Tensor, "objects 2 height8 width8"],
    ) -> Memory:
        """The memory after a frame, of which the final masks are known."""
        look = shared(look, len(masks))
        history = torch.cat([masks, memory.history[:, :4]], 1)
        new = self.attention.template(look.maps[8], history)
        template = self.attention.updated(memory.template, new, step.attention, step.decoded.coarse)
        return Memory(
            template, history, look.maps[16], memory.first_masks, memory.first_keys, look.keys
        )

    def evidence(self, look: Look, memory: Memory) -> Tensor | None:
        """What matching with remembered frames says; ``None`` in the variants of the paper."""
        if self.matching is None or look.keys is None:
            return None
        assert memory.first_keys is not None
        assert memory.last_keys is not None
        first = (memory.first_keys, memory.first_masks)
        last = (memory.last_keys, memory.history[:, :2])
        found: Tensor = self.matching(look.keys, first, last)
        return found


def shared(look: Look, objects: int) -> Look:
    """One look per object, without copies."""
    maps = {s: m.expand(objects, -1, -1, -1) for s, m in look.maps.items()}
    return Look(maps, None if look.keys is None else look.keys.expand(objects, -1, -1, -1))
