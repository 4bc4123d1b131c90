"""What a model must offer to be given the reuse gate."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from segue.models.interface import HidingModel, ScalingModel, VideoModel
from segue.models.scene import Thumbnail
from segue.types import Frame, Labels

StateT = TypeVar("StateT")


@dataclass(frozen=True, slots=True)
class WindowAnswer:
    """What a host makes of a part of a frame."""

    logits: Float[Tensor, "objects rows2 columns2"]
    """Of each object, at half the resolution of the part; positive inside."""
    scores: Float[Tensor, "objects 2 rows8 columns8"]
    """What two models of the object say of where it is, about in [0, 1]: for the gate, which sees how they differ."""
    recognised: Float[Tensor, " objects"]
    """How far what was found is the object, and not something else at its place: 0 to 1."""


@runtime_checkable
class ReuseHost(VideoModel[StateT], Protocol[StateT]):
    """A video model that can be told what was on frames that it did not see."""

    def propagated(self, state: StateT, labels: Labels, frames: int, last: Thumbnail) -> StateT:
        """The memory after some frames that were carried over, ready for the next ``step``.

        Args:
            state: As it was after the last computed frame. Not changed.
            labels: What was said about the last of the carried frames.
            frames: How many they were.
            last: Of the last of the carried frames.
        """
        ...


@runtime_checkable
class WindowHost(ReuseHost[StateT], Protocol[StateT]):
    """A model of objects that can look at a part of a frame, for a part of the time, and learn nothing from it.

    The scores of its predictions stand in the order of the objects of ``state``.
    """

    def infer_window(
        self,
        view: Frame,
        last: Float[Tensor, "objects 1 rows8 columns8"],
        state: StateT,
        scale: float,
        rows: Sequence[int],
        asked: int,
    ) -> WindowAnswer:
        """Where the objects are in a part of a frame.

        Args:
            view: The part, sides multiples of 32.
            last: Share of the objects in each cell of 8x8 pixels, on the frame before.
            state: As it was after the last computed frame. Not changed.
            scale: Pixels of the frames that the host works on along a pixel of the view.
            rows: Which objects of ``state`` they are.
            asked: Of how many of them, the first, the answer shall be; the others are only in the way.
        """
        ...

    def working_pixel(self, state: StateT) -> float:
        """Pixels of the video along a pixel of the frames that the host works on, from 1."""
        ...

    def entangled(self, state: StateT, labels: Labels) -> Collection[int]:
        """Ids of the objects of which windows cannot tell which is which.

        Args:
            state: As it was after the last computed frame. Not changed.
            labels: Of the last frame.
        """
        ...


@runtime_checkable
class PacedHost(ScalingModel[StateT], HidingModel[StateT], Protocol[StateT]):
    """A host that works on frames of any size, and can be told that objects are not seen."""


def memory_after(
    host: VideoModel[Any], state: Any, labels: Labels, frames: int, last: Thumbnail
) -> Any:
    """The host's memory after carried frames; that of a host which only looks at its own frames stays as it is."""
    if isinstance(host, ReuseHost) and frames:
        return host.propagated(state, labels, frames, last)
    return state
