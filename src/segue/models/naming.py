"""What all models that name classes do with frames and answers."""

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from segue.errors import MaskError
from segue.types import Frame, GivenLabels, ObjectScore, Prediction


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


def padded(frame: Frame, multiple: int) -> UInt8[np.ndarray, "padded_height padded_width 3"]:
    """A frame whose sides are multiples of a number: its border is repeated on the right and below."""
    margins = [(0, -side % multiple) for side in frame.shape[:2]]
    return np.pad(frame, (*margins, (0, 0)), mode="edge")


def named(
    labels: UInt8[Tensor, "padded_height padded_width"],
    confidence: Float[Tensor, "padded_height padded_width"],
    highest: Float[Tensor, " classes"],
    size_hw: tuple[int, int],
) -> Prediction:
    """What a network says of a frame, as a prediction with a score per class.

    Args:
        labels: The most probable class of each pixel of the padded frame.
        confidence: Its probability.
        highest: The probability of each class where it is most probable.
        size_hw: Height and width of the frame itself.
    """
    inside = slice(size_hw[0]), slice(size_hw[1])
    found = np.ascontiguousarray(labels[inside].cpu().numpy())
    sure = confidence[inside].cpu().numpy()
    areas = np.bincount(found.ravel(), minlength=len(highest))
    sums = np.bincount(found.ravel(), sure.ravel(), minlength=len(highest))
    scores = {}
    for i, most in enumerate(highest.tolist()):
        absent = not areas[i]
        mean = 1 - most if absent else sums[i] / areas[i]
        scores[i] = ObjectScore(round(float(mean), 4), absent)
    return Prediction(found, scores)
