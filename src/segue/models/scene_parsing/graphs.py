"""A network of this room as a backend computes it: a frame and memory go in, classes and memory come out."""

from typing import cast

from jaxtyping import UInt8
from torch import Tensor, nn

from segue.models.naming.answers import PixelClasses, classes_of
from segue.models.scene_parsing.network import Given, SceneNetwork
from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Backend


class Step(nn.Module):
    """Everything that is computed for a frame, but the motion."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, frames: UInt8[Tensor, "1 height width 3"], *given: Tensor
    ) -> tuple[Tensor, ...]:
        """What ``PixelClasses`` holds, then what the frame leaves to the next one.

        Args:
            frames: Sides are multiples of the network's ``multiple``.
            given: See ``SceneNetwork.given``.
        """
        pixels = frames.permute(0, 3, 1, 2).float() / 255
        logits, left = cast(SceneNetwork, self.network).tell(pixels, given)
        return *classes_of(logits.softmax(1), pixels), *left


class SceneParsingGraph:
    """The network, ready to compute. A network with a memory is two graphs: of first frames, and of all others.

    Args:
        network: With trained weights; a ``SceneNetwork``.
        backend: Computes it. Memory that one backend gave may go on with another.
        ranges: Of the convolutions that shall compute in eight bits.

    Raises:
        WeightsError: The ranges do not fit the network.
    """

    def __init__(self, network: nn.Module, backend: Backend, ranges: Ranges | None) -> None:
        self._step = backend.prepare(Step(network), ranges)

    def step(
        self, frame: UInt8[Tensor, "1 height width 3"], given: Given
    ) -> tuple[PixelClasses, Given]:
        """The classes of a frame, and what it leaves to the next one."""
        labels, confidence, highest, *left = self._step(frame, *given)
        return PixelClasses(labels[0], confidence[0], highest[0]), tuple(left)
