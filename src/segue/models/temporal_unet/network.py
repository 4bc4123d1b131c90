"""The wiring: an encoder that sees single frames, temporal cells on its maps, a decoder on what the cells give.

The cells never feed deeper encoder levels (released code), so all frames of a clip are encoded at once, and the only
thing that runs frame by frame is the cells.
"""

from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor, nn

from segue.errors import InputError
from segue.nn.blend import blend
from segue.nn.resize import resized
from segue.nn.warp import warp

Hidden = tuple[Float[Tensor, "_ _ _ _"], ...]
"""Hidden states, one per cell, from fine to coarse; empty for the frame-by-frame baseline."""
Frames = Float[Tensor, "batch time 3 height width"]
Motion = Float[Tensor, "batch time 2 _ _"]

_BLEND_STRIDE = 2
"""Of the memory at the output. On CamVid it flips less than one of full size, with the same mean IoU within 0.1."""
_LEAST = 1e-6
"""Probability below which no logarithm is told."""


class TemporalUnet(nn.Module):
    """Classes per pixel of every frame, from the frame and the hidden states of the frame before.

    Nothing is kept in the module: hidden states go in and come out.

    Args:
        encoder: Frames -> maps by stride.
        decoder: Maps by stride -> logits, of any size.
        cells: By stride, from fine to coarse: ``(map, hidden) -> hidden``.
        widths: Channels of the maps, by stride.
        residual: The cell's state is added to its map, times a gain per channel that starts at 0; otherwise it takes
            the map's place.
        multiple: Sides of frames must be multiples of this.
        blend: Weight of the answer before in the memory at the output; 0: no such memory, as in the report.
        num_classes: Channels of that memory.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        cells: Mapping[int, nn.Module],
        *,
        widths: Mapping[int, int],
        residual: bool,
        multiple: int,
        blend: float = 0.0,
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.cells = nn.ModuleDict({str(stride): cell for stride, cell in cells.items()})
        gains = {str(s): nn.Parameter(torch.zeros(widths[s], 1, 1)) for s in cells}
        self.gains = nn.ParameterDict(gains if residual else {})
        self.multiple = multiple
        self.blend = blend
        self._num_classes = num_classes
        self._widths = {stride: widths[stride] for stride in cells}

    def forward(
        self, frames: Frames, hidden: Hidden | None = None, motion: Motion | None = None
    ) -> Float[Tensor, "batch time classes height width"]:
        """Logits of every frame of clips.

        Args:
            frames: Values in [0, 1]; sides are multiples of ``multiple``.
            hidden: States before the first frame, zeros by default.
            motion: Where each place of a frame was in the frame before, in pixels of the frame, at any size; states
                are moved along. ``None`` leaves them where they are, as in the report.

        Raises:
            InputError: Sides that are no multiples.
        """
        answers, _ = self._answer(frames, hidden, motion)
        logits = self._logits(answers, frames)
        return logits.reshape(frames.shape[1], frames.shape[0], *logits.shape[1:]).transpose(0, 1)

    def at(
        self,
        frames: Frames,
        times: Integer[Tensor, " batch"],
        hidden: Hidden | None = None,
        motion: Motion | None = None,
    ) -> Float[Tensor, "batch classes height width"]:
        """Logits of one frame of each clip, as ``forward`` gives them; no later frame is looked at.

        For training with one labelled frame per clip: the others are not decoded, which saves most of the time and
        memory of the full-size maps.
        """
        end = int(times.max()) + 1
        moved = None if motion is None else motion[:, :end]
        rows = times * len(frames) + torch.arange(len(frames), device=times.device)
        if self.blend:
            answers, _ = self._answer(frames[:, :end], hidden, moved)
            return self._logits(answers[rows], frames)
        maps, _ = self._remember(frames[:, :end], self._begun(frames, hidden), moved)
        return self._logits(self.decoder({s: m[rows] for s, m in maps.items()}), frames)

    def step(
        self,
        frame: Float[Tensor, "batch 3 height width"],
        hidden: Hidden,
        motion: Float[Tensor, "batch 2 _ _"] | None = None,
    ) -> tuple[Float[Tensor, "batch classes height width"], Hidden]:
        """Logits of one frame, and the states to hand to the next step."""
        answers, hidden = self._answer(frame[:, None], hidden, _single(motion))
        return self._logits(answers, frame[:, None]), hidden

    def tell(
        self,
        frame: Float[Tensor, "batch 3 height width"],
        hidden: Hidden,
        motion: Float[Tensor, "batch 2 _ _"] | None = None,
    ) -> tuple[Float[Tensor, "batch classes _ _"], Hidden]:
        """As ``step``, but probabilities; those of the memory at the output have its size."""
        answers, hidden = self._answer(frame[:, None], hidden, _single(motion))
        if self.blend:
            return answers, hidden
        return resized(answers, frame).softmax(1), hidden

    @property
    def num_states(self) -> int:
        """How many maps are remembered: one per cell, and those of the memory at the output."""
        return len(self.cells) + (2 if self.blend else 0)

    def initial_hidden(
        self, batch: int, size_hw: tuple[int, int], generator: torch.Generator | None = None
    ) -> Hidden:
        """States before the first frame: zeros, or drawn from a normal distribution.

        Args:
            batch: Number of videos.
            size_hw: Height and width of the frames.
            generator: Where to draw from, on the CPU; without one the states are zeros.
        """
        height, width = size_hw
        like = next(self.parameters())
        states = []
        for stride, channels in self._widths.items():
            shape = (batch, channels, height // stride, width // stride)
            state = torch.randn(shape, generator=generator) if generator else torch.zeros(shape)
            states.append(state.to(like))
        if self.blend:
            # Probabilities and brightness of the frame before; nothing is known yet.
            size = height // _BLEND_STRIDE, width // _BLEND_STRIDE
            states += [like.new_zeros(batch, c, *size) for c in (self._num_classes, 1)]
        return tuple(states)

    def _begun(self, frames: Frames, hidden: Hidden | None) -> Hidden:
        if hidden is not None:
            return hidden
        return self.initial_hidden(len(frames), (frames.shape[3], frames.shape[4]))

    def _answer(
        self, frames: Frames, hidden: Hidden | None, motion: Motion | None
    ) -> tuple[Float[Tensor, "time_batch classes _ _"], Hidden]:
        """Logits of all frames, or probabilities with a memory at the output; and the states after the last one."""
        hidden = self._begun(frames, hidden)
        maps, last = self._remember(frames, hidden[: len(self.cells)], motion)
        answers: Tensor = self.decoder(maps)
        kept: Hidden = ()
        if self.blend:
            answers, kept = self._blended(answers, frames, hidden[len(self.cells) :], motion)
        return answers, (*last, *kept)

    def _blended(
        self,
        logits: Float[Tensor, "time_batch classes _ _"],
        frames: Frames,
        kept: Hidden,
        motion: Motion | None,
    ) -> tuple[Float[Tensor, "time_batch classes _ _"], Hidden]:
        """Probabilities averaged over time, and what is kept of the last frame: they, and its brightness."""
        before, brightness = kept
        found = resized(logits, before).float().softmax(1)
        answers = []
        for t, now in enumerate(torch.split(found, len(frames))):
            light = resized(frames[:, t].mean(1, keepdim=True), before)
            if motion is not None:
                flow = resized(motion[:, t], before)
                before = _moved(before, flow, _BLEND_STRIDE, "zeros")
                brightness = _moved(brightness, flow, _BLEND_STRIDE)
            before = blend(now, before, (light - brightness).abs(), self.blend)
            brightness = light
            answers.append(before)
        return torch.cat(answers), (before, brightness)

    def _logits(
        self, answers: Float[Tensor, "time_batch classes _ _"], frames: Frames
    ) -> Float[Tensor, "time_batch classes height width"]:
        """What ``_answer`` gave as logits at the size of the frames."""
        answers = resized(answers, frames)
        return answers.clamp_min(_LEAST).log() if self.blend else answers

    def _remember(
        self, frames: Frames, hidden: Hidden, motion: Motion | None
    ) -> tuple[dict[int, Float[Tensor, "time_batch _ _ _"]], Hidden]:
        """Maps by stride after the cells, frame by frame along the first axis, and the states after the last frame."""
        batch, (height, width) = len(frames), frames.shape[3:]
        if height % self.multiple or width % self.multiple:
            raise InputError(
                f"Frames are {height}x{width} (height x width); both sides must be multiples of "
                f"{self.multiple}. Pad or crop them."
            )
        # Time before batch: joining the cells' outputs then keeps the channels-last layout.
        maps: dict[int, Tensor] = self.encoder(frames.transpose(0, 1).flatten(0, 1))
        last = []
        for (key, cell), state in zip(self.cells.items(), hidden, strict=True):
            seen = maps[int(key)]
            states = []
            for time, one in enumerate(torch.split(seen, batch)):
                if motion is not None:
                    state = _moved(state, motion[:, time], int(key))
                state = cell(one, state)
                states.append(state)
            told = torch.cat(states)
            maps[int(key)] = seen + self.gains[key] * told if self.gains else told
            last.append(state)
        return maps, tuple(last)


def _moved(
    state: Float[Tensor, "batch channels rows columns"],
    motion: Float[Tensor, "batch 2 _ _"],
    stride: int,
    outside: Literal["border", "zeros"] = "border",
) -> Float[Tensor, "batch channels rows columns"]:
    """A state where the motion says that its frame has gone."""
    flow = motion
    if motion.shape[2:] != state.shape[2:]:
        flow = F.interpolate(motion, size=state.shape[2:], mode="area")
    return warp(state, (flow / stride).to(state.dtype), outside)


def _single(motion: Float[Tensor, "batch 2 _ _"] | None) -> Motion | None:
    return None if motion is None else motion[:, None]
