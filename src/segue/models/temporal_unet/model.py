"""The temporal U-Net as a video model: frames and states in, classes per pixel and states out."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.errors import MaskError, VideoError
from segue.models.temporal_unet.motion import find_motion, grey_of
from segue.models.temporal_unet.network import Hidden, TemporalUnet
from segue.models.temporal_unet.settings import TemporalUnetSettings
from segue.nn.fuse import for_inference
from segue.types import Frame, GivenLabels, ObjectScore, Prediction

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


class TemporalUnetModel:
    """Implements ``VideoModel[TemporalUnetState]`` without labels: it names what it sees by itself.

    ``prediction.labels`` holds the number of a class per pixel, from 0, and ``prediction.scores`` has an entry per
    class.

    Args:
        name: The name of the variant.
        network: With trained weights, where it shall run.
        settings: What the network was built with.
    """

    lookahead = 0
    state_type = TemporalUnetState
    parameters_per_object = 0

    def __init__(self, name: str, network: TemporalUnet, settings: TemporalUnetSettings) -> None:
        self.name = name
        self.network = network
        self.settings = settings
        self._fast = for_inference(network)
        self._device = next(network.parameters()).device

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; the position is the number that stands in ``prediction.labels``."""
        return self.settings.classes

    def start(
        self, frame: Frame, labels: GivenLabels | None = None
    ) -> tuple[Prediction, TemporalUnetState]:
        """Begin a video.

        Raises:
            MaskError: Labels were given.
        """
        return self.step(frame, self.begin(frame), labels)

    def step(
        self, frame: Frame, state: TemporalUnetState, labels: GivenLabels | None = None
    ) -> tuple[Prediction, TemporalUnetState]:
        """Go on by one frame.

        Raises:
            VideoError: The frame has another size than the first one.
            MaskError: Labels were given.
        """
        if labels is not None:
            raise MaskError(
                f"{self.name} names classes by itself and takes no mask, but one came with frame "
                f"{state.frames}. Leave it out, or use a model that follows given objects."
            )
        logits, state = self.look(frame, state)
        return _predict(logits), state

    def begin(self, frame: Frame) -> TemporalUnetState:
        """The memory before the first frame; of the frame only the size matters."""
        size_hw = frame.shape[0], frame.shape[1]
        rows, columns = self._padded(size_hw[0]), self._padded(size_hw[1])
        generator = None
        if self.settings.hidden_init == "normal":
            generator = torch.Generator().manual_seed(self.settings.seed)
        hidden = self._fast.initial_hidden(1, (rows, columns), generator)
        return TemporalUnetState(size_hw, 0, hidden, torch.zeros((0, 0), dtype=torch.uint8))

    @torch.no_grad()
    def look(
        self, frame: Frame, state: TemporalUnetState
    ) -> tuple[Float[Tensor, "classes height width"], TemporalUnetState]:
        """Logits of a frame and the memory after it.

        Raises:
            VideoError: The frame has another size than the first one.
        """
        height, width = frame.shape[:2]
        if (height, width) != state.size_hw:
            raise VideoError(
                f"Frame {state.frames} is {height}x{width}, the first one {state.size_hw[0]}x"
                f"{state.size_hw[1]} (height x width). Scale all frames to one size."
            )
        padded = self._pad(frame)
        motion, grey = self._find_motion(padded, state)
        pixels = torch.from_numpy(padded).to(self._device).permute(2, 0, 1)[None].float() / 255
        logits, hidden = self._fast.step(pixels, state.hidden, motion)
        return (
            logits[0, :, :height, :width],
            TemporalUnetState(state.size_hw, state.frames + 1, hidden, grey),
        )

    def _padded(self, side: int) -> int:
        multiple = self.network.multiple
        return multiple * max(-(-side // multiple), _SMALLEST)

    def _pad(self, frame: Frame) -> UInt8[np.ndarray, "padded_height padded_width 3"]:
        height, width = frame.shape[:2]
        margins = (0, self._padded(height) - height), (0, self._padded(width) - width), (0, 0)
        return np.pad(frame, margins, mode="edge")

    def _find_motion(
        self, padded: UInt8[np.ndarray, "padded_height padded_width 3"], state: TemporalUnetState
    ) -> tuple[Float[Tensor, "1 2 _ _"] | None, UInt8[Tensor, "_ _"]]:
        """Motion since the last frame, and what the next frame will be compared with."""
        if self.settings.align == "none" or not state.hidden:
            return None, state.grey
        grey = grey_of(padded)
        before = state.grey.numpy() if state.frames else grey
        return find_motion(grey, before)[None].to(self._device), torch.from_numpy(grey)


def _predict(logits: Float[Tensor, "classes height width"]) -> Prediction:
    probabilities = logits.softmax(0)
    best, labels = probabilities.max(0)
    numbers = labels.to(torch.uint8).cpu().numpy()
    flat, num_classes = numbers.ravel(), len(logits)
    areas = np.bincount(flat, minlength=num_classes)
    sums = np.bincount(flat, weights=best.cpu().numpy().ravel(), minlength=num_classes)
    scores = {}
    for i, highest in enumerate(probabilities.amax((1, 2)).tolist()):
        absent = not areas[i]
        confidence = 1 - highest if absent else sums[i] / areas[i]
        scores[i] = ObjectScore(round(float(confidence), 4), absent)
    return Prediction(numbers, scores)
