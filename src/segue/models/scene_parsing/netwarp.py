"""NetWarp (Gadde et al., ICCV 2017): features of the last frame, moved along a refined optical flow, join the new ones.

VSPW's code has two defects. It brings the flow to the size of the features without dividing by their stride, and its
refining network ends in a ReLU, so that nothing ever moves to the left or up. Here both are mended, with the same
parameters; ``as-coded`` keeps them.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.errors import InputError
from segue.models.scene_parsing.context_heads import OcrHead, PspHead, joined_alone
from segue.models.scene_parsing.network import (
    Answer,
    Clips,
    Flow,
    Frames,
    Given,
    Logits,
    Map,
    Memory,
    refuse_reference,
    see,
)
from segue.nn.backbones import MULTIPLE, Backbone, Maps
from segue.nn.context import conv_norm_relu
from segue.nn.resize import resized
from segue.nn.top_down import Merge
from segue.nn.warp import warp


class FlowRefiner(nn.Module):
    """A small network that mends the flow where the two frames say so.

    Args:
        signed: Leave out the last ReLU.
    """

    def __init__(self, *, signed: bool) -> None:
        super().__init__()
        self.look = nn.Sequential(
            conv_norm_relu(11, 16, 3), conv_norm_relu(16, 32, 3), conv_norm_relu(32, 2, 3)
        )
        self.mend = conv_norm_relu(4, 2, 3)
        if signed:
            self.mend[2] = nn.Identity()

    def forward(self, flow: Flow, frame: Frames, before: Frames) -> Flow:
        """The flow from a frame back to the one before, at the size of the frames.

        Args:
            flow: In pixels, x before y.
            frame: Normalised as for the backbone.
            before: The same of the frame before.
        """
        seen = self.look(torch.cat([flow, frame, before, before - frame], 1))
        mended: Tensor = self.mend(torch.cat([flow, seen], 1))
        return mended


class MovedFeatures(nn.Module):
    """New features and the last frame's, added with a weight per channel; at first only the new ones count.

    Args:
        channels: Of the features.
        in_pixels: Take the flow as it is, without dividing by the stride (VSPW's code).
    """

    def __init__(self, channels: int, *, in_pixels: bool) -> None:
        super().__init__()
        self.now = nn.Parameter(torch.ones(channels, 1, 1))
        self.before = nn.Parameter(torch.zeros(channels, 1, 1))
        self._in_pixels = in_pixels

    def forward(self, features: Map, before: Map, flow: Flow) -> Map:
        """Features that know the last frame.

        Args:
            features: Of the frame.
            before: Of the frame before; where the flow points out of the picture there are zeros.
            flow: As ``FlowRefiner`` gives it, at the size of the frames.
        """
        moved = warp(before, self._on_grid(flow, features).to(before.dtype), "zeros")
        return self.now * features + self.before * moved

    def _on_grid(self, flow: Flow, features: Map) -> Float[Tensor, "batch 2 rows columns"]:
        rows, columns = features.shape[2:]
        if self._in_pixels:
            return F.interpolate(flow, size=(rows, columns), mode="nearest")
        small = F.interpolate(flow, size=(rows, columns), mode="area")
        scale = flow.new_tensor([columns / flow.shape[3], rows / flow.shape[2]])
        return small * scale.view(2, 1, 1)


class NetWarp(nn.Module):
    """A frame-by-frame network that is given the last frame's features at two depths; a ``SceneNetwork``.

    The features move at the coarsest map, and at what the head classifies. Those of the last frame are its own: what it
    was given by the frame before it is not handed on.

    Args:
        trunk: Frames -> maps.
        head: Maps -> logits.
        auxiliary: As in ``ImageParser``.
        merge: See ``SceneNetwork``.
        channels: Of the coarsest map that the head gets.
        width: Channels of what the head classifies.
        as_coded: With the two defects of VSPW's code.
    """

    multiple = MULTIPLE
    needs_flow = True

    def __init__(
        self,
        trunk: Backbone,
        head: OcrHead | PspHead,
        auxiliary: nn.Module,
        *,
        merge: Merge | None = None,
        channels: int,
        width: int,
        as_coded: bool,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head
        self.auxiliary = auxiliary
        self.merge = merge
        self.refine = FlowRefiner(signed=not as_coded)
        self.early = MovedFeatures(channels, in_pixels=as_coded)
        self.late = MovedFeatures(width, in_pixels=as_coded)

    def forward(
        self, frames: Clips, reference: Frames | None = None, flow: Flow | None = None
    ) -> Answer:
        """See ``SceneNetwork.forward``; the last two frames are looked at."""
        refuse_reference(reference)
        if frames.shape[1] > 1 and flow is None:
            raise InputError("NetWarp needs the flow from the last frame back to the one before.")
        frame, before = frames[:, -1], frames[:, -2:][:, 0]
        maps, regions = see(self, torch.cat([frame, before]))
        now, earlier = ((*(m[i * len(frame) :][: len(frame)] for m in maps),) for i in (0, 1))
        kept = self._alone(earlier, regions[len(frame) :])
        regions = regions[: len(frame)]
        logits = self._answer(now, regions, kept, frame, before, flow)
        return Answer(resized(logits, frame), regions)

    def given(
        self, memory: Memory, before: Frames | None = None, flow: Flow | None = None
    ) -> Given:
        """See ``SceneNetwork.given``: features of the frame before, that frame, and the flow back to it."""
        if not memory.tensors:
            return ()
        if before is None or flow is None:
            raise InputError("NetWarp needs the frame before, and the flow back to it.")
        return *memory.tensors, before, flow

    def tell(self, frame: Frames, given: Given) -> tuple[Logits, Given]:
        """See ``SceneNetwork.tell``; the first frame is its own predecessor."""
        maps, regions = see(self, frame)
        kept = self._alone(maps, regions)
        last: Given = given[:-2] if given else kept
        before, flow = (given[-2], given[-1]) if given else (frame, None)
        return resized(self._answer(maps, regions, last, frame, before, flow), frame), kept

    def kept(self, memory: Memory, left: Given) -> Memory:
        """See ``SceneNetwork.kept``: only the last frame."""
        return Memory(left)

    def _alone(self, maps: Maps, regions: Logits) -> tuple[Tensor, Tensor]:
        """What a frame leaves to the next one."""
        return maps[-1], joined_alone(self.head, maps, regions)

    def _answer(
        self,
        maps: Maps,
        regions: Logits,
        last: tuple[Tensor, ...],
        frame: Frames,
        before: Frames,
        flow: Flow | None,
    ) -> Logits:
        if flow is None:
            flow = torch.zeros_like(frame[:, :2])
        flow = self.refine(flow, self.trunk.normalised(frame), self.trunk.normalised(before))
        coarsest, joined = last
        maps = (*maps[:-1], self.early(maps[-1], coarsest, flow))
        moved = self.late(joined_alone(self.head, maps, regions), joined, flow)
        return self.head.classify(moved, maps)
