"""The temporal U-Net as a video model: frames and states in, classes per pixel and states out."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.models.given import size_of
from segue.models.naming.answers import PixelClasses, padded, padded_side, refuse_size
from segue.models.naming.model import NamingModel
from segue.models.temporal_unet.graphs import TemporalUnetGraph
from segue.models.temporal_unet.network import Hidden, TemporalUnet
from segue.models.temporal_unet.settings import TemporalUnetSettings
from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Backend
from segue.nn.backends.torch_backend import TorchBackend
from segue.nn.fuse import for_inference
from segue.nn.motion import find_motion, grey_of
from segue.types import Frame

_SMALLEST = 4
"""Cells along a side of the coarsest map that the blocks need, which mirror three at the border."""


@dataclass(frozen=True, slots=True)
class TemporalUnetState:
    """The memory of a video: of constant size, whatever its length."""

    size_hw: tuple[int, int]
    frames: int
    """Frames seen so far."""
    hidden: Hidden
    """Recurrent maps of the padded frame."""
    grey: UInt8[Tensor, "_ _"]
    """The last frame, as motion is found in it; empty where nothing is aligned."""


class TemporalUnetModel(NamingModel[TemporalUnetState, TemporalUnet, TemporalUnetSettings]):
    """Implements ``VideoModel[TemporalUnetState]``; see ``NamingModel``.

    Args:
        name: The name of the variant.
        network: With trained weights, where it shall run.
        settings: What the network was built with.
        backend: Computes the network; torch by default. A memory that was made with one backend may go on with another.
        ranges: Of the convolutions that shall compute in eight bits.

    Raises:
        WeightsError: The ranges do not fit the network.
    """

    state_type = TemporalUnetState

    def __init__(
        self,
        name: str,
        network: TemporalUnet,
        settings: TemporalUnetSettings,
        backend: Backend | None = None,
        ranges: Ranges | None = None,
    ) -> None:
        super().__init__(name, network, settings)
        self._graph = TemporalUnetGraph(network, backend or TorchBackend(), ranges)

    def probabilities(self, state: TemporalUnetState) -> Tensor | None:
        """See ``TellingModel.probabilities``; only a network that blends at its output remembers them."""
        return state.hidden[-2] if self.network.blend else None

    def begin(self, frame: Frame) -> TemporalUnetState:
        """The memory before the first frame; of the frame only the size matters."""
        size_hw = size_of(frame)
        rows, columns = (padded_side(side, self.network.multiple, _SMALLEST) for side in size_hw)
        generator = None
        if self.settings.hidden_init == "normal":
            generator = torch.Generator().manual_seed(self.settings.seed)
        hidden = self.network.initial_hidden(1, (rows, columns), generator)
        return TemporalUnetState(size_hw, 0, hidden, torch.zeros((0, 0), dtype=torch.uint8))

    @torch.no_grad()
    def look(
        self, frame: Frame, state: TemporalUnetState
    ) -> tuple[Float[Tensor, "classes height width"], TemporalUnetState]:
        """See ``NamingModel.look``."""
        pixels, motion, grey = self._prepared(frame, state)
        float_pixels = pixels.permute(0, 3, 1, 2).float() / 255
        logits, hidden = self._reference.step(float_pixels, state.hidden, motion)
        height, width = state.size_hw
        state = TemporalUnetState(state.size_hw, state.frames + 1, hidden, grey)
        return logits[0, :, :height, :width], state

    def _seen(
        self, frame: Frame, state: TemporalUnetState
    ) -> tuple[PixelClasses, TemporalUnetState]:
        pixels, motion, grey = self._prepared(frame, state)
        seen = self._graph.step(pixels, state.hidden, motion)
        after = TemporalUnetState(state.size_hw, state.frames + 1, seen.hidden, grey)
        return seen.classes, after

    @cached_property
    def _reference(self) -> TemporalUnet:
        return for_inference(self.network)

    def _prepared(
        self, frame: Frame, state: TemporalUnetState
    ) -> tuple[
        UInt8[Tensor, "1 padded_height padded_width 3"],
        Float[Tensor, "1 2 padded_height padded_width"] | None,
        UInt8[Tensor, "_ _"],
    ]:
        """The padded frame, the motion since the last one, and what the next one will be compared with."""
        refuse_size(frame, state.size_hw, state.frames)
        whole = padded(frame, self.network.multiple, _SMALLEST)
        pixels = torch.from_numpy(whole)[None].to(self._device)
        if self.settings.align == "none" or not state.hidden:
            return pixels, None, state.grey
        grey = grey_of(whole)
        before = state.grey.numpy() if state.frames else grey
        motion = find_motion(grey, before)[None].to(self._device)
        return pixels, motion, torch.from_numpy(grey)
