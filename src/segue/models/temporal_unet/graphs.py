"""The temporal U-Net as a backend computes it: a frame, motion and memory go in, classes and memory come out."""

from dataclasses import dataclass

from jaxtyping import Float, UInt8
from torch import Tensor, nn

from segue.models.naming.answers import PixelClasses, classes_of
from segue.models.temporal_unet.network import Hidden, TemporalUnet
from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Backend


@dataclass(frozen=True)
class Seen:
    """What the network says of a frame."""

    classes: PixelClasses
    hidden: Hidden
    """The states to hand to the next frame."""


class Step(nn.Module):
    """Everything that is computed for a frame, but the motion."""

    def __init__(self, network: TemporalUnet) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, frames: UInt8[Tensor, "batch height width 3"], *memory: Tensor
    ) -> tuple[Tensor, ...]:
        """What ``Seen`` holds, one after the other.

        Args:
            frames: Sides are multiples of the network's ``multiple``.
            memory: The states; then the motion, where states move along.
        """
        number = self.network.num_states
        hidden, motion = memory[:number], memory[number] if len(memory) > number else None
        pixels = frames.permute(0, 3, 1, 2).float() / 255
        probabilities, hidden = self.network.tell(pixels, hidden, motion)
        return *classes_of(probabilities, pixels), *hidden


class TemporalUnetGraph:
    """The network, ready to compute.

    Args:
        network: With trained weights.
        backend: Computes it. States that one backend gave may go on with another.
        ranges: Of the convolutions that shall compute in eight bits.

    Raises:
        WeightsError: The ranges do not fit the network.
    """

    def __init__(self, network: TemporalUnet, backend: Backend, ranges: Ranges | None) -> None:
        self._step = backend.prepare(Step(network), ranges)

    def step(
        self,
        frame: UInt8[Tensor, "1 height width 3"],
        hidden: Hidden,
        motion: Float[Tensor, "1 2 height width"] | None,
    ) -> Seen:
        """Look at a frame; see ``TemporalUnet.step``."""
        moved = () if motion is None else (motion,)
        labels, confidence, highest, *after = self._step(frame, *hidden, *moved)
        return Seen(PixelClasses(labels[0], confidence[0], highest[0]), tuple(after))
