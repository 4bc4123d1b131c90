"""TCB (Miao et al., CVPR 2021): the contexts of several frames are averaged, and the newest frame is given the mean.

Training averages over a clip. Streaming keeps the contexts of earlier frames, as VSPW's code does at test time; that
code also looks at later frames, this does not.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.models.scene_parsing.context_heads import OcrHead, PspHead
from segue.models.scene_parsing.network import (
    Answer,
    Clips,
    Flow,
    Frames,
    Given,
    Logits,
    Memory,
    by_clip,
    refuse_reference,
    see,
)
from segue.nn.backbones import MULTIPLE, Backbone
from segue.nn.resize import resized
from segue.nn.top_down import Merge


class Tcb(nn.Module):
    """A network whose context is a mean over frames; a ``SceneNetwork``.

    Args:
        trunk: Frames -> maps.
        head: Maps -> logits.
        auxiliary: As in ``ImageParser``.
        merge: See ``SceneNetwork``.
        memory: Contexts of earlier frames that streaming keeps.
        spacing: Frames from one of these to the next.
    """

    multiple = MULTIPLE
    needs_flow = False

    def __init__(
        self,
        trunk: Backbone,
        head: OcrHead | PspHead,
        auxiliary: nn.Module,
        *,
        merge: Merge | None = None,
        memory: int,
        spacing: int,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head
        self.auxiliary = auxiliary
        self.merge = merge
        self._memory, self._spacing = memory, spacing

    def forward(
        self, frames: Clips, reference: Frames | None = None, flow: Flow | None = None
    ) -> Answer:
        """See ``SceneNetwork.forward``; all frames of a clip give a context."""
        refuse_reference(reference)
        maps, regions = see(self, frames.flatten(0, 1))
        features = self.head.features(maps)
        summary = self.head.summary(features, regions)
        # Contexts of the frames of a clip lie one after the other.
        context = tuple(p.reshape(*frames.shape[:2], *p.shape[1:]).mean(1) for p in summary)
        newest = by_clip(features, frames)[:, -1]
        last = tuple(by_clip(m, frames)[:, -1] for m in maps)
        logits = self.head.classify(self.head.join(newest, context), last)
        return Answer(resized(logits, frames), by_clip(regions, frames)[:, -1])

    def given(
        self, memory: Memory, before: Frames | None = None, flow: Flow | None = None
    ) -> Given:
        """See ``SceneNetwork.given``: which contexts there are (1, else 0), then their parts, each of all frames."""
        if not memory.contexts:
            return ()
        taken = memory.contexts[::-1][self._spacing - 1 :: self._spacing]
        missing = self._memory - len(taken)
        newest = memory.contexts[-1]
        known = newest[0].new_tensor([1.0] * len(taken) + [0.0] * missing)
        nothing = (tuple(torch.zeros_like(part) for part in newest),) * missing
        parts = zip(*taken, *nothing, strict=True)
        return known, *(torch.stack(frames, 1) for frames in parts)

    def tell(self, frame: Frames, given: Given) -> tuple[Logits, Given]:
        """See ``SceneNetwork.tell``."""
        maps, regions = see(self, frame)
        features = self.head.features(maps)
        own = self.head.summary(features, regions)
        context = own
        if given:
            known, *parts = given
            pairs = zip(own, parts, strict=True)
            context = tuple(_mean(one, others, known) for one, others in pairs)
        logits = self.head.classify(self.head.join(features, context), maps)
        return resized(logits, frame), own

    def kept(self, memory: Memory, left: Given) -> Memory:
        """See ``SceneNetwork.kept``: the contexts of as many frames as matter to later ones."""
        longest = self._memory * self._spacing
        return Memory(contexts=(*memory.contexts, left)[-longest:] if longest else ())


def _mean(
    own: Float[Tensor, "batch ..."],
    others: Float[Tensor, "batch time ..."],
    known: Float[Tensor, " time"],
) -> Float[Tensor, "batch ..."]:
    """The mean of a part of a context over the frame itself and the others that are known."""
    weights = known.reshape(-1, *[1] * (own.dim() - 1))
    return (own + (weights * others).sum(1)) / (1 + known.sum())
