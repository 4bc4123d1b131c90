"""SSLTM as a video model: frames and memory in, classes per pixel and memory out. It never looks ahead."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.models.given import size_of
from segue.models.naming.answers import PixelClasses, padded, refuse_size
from segue.models.naming.model import NamingModel
from segue.models.ssltm.graphs import BLEND_STRIDE, Blended, Memory, Plan, SsltmGraph, Step, Told
from segue.models.ssltm.network import Features, Ssltm
from segue.models.ssltm.references import References, frames_passed
from segue.models.ssltm.settings import SsltmSettings
from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Backend
from segue.nn.backends.torch_backend import TorchBackend
from segue.nn.fuse import for_inference
from segue.nn.motion import Motion, find_motion, grey_of, trust_in, unexplained
from segue.nn.resize import resized
from segue.types import Frame

_LEAST = 1e-6
"""Probability below which no logarithm is told."""


@dataclass(frozen=True, slots=True)
class SsltmState:
    """The memory of a video: of bounded size, whatever its length."""

    size_hw: tuple[int, int]
    frames: int
    """Frames seen so far."""
    near: tuple[Features, ...]
    """Features of the last frames, the oldest first."""
    trusted: tuple[float, ...]
    """How far each of them is trusted, seen from the last frame: 0 to 1."""
    references: References
    """Contexts of earlier frames."""
    blended: Blended
    """Memory at the output."""
    grey: UInt8[Tensor, "_ _"]
    """The last frame, as motion is found in it; empty where none is."""


class SsltmModel(NamingModel[SsltmState, Ssltm, SsltmSettings]):
    """Implements ``VideoModel[SsltmState]``; see ``NamingModel``.

    Args:
        name: The name of the variant.
        network: With trained weights, where it shall run.
        settings: What the network was built with.
        backend: Computes the network; torch by default. A memory that was made with one backend may go on with another.
        ranges: Of the convolutions that shall compute in eight bits.

    Raises:
        WeightsError: The ranges do not fit the network.
    """

    state_type = SsltmState

    def __init__(
        self,
        name: str,
        network: Ssltm,
        settings: SsltmSettings,
        backend: Backend | None = None,
        ranges: Ranges | None = None,
    ) -> None:
        super().__init__(name, network, settings)
        self._plan = plan_of(settings)
        self._graph = SsltmGraph(network, self._plan, backend or TorchBackend(), ranges)

    def probabilities(self, state: SsltmState) -> Tensor | None:
        """See ``TellingModel.probabilities``; only a network that blends at its output remembers them."""
        return state.blended[0] if state.blended else None

    def begin(self, frame: Frame) -> SsltmState:
        """The memory before the first frame; of the frame only the size matters."""
        nothing = torch.zeros((0, 0), dtype=torch.uint8)
        return SsltmState(size_of(frame), 0, (), (), References(), (), nothing)

    @torch.no_grad()
    def look(
        self, frame: Frame, state: SsltmState
    ) -> tuple[Float[Tensor, "classes height width"], SsltmState]:
        """See ``NamingModel.look``."""
        pixels, memory, before = self._prepared(frame, state)
        float_pixels = pixels.permute(0, 3, 1, 2).float() / 255
        told: Told = self._reference.tell(float_pixels, memory)
        answers = resized(told.answers, float_pixels)
        if self._plan.blends:
            answers = answers.clamp_min(_LEAST).log()
        height, width = state.size_hw
        after = self._after(before, told.features, told.context, told.blended)
        return answers[0, :, :height, :width], after

    def _seen(self, frame: Frame, state: SsltmState) -> tuple[PixelClasses, SsltmState]:
        pixels, memory, before = self._prepared(frame, state)
        shown = self._graph.step(pixels, memory)
        return shown.classes, self._after(before, shown.features, shown.context, shown.blended)

    @cached_property
    def _reference(self) -> Step:
        return for_inference(Step(self.network, self._plan))

    def _prepared(
        self, frame: Frame, state: SsltmState
    ) -> tuple[UInt8[Tensor, "1 padded_height padded_width 3"], Memory, SsltmState]:
        """The padded frame, what goes in with it, and the memory as it looks from this frame."""
        refuse_size(frame, state.size_hw, state.frames)
        whole = padded(frame, self.network.multiple)
        motion, trust, grey = self._moved(whole, state)
        state = SsltmState(
            state.size_hw,
            state.frames + 1,
            state.near,
            tuple(round(one * trust, 6) for one in state.trusted),
            self._aged(state, trust),
            state.blended,
            grey,
        )
        pixels = torch.from_numpy(whole)[None].to(self._device)
        return pixels, self._memory(whole.shape[:2], state, motion, trust), state

    def _moved(
        self, frame: Frame, state: SsltmState
    ) -> tuple[Motion | None, float, UInt8[Tensor, "_ _"]]:
        """The motion since the last frame, how far that one is trusted, and what the next one is compared with."""
        if not (self._plan.blends or self.settings.notice):
            return None, 1.0, state.grey
        grey = grey_of(frame)
        before = state.grey.numpy() if state.frames else grey
        motion = find_motion(grey, before)
        trust = trust_in(unexplained(grey, before, motion)) if self.settings.notice else 1.0
        return motion, trust, torch.from_numpy(grey)

    def _aged(self, state: SsltmState, trust: float) -> References:
        if self.settings.reference != "distance" or not state.frames:
            return state.references
        distance = self.settings.distance
        return state.references.older(frames_passed(trust, distance), distance)

    def _memory(
        self, size_hw: tuple[int, ...], state: SsltmState, motion: Motion | None, trust: float
    ) -> Memory:
        near, trusted = self._near(size_hw, state) if self._plan.near else (None, None)
        context = own = None
        if self._plan.refers:
            shape = 1, len(self.classes), self.settings.width
            chosen = state.references.chosen
            context = self._zeros(*shape) if chosen is None else chosen
            own = self._zeros(1) + (chosen is None)
        if not self._plan.blends or motion is None:
            return Memory(near, trusted, context, own)
        half = [side // BLEND_STRIDE for side in size_hw]
        blended = state.blended or tuple(
            self._zeros(1, channels, *half) for channels in (len(self.classes), 1)
        )
        share = self._zeros(1) + self.settings.blend * trust
        return Memory(near, trusted, context, own, blended, motion[None].to(self._device), share)

    def _near(self, size_hw: tuple[int, ...], state: SsltmState) -> tuple[Tensor, Tensor]:
        """Features of the frames of the clip before this one, and how far they are trusted."""
        rows, columns = (side // self.network.stride for side in size_hw)
        maps, trusted = [], []
        for number in range(self._plan.near, 0, -1):
            back = number * self.settings.spacing
            there = back <= len(state.near)
            missing = self._zeros(1, self.settings.width, rows, columns)
            maps.append(state.near[-back] if there else missing)
            trusted.append(state.trusted[-back] if there else 0.0)
        return torch.stack(maps, 1), self._zeros(1, len(trusted)) + torch.tensor(trusted)

    def _after(
        self, state: SsltmState, features: Features, context: Tensor, blended: Blended
    ) -> SsltmState:
        """The memory with what was seen of this frame."""
        kept = self._plan.near * self.settings.spacing
        references = state.references
        if self._plan.refers and not (self.settings.reference == "first" and references.contexts):
            references = references.with_newest(context)
        return SsltmState(
            state.size_hw,
            state.frames,
            (*state.near, features)[-kept:] if kept else (),
            (*state.trusted, 1.0)[-kept:] if kept else (),
            references,
            blended,
            state.grey,
        )

    def _zeros(self, *shape: int) -> Tensor:
        return torch.zeros(shape, device=self._device)


def plan_of(settings: SsltmSettings) -> Plan:
    """Which memory a network of these settings is computed with."""
    near = min(settings.frames, settings.window[0]) - 1 if settings.stt else 0
    refers = settings.reference == "first" or (
        settings.reference == "distance" and settings.distance > 0
    )
    return Plan(near, refers, settings.blend > 0)
