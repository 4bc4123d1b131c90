"""TTVOS as the graphs of an export compute it, object by object; matching and merging stay in torch."""

from collections.abc import Callable

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from segue.models.ttvos.attention import Template, coordinates
from segue.models.ttvos.decoder import Decoded
from segue.models.ttvos.network import Step, TTVOSNetwork
from segue.models.ttvos.state import Memory, take
from segue.models.ttvos.trunk import Look
from segue.nn.backends.interface import Backend

_STRIDES = (16, 8, 4)


class See(nn.Module):
    """Everything that is computed once per frame."""

    def __init__(self, network: TTVOSNetwork) -> None:
        super().__init__()
        self.trunk = network.trunk

    def forward(self, frames: UInt8[Tensor, "1 height width 3"]) -> tuple[Tensor, ...]:
        """Features by stride, as in ``_STRIDES``, then the keys, where there are some."""
        look = self.trunk(frames.permute(0, 3, 1, 2).float() / 255)
        maps = tuple(look.maps[stride] for stride in _STRIDES)
        return maps if look.keys is None else (*maps, look.keys)


class MakeTemplate(nn.Module):
    """The template of an object."""

    def __init__(self, network: TTVOSNetwork) -> None:
        super().__init__()
        self.attention = network.attention

    def forward(self, seen: Float[Tensor, "1 _ height8 width8"]) -> tuple[Template]:
        """See ``TemplateAttention.template_of``."""
        return (self.attention.template_of(seen),)


class Decode(nn.Module):
    """The mask of an object."""

    def __init__(self, network: TTVOSNetwork) -> None:
        super().__init__()
        self.attention, self.decoder = network.attention, network.decoder

    def forward(
        self,
        query: Float[Tensor, "1 _ height8 width8"],
        template: Template,
        history: Float[Tensor, "1 6 height8 width8"],
        deep: Float[Tensor, "1 _ height16 width16"],
        maps16: Float[Tensor, "1 _ height16 width16"],
        maps4: Float[Tensor, "1 _ height4 width4"],
        *evidence: Float[Tensor, "1 _ height8 width8"],
    ) -> tuple[Tensor, ...]:
        """What ``Decoded`` holds, then what the frame answers to the template."""
        answer = self.attention.answered(query, template)
        extra = evidence[0] if evidence else None
        found = self.decoder({16: maps16, 4: maps4}, answer, deep, history, extra)
        return found.logits, found.coarse, found.middle, found.last, answer


class Update(nn.Module):
    """The template of an object after a frame."""

    def __init__(self, network: TTVOSNetwork) -> None:
        super().__init__()
        self.attention = network.attention

    def forward(
        self,
        template: Template,
        new: Template,
        answer: Float[Tensor, "1 channels height8 width8"],
        coarse: Float[Tensor, "1 2 height8 width8"],
    ) -> tuple[Template]:
        """See ``TemplateAttention.updated``."""
        return (self.attention.updated(template, new, answer, coarse),)


class TTVOSGraphs:
    """Of the methods of ``TTVOSNetwork`` those that a video needs without a gate.

    Args:
        network: With trained weights.
        backend: Computes all but the matching.
    """

    def __init__(self, network: TTVOSNetwork, backend: Backend) -> None:
        self._see = backend.prepare(See(network))
        self._template = backend.prepare(MakeTemplate(network))
        self._decode = backend.prepare(Decode(network))
        self._update = backend.prepare(Update(network))
        self._evidence: Callable[[Look, Memory], Tensor | None] = network.evidence

    def look(self, frames: Float[Tensor, "1 3 height width"]) -> Look:
        """See ``TTVOSNetwork.look``."""
        whole = (frames * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
        found = self._see(whole)
        keys = found[len(_STRIDES)] if len(found) > len(_STRIDES) else None
        return Look(dict(zip(_STRIDES, found, strict=False)), keys)

    def begin(self, look: Look, masks: Float[Tensor, "objects 2 height8 width8"]) -> Memory:
        """See ``TTVOSNetwork.begin``."""
        unknown = torch.zeros_like(masks)
        history = torch.cat([masks, unknown, unknown], 1)
        keys = None if look.keys is None else look.keys.expand(len(masks), -1, -1, -1)
        deep = look.maps[16].expand(len(masks), -1, -1, -1)
        return Memory(self._templates(look, history), history, deep, masks, keys, keys)

    def step(self, look: Look, memory: Memory) -> Step:
        """See ``TTVOSNetwork.step``."""
        steps = [self._step(look, take(memory, [row])) for row in range(len(memory.history))]
        found = (torch.cat(parts) for parts in zip(*steps, strict=True))
        logits, coarse, middle, last, answer = found
        return Step(Decoded(logits, coarse, middle, last), answer)

    def remember(
        self,
        look: Look,
        memory: Memory,
        step: Step,
        masks: Float[Tensor, "objects 2 height8 width8"],
    ) -> Memory:
        """See ``TTVOSNetwork.remember``."""
        history = torch.cat([masks, memory.history[:, :4]], 1)
        parts = (memory.template, self._templates(look, history), step.attention)
        updated = [
            self._update(*(x[i : i + 1] for x in (*parts, step.decoded.coarse)))[0]
            for i in range(len(masks))
        ]
        count = len(masks)
        return Memory(
            torch.cat(updated),
            history,
            look.maps[16].expand(count, -1, -1, -1),
            memory.first_masks,
            memory.first_keys,
            None if look.keys is None else look.keys.expand(count, -1, -1, -1),
        )

    def _step(self, look: Look, memory: Memory) -> tuple[Tensor, ...]:
        """Of one object."""
        features, evidence = look.maps[8], self._evidence(look, memory)
        more = () if evidence is None else (evidence,)
        query = torch.cat([features, coordinates(features), memory.history, *more], 1)
        maps = look.maps[16], look.maps[4]
        return self._decode(query, memory.template, memory.history, memory.deep, *maps, *more)

    def _templates(
        self, look: Look, history: Float[Tensor, "objects 6 height8 width8"]
    ) -> Template:
        features = look.maps[8]
        place = coordinates(features)
        seen = (
            torch.cat([features, place, history[row : row + 1]], 1) for row in range(len(history))
        )
        return torch.cat([self._template(one)[0] for one in seen])
