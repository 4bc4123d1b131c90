"""What all these networks answer to, and the one that looks at single frames.

Nothing of a video is kept in a module. A clip in one go (``forward``, for training) and frames one by one (``step``)
give the same answers.
"""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn

from segue.errors import InputError
from segue.nn.backbones import MULTIPLE, Backbone, Maps
from segue.nn.resize import resized
from segue.nn.top_down import Merge

Clips = Float[Tensor, "batch time 3 height width"]
Frames = Float[Tensor, "batch 3 height width"]
Flow = Float[Tensor, "batch 2 height width"]
"""Where each pixel of a frame was in the frame before, in pixels, x before y."""
Map = Float[Tensor, "batch channels rows columns"]
Logits = Float[Tensor, "batch classes _ _"]
Given = tuple[Tensor, ...]
"""Memory as a graph takes and gives it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a network says of the newest frame of each clip."""

    logits: Float[Tensor, "batch classes height width"]
    """At the size of the frame."""
    auxiliary: Float[Tensor, "batch classes rows columns"] | None = None
    """Logits of the auxiliary head, at a size of their own; ``None``: there is none."""
    before: Float[Tensor, "batch classes height width"] | None = None
    """Logits of the frame before; in training with ETC only."""
    features: None = None
    """Nothing is clustered here; SSLTM's answer has this field."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the frames so far leave to the next one; empty before the first."""

    tensors: tuple[Tensor, ...] = ()
    contexts: tuple[tuple[Tensor, ...], ...] = ()
    """Of earlier frames, the oldest first."""


@runtime_checkable
class SceneNetwork(Protocol):
    """A network of this room; it is an ``nn.Module``, too."""

    trunk: Backbone
    merge: Merge | None
    """Makes one map at stride 16 of the two coarsest; ``None``: heads get the trunk's maps."""
    multiple: int
    """Sides of frames must be multiples of it."""
    needs_flow: bool
    """Whether a frame must be told how the picture moved since the frame before."""

    def forward(
        self, frames: Clips, reference: Frames | None = None, flow: Flow | None = None
    ) -> Answer:
        """The answer for the last frame of each clip.

        Args:
            frames: Values in [0, 1], the oldest first; one frame is a clip, too.
            reference: Must be ``None``: none of these networks looks at a frame far away.
            flow: From the last frame back to the one before, for a network that needs it and clips of several frames.

        Raises:
            InputError: Sides that are no multiples, a reference, or no flow where it is needed.
        """
        ...

    def given(
        self, memory: Memory, before: Frames | None = None, flow: Flow | None = None
    ) -> Given:
        """What ``tell`` is handed of the frames so far: nothing before the first, else tensors of the same shapes.

        Args:
            memory: What the frames so far left.
            before: The frame before, for a network that needs the flow; values in [0, 1].
            flow: From the frame back to that one.

        Raises:
            InputError: A network that needs the flow is told none.
        """
        ...

    def tell(self, frame: Frames, given: Given) -> tuple[Logits, Given]:
        """Logits of one frame at its size, and what it leaves to the next one; a function of tensors alone.

        Args:
            frame: Values in [0, 1].
            given: See ``given``.

        Raises:
            InputError: Sides that are no multiples.
        """
        ...

    def kept(self, memory: Memory, left: Given) -> Memory:
        """The memory with what ``tell`` said that a frame leaves."""
        ...


def step(
    network: SceneNetwork,
    frame: Frames,
    memory: Memory,
    before: Frames | None = None,
    flow: Flow | None = None,
) -> tuple[Logits, Memory]:
    """Logits of one frame at its size, and the memory to hand to the next step.

    Args:
        network: What looks.
        frame: Values in [0, 1].
        memory: What the last step returned.
        before: As in ``SceneNetwork.given``.
        flow: As there.

    Raises:
        InputError: Sides that are no multiples, or no flow where it is needed.
    """
    logits, left = network.tell(frame, network.given(memory, before, flow))
    return logits, network.kept(memory, left)


class ImageParser(nn.Module):
    """A network that looks at each frame alone; a ``SceneNetwork``.

    Args:
        trunk: Frames -> maps.
        head: ``(maps, auxiliary logits) -> logits``.
        auxiliary: The map before the coarsest one -> logits; ``None``: there is no such head.
        merge: See ``SceneNetwork``.
        pairs: Whether training is told the answer for the frame before, too (ETC).
    """

    multiple = MULTIPLE
    needs_flow = False

    def __init__(
        self,
        trunk: Backbone,
        head: nn.Module,
        auxiliary: nn.Module | None,
        *,
        merge: Merge | None = None,
        pairs: bool = False,
    ) -> None:
        super().__init__()
        self.merge = merge
        self.trunk = trunk
        self.head = head
        self.auxiliary = auxiliary
        self.pairs = pairs

    def forward(
        self, frames: Clips, reference: Frames | None = None, flow: Flow | None = None
    ) -> Answer:
        """See ``SceneNetwork.forward``; only the last frame is looked at, and with ETC, in training, the one before."""
        refuse_reference(reference)
        frames = frames[:, -2:] if self.pairs and self.training else frames[:, -1:]
        maps, auxiliary = see(self, frames.flatten(0, 1))
        logits = by_clip(resized(self.head(maps, auxiliary), frames), frames)
        last = None if auxiliary is None else by_clip(auxiliary, frames)[:, -1]
        before = logits[:, 0] if frames.shape[1] > 1 else None
        return Answer(logits[:, -1], last, before)

    def given(
        self, memory: Memory, before: Frames | None = None, flow: Flow | None = None
    ) -> Given:
        """See ``SceneNetwork.given``: nothing, ever."""
        return ()

    def tell(self, frame: Frames, given: Given) -> tuple[Logits, Given]:
        """See ``SceneNetwork.tell``."""
        maps, auxiliary = see(self, frame)
        return resized(self.head(maps, auxiliary), frame), ()

    def kept(self, memory: Memory, left: Given) -> Memory:
        """See ``SceneNetwork.kept``: nothing."""
        return memory


def see(network: Any, frames: Frames) -> tuple[Maps, Any]:
    """The maps of single frames that heads get, and the logits of the auxiliary head (``None`` without one).

    Where a network merges, the one map stands for both of the coarsest.

    Raises:
        InputError: Sides that are no multiples.
    """
    height, width = frames.shape[-2:]
    if height % MULTIPLE or width % MULTIPLE:
        raise InputError(
            f"Frames are {height}x{width} (height x width); both sides must be multiples of {MULTIPLE}. "
            "Pad or crop them."
        )
    maps: Maps = network.trunk(frames)
    if network.merge is not None:
        merged = network.merge.merged(maps)
        maps = (*maps[:2], merged, merged)
    return maps, None if network.auxiliary is None else network.auxiliary(maps[-2])


def by_clip(
    maps: Float[Tensor, "frames channels rows columns"], clips: Clips
) -> Float[Tensor, "batch time channels rows columns"]:
    """Maps of the frames of clips, one after the other, by clip and time."""
    return maps.reshape(*clips.shape[:2], *maps.shape[1:])


def refuse_reference(reference: Frames | None) -> None:
    """Nothing happens without one.

    Raises:
        InputError: A reference frame.
    """
    if reference is not None:
        raise InputError("This network looks at no reference frame. Leave it out.")
