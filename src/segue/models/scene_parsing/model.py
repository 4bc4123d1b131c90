"""The networks of this room as video models: frames and states in, classes per pixel and states out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.models.given import size_of
from segue.models.naming.answers import PixelClasses, padded, refuse_size
from segue.models.naming.model import NamingModel
from segue.models.scene_parsing.graphs import SceneParsingGraph
from segue.models.scene_parsing.netwarp import NetWarp
from segue.models.scene_parsing.network import Given, ImageParser, Memory
from segue.models.scene_parsing.objective import flow_between
from segue.models.scene_parsing.settings import SceneParsingSettings
from segue.models.scene_parsing.tcb import Tcb
from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Backend
from segue.nn.backends.torch_backend import TorchBackend
from segue.nn.flow import Dis, FlowFinder, find_flow
from segue.nn.fuse import for_inference
from segue.types import Frame

AnyNetwork = ImageParser | NetWarp | Tcb


@dataclass(frozen=True, slots=True)
class SceneParsingState:
    """The memory of a video: of constant size, whatever its length."""

    size_hw: tuple[int, int]
    frames: int
    """Frames seen so far."""
    memory: Memory
    before: UInt8[Tensor, "_ _ _"]
    """The last frame, padded; empty where no motion is looked for."""


class SceneParsingModel(NamingModel[SceneParsingState, AnyNetwork, SceneParsingSettings]):
    """Implements ``VideoModel[SceneParsingState]``; see ``NamingModel``.

    Args:
        name: The name of the variant.
        network: With trained weights, where it shall run.
        settings: What the network was built with.
        backend: Computes the network; torch by default. A memory that was made with one backend may go on with another.
        ranges: Of the convolutions that shall compute in eight bits.

    Raises:
        WeightsError: The ranges do not fit the network; or RAFT is asked for, and its weights are not there.
    """

    state_type = SceneParsingState

    def __init__(
        self,
        name: str,
        network: AnyNetwork,
        settings: SceneParsingSettings,
        backend: Backend | None = None,
        ranges: Ranges | None = None,
    ) -> None:
        super().__init__(name, network, settings)
        self._graph = SceneParsingGraph(network, backend or TorchBackend(), ranges)
        needed = network.needs_flow
        self._finder = _finders(settings.flow, str(self._device)) if needed else Dis

    def begin(self, frame: Frame) -> SceneParsingState:
        """The memory before the first frame; of the frame only the size matters."""
        nothing = torch.zeros((0, 0, 3), dtype=torch.uint8)
        return SceneParsingState(size_of(frame), 0, Memory(), nothing)

    @torch.no_grad()
    def look(
        self, frame: Frame, state: SceneParsingState
    ) -> tuple[Float[Tensor, "classes height width"], SceneParsingState]:
        """See ``NamingModel.look``."""
        picture, given = self._prepared(frame, state)
        logits, left = self._reference.tell(self._pixels(picture), given)
        height, width = state.size_hw
        return logits[0, :, :height, :width], self._after(state, picture, left)

    def _seen(
        self, frame: Frame, state: SceneParsingState
    ) -> tuple[PixelClasses, SceneParsingState]:
        picture, given = self._prepared(frame, state)
        classes, left = self._graph.step(picture[None].to(self._device), given)
        return classes, self._after(state, picture, left)

    @cached_property
    def _reference(self) -> AnyNetwork:
        return for_inference(self.network)

    def _prepared(
        self, frame: Frame, state: SceneParsingState
    ) -> tuple[UInt8[Tensor, "padded_height padded_width 3"], Given]:
        """The padded frame, and what the network is told of those before."""
        refuse_size(frame, state.size_hw, state.frames)
        picture = torch.from_numpy(padded(frame, self.network.multiple))
        if not state.before.numel():
            return picture, self.network.given(state.memory)
        flow = flow_between(picture.numpy(), state.before.numpy(), self._finder())[None]
        before = self._pixels(state.before)
        return picture, self.network.given(state.memory, before, flow.to(self._device))

    def _after(
        self, state: SceneParsingState, picture: UInt8[Tensor, "rows columns 3"], left: Given
    ) -> SceneParsingState:
        memory = self.network.kept(state.memory, left)
        before = picture if self.network.needs_flow else state.before
        return SceneParsingState(state.size_hw, state.frames + 1, memory, before)

    def _pixels(self, picture: UInt8[Tensor, "rows columns 3"]) -> Float[Tensor, "1 3 _ _"]:
        return picture.to(self._device).permute(2, 0, 1)[None].float() / 255


def _finders(method: str, device: str) -> Callable[[], FlowFinder]:
    """What gives a finder for one frame: DIS keeps a scratchpad, so that threads must not share one."""
    found = find_flow(method, device)
    return Dis if isinstance(found, Dis) else lambda: found
