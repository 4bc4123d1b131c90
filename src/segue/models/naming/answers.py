"""What all models that name classes do with frames and answers."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.errors import MaskError, VideoError
from segue.nn.resize import resized
from segue.types import Frame, GivenLabels, ObjectScore, Prediction


@dataclass(frozen=True, slots=True)
class PixelClasses:
    """What a network says of a padded frame."""

    labels: UInt8[Tensor, "height width"]
    """The most probable class of each pixel."""
    confidence: Float[Tensor, "height width"]
    """Its probability."""
    highest: Float[Tensor, " classes"]
    """The probability of each class where it is most probable."""


def refuse_labels(name: str, labels: GivenLabels | None, frames: int) -> None:
    """Refuse given labels.

    Args:
        name: Of the model.
        labels: What came with a frame.
        frames: Frames before that one.

    Raises:
        MaskError: There are some.
    """
    if labels is not None:
        raise MaskError(
            f"{name} names classes by itself and takes no mask, but one came with frame {frames}. Leave it out, or use "
            "a model that follows given objects."
        )


def refuse_size(frame: Frame, size_hw: tuple[int, int], frames: int) -> None:
    """Refuse a frame of another size than the first one.

    Args:
        frame: What came.
        size_hw: Of the first one.
        frames: Frames before that one.

    Raises:
        VideoError: It has.
    """
    height, width = frame.shape[:2]
    if (height, width) != size_hw:
        raise VideoError(
            f"Frame {frames} is {height}x{width}, the first one {size_hw[0]}x{size_hw[1]} (height x width). Scale all "
            "frames to one size."
        )


def padded_side(side: int, multiple: int, least: int = 1) -> int:
    """The smallest multiple of a number that a side fits in, and at least so many times that number."""
    return multiple * max(-(-side // multiple), least)


def padded(
    frame: Frame, multiple: int, least: int = 1
) -> UInt8[np.ndarray, "padded_height padded_width 3"]:
    """A frame with its border repeated on the right and below, so that its sides are as ``padded_side`` says."""
    margins = [(0, padded_side(side, multiple, least) - side) for side in frame.shape[:2]]
    return np.pad(frame, (*margins, (0, 0)), mode="edge")


def classes_of(
    probabilities: Float[Tensor, "batch classes _ _"],
    pixels: Float[Tensor, "batch 3 height width"],
) -> tuple[
    UInt8[Tensor, "batch height width"],
    Float[Tensor, "batch height width"],
    Float[Tensor, "batch classes"],
]:
    """What ``PixelClasses`` holds, one after the other, as a graph gives it.

    Args:
        probabilities: Of any size.
        pixels: The frame.
    """
    confidence, labels = resized(probabilities, pixels).max(1)
    return labels.to(torch.uint8), confidence, probabilities.amax((2, 3))


def named(classes: PixelClasses, size_hw: tuple[int, int]) -> Prediction:
    """What a network says of a frame, as a prediction with a score per class.

    Args:
        classes: Of the padded frame.
        size_hw: Height and width of the frame itself.
    """
    inside = slice(size_hw[0]), slice(size_hw[1])
    found = np.ascontiguousarray(classes.labels[inside].cpu().numpy())
    sure = classes.confidence[inside].cpu().numpy()
    number = len(classes.highest)
    areas = np.bincount(found.ravel(), minlength=number)
    sums = np.bincount(found.ravel(), sure.ravel(), minlength=number)
    scores = {}
    for i, most in enumerate(classes.highest.tolist()):
        absent = not areas[i]
        mean = 1 - most if absent else sums[i] / areas[i]
        scores[i] = ObjectScore(round(float(mean), 4), absent)
    return Prediction(found, scores)
