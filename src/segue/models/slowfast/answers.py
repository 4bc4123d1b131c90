"""From the instances of a frame to a prediction: all of them together as one object, or each as an object."""

import numpy as np
from jaxtyping import Float
from torch import Tensor

from segue.models.slowfast.network import Instances
from segue.models.slowfast.settings import Answer
from segue.models.soft_masks import SoftMasks
from segue.types import Labels, ObjectScore, Prediction, Proposals

SOFT = Float[Tensor, "found height width"]
_INSIDE = 0.5
"""Probability from which on a pixel belongs to an instance."""
_UNION = 1
"""Number of the one object that all instances make together."""


def predict(
    found: Instances, size_hw: tuple[int, int], answer: Answer, categories: tuple[str, ...] = ()
) -> Prediction:
    """What a frame's prediction says.

    Args:
        found: The instances.
        size_hw: Height and width of the frame.
        answer: As in the settings.
        categories: Names of the detector's classes by number, if it knows several.
    """
    soft = found.pasted(size_hw)
    if answer == "union":
        return _together(soft, size_hw)
    return _apart(found, soft, size_hw, categories)


def proposals(found: Instances, size_hw: tuple[int, int]) -> Proposals:
    """The instances as what may be objects of a video, each with its own mask.

    Args:
        found: The instances.
        size_hw: Height and width of the frame.
    """
    return Proposals(
        (found.pasted(size_hw) >= _INSIDE).cpu().numpy(),
        found.scores.float().cpu().numpy(),
        found.boxes_xyxy.float().cpu().numpy(),
    )


def _together(soft: SOFT, size_hw: tuple[int, int]) -> Prediction:
    """A pixel belongs to the object if it does to any instance; scores of boxes are not asked again."""
    highest = soft.amax(0) if len(soft) else soft.new_zeros(size_hw)
    inside = (highest >= _INSIDE).cpu().numpy()
    values = highest.cpu().numpy()
    sure = float(values[inside].mean()) if inside.any() else 1 - float(values.max())
    labels: Labels = np.where(inside, np.uint8(_UNION), np.uint8(0))
    score = ObjectScore(round(sure, 4), absent=not inside.any())
    return Prediction(labels, {_UNION: score}, SoftMasks(labels, {_UNION: highest}, logits=False))


def _apart(
    found: Instances, soft: SOFT, size_hw: tuple[int, int], categories: tuple[str, ...]
) -> Prediction:
    """Each instance under its rank; a pixel of several belongs to the surest of them."""
    labels: Labels = np.zeros(size_hw, np.uint8)
    ranks = range(1, len(soft) + 1)
    for rank, one in reversed(list(zip(ranks, (soft >= _INSIDE).cpu().numpy(), strict=True))):
        labels[one] = rank
    scores = {
        rank: ObjectScore(
            round(float(found.scores[rank - 1]), 4),
            absent=not (labels == rank).any(),
            category=categories[int(found.categories[rank - 1])] if categories else None,
            box_xyxy=_box(found.boxes_xyxy[rank - 1]),
        )
        for rank in ranks
    }
    masks = SoftMasks(labels, dict(zip(ranks, soft, strict=True)), logits=False)
    return Prediction(labels, scores, masks)


def _box(box: Float[Tensor, "4"]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (round(value, 2) for value in box.tolist())
    return left, top, right, bottom
