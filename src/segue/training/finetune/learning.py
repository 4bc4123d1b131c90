"""What fine-tuning does the same way for all models."""

from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from segue.data.given_clips import MaskedFrame
from segue.media.resize import resize_labels, shrink
from segue.training.curriculum import Conditions
from segue.training.task import Batch


class KeptStatistics(nn.Module):
    """An objective under which batch normalisation uses the stored statistics, and leaves them as they are."""

    def __init__(self, objective: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.objective = objective
        # In a tuple, so that nothing is there twice.
        self._norms = tuple(m for m in network.modules() if "running_mean" in m._buffers)

    def forward(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """See ``segue.training.task.Task.objective``."""
        for norm in self._norms:
            norm.eval()
        losses: dict[str, Tensor] = self.objective(batch, conditions)
        return losses


def clip_size(frame_hw: tuple[int, int], pixels: int, multiple: int = 32) -> tuple[int, int]:
    """Height and width of clips: the frame's shape, at most about so many pixels, never larger than the frame.

    Args:
        frame_hw: Of the frames.
        pixels: Of a frame of a clip.
        multiple: Of which both sides are multiples.
    """
    height, width = frame_hw
    factor = min(1.0, (pixels / (height * width)) ** 0.5)
    sides = [max(2, round(side * factor / multiple)) * multiple for side in (height, width)]
    return sides[0], sides[1]


def at_size(one: MaskedFrame, size_hw: tuple[int, int]) -> MaskedFrame:
    """A masked frame at the size at which a model works on the video."""
    height, width = one.labels.shape
    if size_hw == (height, width):
        return one
    if size_hw[0] <= height and size_hw[1] <= width:
        frame = shrink(one.frame, size_hw)
    else:
        frame = np.asarray(cv2.resize(one.frame, size_hw[::-1], interpolation=cv2.INTER_CUBIC))
    return replace(one, frame=frame, labels=resize_labels(one.labels, size_hw))


def as_images(network: nn.Module) -> None:
    """Lay the weights out as convolutions of pictures are fastest."""
    network.to(memory_format=torch.channels_last)
