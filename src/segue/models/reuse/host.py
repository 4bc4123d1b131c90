"""What a model must offer to be given the reuse gate."""

from typing import Any, Protocol, TypeVar, runtime_checkable

from segue.models.interface import VideoModel
from segue.types import Labels

StateT = TypeVar("StateT")


@runtime_checkable
class ReuseHost(VideoModel[StateT], Protocol[StateT]):
    """A video model that can be told what was on frames that it did not see."""

    def carried(self, state: StateT, labels: Labels, frames: int) -> StateT:
        """The memory after some frames that were carried over, ready for the next ``step``.

        Args:
            state: As it was after the last computed frame. Not changed.
            labels: What was said about the last of the carried frames.
            frames: How many they were.
        """
        ...


def memory_after(host: VideoModel[Any], state: Any, labels: Labels, frames: int) -> Any:
    """The host's memory after carried frames; that of a host which only looks at its own frames stays as it is."""
    return host.carried(state, labels, frames) if isinstance(host, ReuseHost) and frames else state
