"""SSLTM as a backend computes it: a frame and memory go in, classes and memory come out."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from segue.models.naming.answers import PixelClasses, classes_of
from segue.models.ssltm.network import Contexts, Features, Ssltm
from segue.nn.backends.int8 import Ranges
from segue.nn.backends.interface import Backend
from segue.nn.blend import blend
from segue.nn.context import gather
from segue.nn.resize import resized
from segue.nn.warp import warp

Blended = tuple[Float[Tensor, "1 _ rows2 columns2"], ...]
"""Probabilities and brightness of the frame before, at half size; empty without a memory at the output."""

BLEND_STRIDE = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """Which memory a network is computed with; it decides what goes in."""

    near: int
    """Frames before the newest one that the transformer sees."""
    refers: bool
    """Whether the context of another frame can be given."""
    blends: bool
    """Whether there is a memory at the output."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a step is given besides the frame; entries that the plan has no use for are ``None``."""

    near: Float[Tensor, "1 near channels rows columns"] | None = None
    """Features of the frames before, the oldest first; zeros where there is none."""
    trust: Float[Tensor, "1 near"] | None = None
    """How far each is trusted; 0 where there is none."""
    context: Contexts | None = None
    """Of the reference."""
    own: Float[Tensor, "1"] | None = None
    """1: the frame's own context is taken in place of it."""
    blended: Blended = ()
    motion: Float[Tensor, "1 2 height width"] | None = None
    """Where each place was in the frame before, in pixels."""
    share: Float[Tensor, "1"] | None = None
    """Weight of the answer before where the picture has not changed."""

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """What goes in, in order."""
        given = (
            self.near,
            self.trust,
            self.context,
            self.own,
            *self.blended,
            self.motion,
            self.share,
        )
        return tuple(tensor for tensor in given if tensor is not None)

    @classmethod
    def of(cls, tensors: tuple[Tensor, ...], plan: Plan) -> "Memory":
        """The record whose ``tensors`` these are."""
        rest = list(tensors)
        near, trust = (rest.pop(0), rest.pop(0)) if plan.near else (None, None)
        context, own = (rest.pop(0), rest.pop(0)) if plan.refers else (None, None)
        if not plan.blends:
            return cls(near, trust, context, own)
        probabilities, brightness, motion, share = rest
        return cls(near, trust, context, own, (probabilities, brightness), motion, share)


@dataclass(frozen=True, slots=True)
class Told:
    """What is computed of a frame."""

    answers: Float[Tensor, "1 classes _ _"]
    """Probabilities with a memory at the output, else logits."""
    features: Features
    """Of the frame alone: for the frames to come."""
    context: Contexts
    """Of the frame alone, too."""
    blended: Blended


@dataclass(frozen=True, slots=True)
class Shown:
    """What a backend says of a frame."""

    classes: PixelClasses
    features: Features
    context: Contexts
    blended: Blended


class Step(nn.Module):
    """Everything that is computed for a frame, but the motion."""

    def __init__(self, network: Ssltm, plan: Plan) -> None:
        super().__init__()
        self.network = network
        self.plan = plan
        self._begun = network.centres is not None and network.centres.begun

    def forward(
        self, frames: UInt8[Tensor, "1 height width 3"], *memory: Tensor
    ) -> tuple[Tensor, ...]:
        """What ``Shown`` holds, one after the other.

        Args:
            frames: Sides are multiples of the network's ``multiple``.
            memory: ``Memory.tensors``.
        """
        pixels = frames.permute(0, 3, 1, 2).float() / 255
        told = self.tell(pixels, Memory.of(memory, self.plan))
        probabilities = told.answers
        if not self.plan.blends:
            probabilities = resized(probabilities, pixels).softmax(1)
        classes = classes_of(probabilities, pixels)
        return *classes, told.features, told.context, *told.blended

    def tell(self, pixels: Float[Tensor, "1 3 height width"], memory: Memory) -> Told:
        """What is computed of a frame with values in [0, 1]."""
        network = self.network
        maps, seen = network.see(pixels)
        x = network.agree(*self._clip(seen.features, memory))
        mine = contexts = gather(x, seen.regions)
        if memory.context is not None and memory.own is not None:
            contexts = torch.where(memory.own[:, None, None] > 0, contexts, memory.context)
        _, z = network.ask(x, contexts, self._begun)
        answers: Tensor = network.decoder(z, maps)
        blended: Blended = ()
        if self.plan.blends:
            answers, brightness = _blended(answers, pixels, memory)
            blended = answers, brightness
        if self.plan.near and self.plan.refers:
            mine = network.context(seen)  # without the neighbours
        return Told(answers, seen.features, mine, blended)

    def _clip(
        self, features: Features, memory: Memory
    ) -> tuple[Float[Tensor, "1 time width rows columns"], Float[Tensor, "1 time"] | None]:
        newest = features[:, None]
        if memory.near is None or memory.trust is None:
            return newest, None
        trust = torch.cat([memory.trust, torch.ones_like(memory.trust[:, :1])], 1)
        return torch.cat([memory.near, newest], 1), trust


class SsltmGraph:
    """The network, ready to compute.

    Args:
        network: With trained weights.
        plan: Which memory goes in.
        backend: Computes it. Memory that one backend gave may go on with another.
        ranges: Of the convolutions that shall compute in eight bits.

    Raises:
        WeightsError: The ranges do not fit the network.
    """

    def __init__(self, network: Ssltm, plan: Plan, backend: Backend, ranges: Ranges | None) -> None:
        self._step = backend.prepare(Step(network, plan), ranges)

    def step(self, frame: UInt8[Tensor, "1 height width 3"], memory: Memory) -> Shown:
        """Look at a frame."""
        labels, confidence, highest, features, context, *blended = self._step(
            frame, *memory.tensors
        )
        classes = PixelClasses(labels[0], confidence[0], highest[0])
        return Shown(classes, features, context, tuple(blended))


def _blended(
    logits: Float[Tensor, "1 classes _ _"],
    pixels: Float[Tensor, "1 3 height width"],
    memory: Memory,
) -> tuple[Float[Tensor, "1 classes rows2 columns2"], Float[Tensor, "1 1 rows2 columns2"]]:
    """Probabilities averaged over time, and the brightness of the frame."""
    before, brightness = memory.blended
    now = resized(logits, before).float().softmax(1)
    light = resized(pixels.mean(1, keepdim=True), before)
    if memory.motion is None or memory.share is None:
        raise ValueError("A memory at the output needs the motion, and a share.")
    flow = resized(memory.motion, before) / BLEND_STRIDE
    moved = warp(before, flow, "zeros")
    difference = (light - warp(brightness, flow)).abs()
    return blend(now, moved, difference, memory.share[0]), light
