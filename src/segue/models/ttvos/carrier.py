"""The reuse gate of G-TTVOS and its cheap path.

The paper says one thing of G-TTVOS: the template matching module sees the current feature and the previous mask. The
rest is ours. A *glance* at a frame is what the first layers of the frozen backbone make of it, at stride 8. Template
matching sees the glance, how it changed since the last computed frame, and that frame's mask. The gate decides from the
result; the translator turns it, and where the cells of the mask have gone, into a change of what the decoder's last
layer saw on the last computed frame. So a reused frame costs the glance, the gate, three small blocks and that layer.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.ttvos.decoder import Decoded
from segue.models.ttvos.network import TTVOSNetwork
from segue.models.ttvos.state import Carried
from segue.nn.matching import Keys, Masks, nearby
from segue.nn.reuse.gate import Gate
from segue.nn.reuse.template_matching import TemplateMatching

Glance = Float[Tensor, "batch channels height8 width8"]
_KEYS = 16


class Carrier(nn.Module):
    """Gate and translator for one host, whose weights it was trained with.

    Args:
        glance: Channels of a glance.
        inter: Channels of the host's decoder at stride 8.
        width: Channels of the template matching; 64 in the paper.
    """

    host: Tensor

    def __init__(self, glance: int, inter: int, width: int = 64) -> None:
        super().__init__()
        self.matching = TemplateMatching(2 * glance + 1, width)
        self._gate = Gate(width)
        self.keys = nn.Conv2d(glance, _KEYS, 1)
        self.log_temperature = nn.Parameter(torch.tensor(3.0))
        self.log_nearness = nn.Parameter(torch.tensor(-2.0))
        self.translator = Translator(width + 3 + inter, inter)
        self.register_buffer("host", torch.zeros(8))

    def belongs_to(self, network: TTVOSNetwork) -> bool:
        """True if it was trained with just these weights of the host, by a print of them that it keeps."""
        return torch.equal(self.host.cpu(), host_print(network))

    def template(self, glance: Glance, masks: Masks) -> Float[Tensor, "objects width width"]:
        """What an object is compared with from then on, from the frame on which it is given."""
        still = torch.zeros_like(glance)
        found: Tensor = self.matching.template(_seen(glance, still, masks[:, 1:]))
        return found

    def compare(self, glance: Glance, carried: Carried) -> Float[Tensor, "objects width _ _"]:
        """How unlike the last computed frame this one is, seen from each object."""
        change = glance - carried.glance
        found: Tensor = self.matching(_seen(glance, change, carried.mask), carried.template)
        return found

    def gate(self, unlike: Float[Tensor, "objects width _ _"]) -> Float[Tensor, " objects"]:
        """Probability that an object can be carried over."""
        found: Tensor = self._gate(unlike)
        return found

    def translate(
        self,
        glance: Glance,
        unlike: Float[Tensor, "objects width height8 width8"],
        carried: Carried,
    ) -> Float[Tensor, "objects _ height4 width4"]:
        """What the decoder's last layer would see on this frame."""
        seen = [unlike, self._moved(glance, carried), carried.mask, carried.middle]
        found: Tensor = self.translator(torch.cat(seen, 1))
        return carried.last + found

    def _moved(self, glance: Glance, carried: Carried) -> Masks:
        """Where background and object of the last computed frame have gone, cells being told by their glance."""
        now = self._keys_of(glance.expand(len(carried.mask), -1, -1, -1))
        masks = torch.cat([1 - carried.mask, carried.mask], 1).float()
        with torch.autocast(glance.device.type, enabled=False):
            temperature, nearness = self.log_temperature.exp(), self.log_nearness.exp()
            return nearby(now, self._keys_of(carried.glance), masks, temperature, nearness)

    def _keys_of(self, glance: Glance) -> Keys:
        with torch.autocast(glance.device.type, enabled=False):
            return F.normalize(self.keys(glance.float()), dim=1)

    def carry(self, glance: Glance, masks: Masks, decoded: Decoded, template: Tensor) -> Carried:
        """What reused frames start from after a computed one."""
        own = glance.expand(len(masks), -1, -1, -1)
        return Carried(template, own, masks[:, 1:], decoded.middle, decoded.last)


def host_print(network: TTVOSNetwork) -> Float[Tensor, " 8"]:
    """A few weights of a host that no two trainings share."""
    bias = network.decoder.head.bias
    assert bias is not None
    return bias.detach().cpu().clone()


class Translator(nn.Module):
    """A change at stride 8, given at stride 4; nothing changes before it is trained."""

    def __init__(self, channels: int, inter: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(channels, inter, 1)
        self.wide = nn.Conv2d(inter, inter, 3, padding=2, dilation=2)
        self.near = nn.Conv2d(inter, inter, 3, padding=1)
        self.leave = nn.Conv2d(inter, 4 * (inter + 4), 1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def forward(
        self, seen: Float[Tensor, "objects channels height8 width8"]
    ) -> Float[Tensor, "objects _ height4 width4"]:
        """What to add."""
        x = F.relu(self.enter(seen))
        x = x + F.relu(self.wide(x))
        x = x + F.relu(self.near(x))
        return F.pixel_shuffle(self.leave(x), 2)


def carrier_for(network: TTVOSNetwork, name: str) -> Carrier:
    """An untrained carrier of the right size: narrow in the light variant, as in the paper in the others."""
    width = 32 if name == "g-ttvos-lite" else 64
    carrier = Carrier(network.trunk.glance_channels, network.decoder.inter, width)
    carrier.host.copy_(host_print(network))
    return carrier


def _seen(glance: Tensor, change: Tensor, mask: Tensor) -> Tensor:
    objects = len(mask)
    both = torch.cat([glance.expand(objects, -1, -1, -1), change.expand(objects, -1, -1, -1)], 1)
    return torch.cat([both, mask], 1)
