"""TCB (Miao et al., CVPR 2021): the contexts of several frames are averaged, and the newest frame is given the mean.

Training averages over a clip. Streaming keeps the contexts of earlier frames, as VSPW's code does at test time; that
code also looks at later frames, this does not.
"""

from jaxtyping import Float
from torch import Tensor, nn

from segue.models.scene_parsing.context_heads import OcrHead, PspHead, mean_context
from segue.models.scene_parsing.network import (
    Answer,
    Clips,
    Flow,
    Frames,
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

    def step(
        self,
        frame: Frames,
        memory: Memory,
        before: Frames | None = None,
        flow: Flow | None = None,
    ) -> tuple[Float[Tensor, "batch classes height width"], Memory]:
        """See ``SceneNetwork.step``."""
        maps, regions = see(self, frame)
        features = self.head.features(maps)
        own = self.head.summary(features, regions)
        taken = memory.contexts[::-1][self._spacing - 1 :: self._spacing]
        logits = self.head.classify(self.head.join(features, mean_context([own, *taken])), maps)
        longest = self._memory * self._spacing
        kept = (*memory.contexts, own)[-longest:] if longest else ()
        return resized(logits, frame), Memory(contexts=kept)
