"""The networks of this room as video models: frames and states in, classes per pixel and states out."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from segue.models.naming.answers import (
    PixelClasses,
    named,
    padded,
    refuse_labels,
    refuse_size,
)
from segue.models.scene_parsing.network import Memory, SceneNetwork
from segue.models.scene_parsing.objective import flow_between
from segue.models.scene_parsing.settings import SceneParsingSettings
from segue.nn.flow import Dis, FlowFinder, find_flow
from segue.nn.fuse import for_inference
from segue.types import Frame, GivenLabels, Prediction


@dataclass(frozen=True, slots=True)
class SceneParsingState:
    """The memory of a video: of constant size, whatever its length."""

    size_hw: tuple[int, int]
    frames: int
    """Frames seen so far."""
    memory: Memory
    before: UInt8[Tensor, "_ _ _"]
    """The last frame, padded; empty where no motion is looked for."""


class SceneParsingModel:
    """Implements ``VideoModel[SceneParsingState]`` without labels: it names what it sees by itself.

    ``prediction.labels`` holds the number of a class per pixel, from 0, and ``prediction.scores`` has an entry per
    class. torch computes it.

    Args:
        name: The name of the variant.
        network: With trained weights, where it shall run.
        settings: What the network was built with.
        device: Where RAFT runs, if that finds the motion.

    Raises:
        WeightsError: RAFT is asked for, and its weights are not there.
    """

    lookahead = 0
    state_type = SceneParsingState
    parameters_per_object = 0

    def __init__(
        self, name: str, network: nn.Module, settings: SceneParsingSettings, device: str = "cpu"
    ) -> None:
        self.name = name
        self.network = network
        self.settings = settings
        self._device = next(network.parameters()).device
        self._computes: SceneNetwork = for_inference(network)  # type: ignore[assignment]
        self._finder = _finders(settings.flow, device) if self._computes.needs_flow else Dis

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; the position is the number that stands in ``prediction.labels``."""
        return self.settings.classes

    def start(
        self, frame: Frame, labels: GivenLabels | None = None
    ) -> tuple[Prediction, SceneParsingState]:
        """Begin a video.

        Raises:
            MaskError: Labels were given.
        """
        return self.step(frame, self.begin(frame), labels)

    def step(
        self, frame: Frame, state: SceneParsingState, labels: GivenLabels | None = None
    ) -> tuple[Prediction, SceneParsingState]:
        """Go on by one frame.

        Raises:
            VideoError: The frame has another size than the first one.
            MaskError: Labels were given.
        """
        refuse_labels(self.name, labels, state.frames)
        logits, after = self.look(frame, state)
        probabilities = logits.softmax(0)
        confidence, found = probabilities.max(0)
        highest = probabilities.flatten(1).amax(1)
        classes = PixelClasses(found.to(torch.uint8), confidence, highest)
        return named(classes, state.size_hw), after

    def begin(self, frame: Frame) -> SceneParsingState:
        """The memory before the first frame; of the frame only the size matters."""
        nothing = torch.zeros((0, 0, 3), dtype=torch.uint8)
        return SceneParsingState((frame.shape[0], frame.shape[1]), 0, Memory(), nothing)

    @torch.no_grad()
    def look(
        self, frame: Frame, state: SceneParsingState
    ) -> tuple[Float[Tensor, "classes height width"], SceneParsingState]:
        """Logits of a frame and the memory after it.

        Raises:
            VideoError: The frame has another size than the first one.
        """
        height, width = state.size_hw
        refuse_size(frame, state.size_hw, state.frames)
        picture = torch.from_numpy(padded(frame, self._computes.multiple))
        before, flow = state.before, None
        if before.numel():
            flow = flow_between(picture.numpy(), before.numpy(), self._finder())[None]
            flow = flow.to(self._device)
        logits, memory = self._computes.step(
            self._pixels(picture),
            state.memory,
            self._pixels(before) if before.numel() else None,
            flow,
        )
        kept = picture if self._computes.needs_flow else before
        after = SceneParsingState(state.size_hw, state.frames + 1, memory, kept)
        return logits[0, :, :height, :width], after

    def _pixels(self, picture: UInt8[Tensor, "rows columns 3"]) -> Float[Tensor, "1 3 _ _"]:
        return picture.to(self._device).permute(2, 0, 1)[None].float() / 255


def _finders(method: str, device: str) -> Callable[[], FlowFinder]:
    """What gives a finder for one frame: DIS keeps a scratchpad, so that threads must not share one."""
    found = find_flow(method, device)
    return Dis if isinstance(found, Dis) else lambda: found
