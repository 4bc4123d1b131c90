"""Given masks and the sizes of frames, the same for every model that follows objects."""

from dataclasses import replace

import numpy as np

from segue.errors import MaskError, VideoError
from segue.media.masks import object_ids
from segue.types import BACKGROUND, Frame, GivenLabels, Labels, ObjectScore, Prediction

GIVE_ONE = "Give a mask of the first frame, or use a model that begins without one."
"""What to do where a mask is missing."""

GIVEN = ObjectScore(confidence=1.0)
"""Of an object on the frame on which it is given."""


def size_of(image: Frame | Labels) -> tuple[int, int]:
    """Height and width."""
    return int(image.shape[0]), int(image.shape[1])


def check_first(name: str, frame: Frame, labels: GivenLabels | None) -> Labels:
    """The first mask, if something can be learned from it.

    Args:
        name: Of the model that needs it.
        frame: The first frame.
        labels: The mask.

    Raises:
        MaskError: There is none, it has another size than the frame, or it holds no object.
    """
    if labels is None:
        raise MaskError(f"{name} carries given objects and finds none by itself. {GIVE_ONE}")
    check_mask(labels, size_of(frame))
    if not object_ids(labels):
        raise MaskError(
            "The first mask holds no object: every pixel is 0 (background) or 255 (void). "
            "Mark at least one."
        )
    return labels


def check_mask(labels: GivenLabels, size_hw: tuple[int, int]) -> None:
    """Refuse a mask of another size than the frame.

    Raises:
        MaskError: It is.
    """
    if labels.shape != size_hw:
        raise MaskError(
            f"The mask is {labels.shape[0]}x{labels.shape[1]}, the frame {size_hw[0]}x{size_hw[1]} "
            "(height x width). Give a mask of the frame's size."
        )


def check_frame(frame: Frame, size_hw: tuple[int, int]) -> None:
    """Refuse a frame of another size than the video began with.

    Raises:
        VideoError: It is.
    """
    height, width = size_of(frame)
    if (height, width) != size_hw:
        raise VideoError(
            f"The frame is {height}x{width}, the video started with {size_hw[0]}x{size_hw[1]} "
            "(height x width). Resize it, or start again."
        )


def overrule(prediction: Prediction, labels: Labels, score: ObjectScore = GIVEN) -> Prediction:
    """The prediction with given objects, all of one score, put in their place; probabilities stay the model's own."""
    given = object_ids(labels)
    merged = prediction.labels.copy()
    merged[np.isin(merged, given)] = BACKGROUND
    shown = np.isin(labels, given)
    merged[shown] = labels[shown]
    scores = dict(prediction.scores)
    for i in scores.keys() - set(given):
        if not (merged == i).any():
            scores[i] = replace(scores[i], absent=True)
    return replace(prediction, labels=merged, scores=scores | dict.fromkeys(given, score))
