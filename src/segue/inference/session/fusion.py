"""Two answers for one frame, one carried from each side, made one (ours).

Each side comes from a given mask: the one some frames before, the other some frames after. What is wrong on a side is
mostly wrong since some frame on, and gets worse from there. So the nearer side counts for more, and so does the surer
one. Where both see the object in about the same place, their probabilities are averaged. Where they do not, an average
would be of two different things: the object is taken from one side as it is.

The constants are round numbers from DAVIS-2016 train with every fourth frame, blurred and noisy, so that segue-lite
fails on it: J&F is 61.2 forward, 64.7 backward, 67.8 fused, and 69.8 if the better side of each frame were known.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from segue.errors import MaskError, SettingsError
from segue.media.masks import object_ids
from segue.models.given import GIVEN
from segue.models.soft_masks import agreeing
from segue.types import BACKGROUND, VOID, Labels, Mask, ObjectScore, Prediction, SoftMask

SAME = 0.5
"""IoU from which the masks of both sides are taken for the same thing."""
SURE = 0.75
"""Confidence from which a side that sees an object is believed against one that does not."""
_LEAST_DOUBT = 0.02
"""No confidence is taken for more than one minus this."""
_RIM = 0.05
"""Rim of a mask without probabilities, in units of the object's size (the square root of its area)."""

Weights = tuple[float, float]
"""Of the forward and the backward side; they sum to one."""
_FORWARD, _BACKWARD = (1.0, 0.0), (0.0, 1.0)


def fuse(forward: Prediction, backward: Prediction, *, before: int, after: int) -> Prediction:
    """One answer for a frame from two, each object by distance and confidence of the two sides.

    A pixel of which both sides say the same stays what it is; every other gets what one of them says. So no object
    appears that neither side sees. An object that one side does not know is taken from the other. The confidence of an
    object is what both sides think of the fused mask, on average: it is low where they disagree. Void is background.

    Args:
        forward: Carried on from a given mask on an earlier frame.
        backward: Carried back from a given mask on a later frame; its labels have the same size.
        before: Frames since the given mask of ``forward``, from 0.
        after: Frames to the given mask of ``backward``, from 0.

    Raises:
        MaskError: The labels have two sizes.
        SettingsError: A distance is negative.
    """
    _check(forward, backward, before, after)
    sides = _Side.of(forward), _Side.of(backward)
    ids = sorted(sides[0].scores.keys() | sides[1].scores.keys())
    trust = {i: _trust(i, sides, (before, after)) for i in ids}
    taken = {i: _taken(i, sides, trust[i]) for i in ids}
    labels = _choose(sides, taken)
    scores = {i: _score(i, labels == i, sides, trust[i], taken[i]) for i in ids}
    return Prediction(labels, scores)


@dataclass(frozen=True, slots=True)
class _Side:
    """What one side says; probabilities are computed once, if at all."""

    labels: Labels
    scores: Mapping[int, ObjectScore]
    """Of every object known; one that stands only in the labels is taken for given."""
    probabilities: Mapping[int, SoftMask]
    _soft: dict[int, SoftMask] = field(default_factory=dict)

    @classmethod
    def of(cls, prediction: Prediction) -> "_Side":
        labels = prediction.labels
        drawn = dict.fromkeys(object_ids(labels), GIVEN)
        labels = np.where(labels == VOID, np.uint8(BACKGROUND), labels)
        return cls(labels, drawn | dict(prediction.scores), prediction.probabilities or {})

    def mask(self, object_id: int) -> Mask:
        found: Mask = self.labels == object_id
        return found

    def soft(self, object_id: int) -> SoftMask:
        """Probabilities that agree with the mask."""
        if object_id not in self._soft:
            mask = self.mask(object_id)
            known = object_id in self.probabilities
            soft = self.probabilities[object_id] if known else _softened(mask)
            self._soft[object_id] = agreeing(soft, mask)
        return self._soft[object_id]

    def says(self, object_id: int, fused: Mask) -> float:
        """How sure the side is of a mask, as in ``ObjectScore.confidence``."""
        if np.array_equal(fused, self.mask(object_id)):
            return self.scores[object_id].confidence
        soft = self.soft(object_id)
        return float(soft[fused].mean()) if fused.any() else 1 - float(soft.max())


_Sides = tuple[_Side, _Side]


def _check(forward: Prediction, backward: Prediction, before: int, after: int) -> None:
    one, other = forward.labels.shape, backward.labels.shape
    if one != other:
        raise MaskError(
            f"The forward labels are {one[0]}x{one[1]}, the backward labels {other[0]}x{other[1]} (height x width). "
            "Give two answers for the same frame."
        )
    if before < 0 or after < 0:
        raise SettingsError(f"Distances count frames from 0; got {before} before, {after} after.")


def _trust(object_id: int, sides: _Sides, distances: tuple[int, int]) -> Weights:
    """How far each side is to be believed about an object, whatever it says."""
    known = [object_id in side.scores for side in sides]
    if not all(known):
        return _FORWARD if known[0] else _BACKWARD
    if not all(distances):
        return (0.5, 0.5) if not any(distances) else _FORWARD if distances[1] else _BACKWARD
    # Errors add up as in a random walk, about with the root of the distance.
    errors = [
        (1 - side.scores[object_id].confidence + _LEAST_DOUBT) * math.sqrt(distance)
        for side, distance in zip(sides, distances, strict=True)
    ]
    return errors[1] / sum(errors), errors[0] / sum(errors)


def _taken(object_id: int, sides: _Sides, trust: Weights) -> Weights:
    """How much of an object is taken from each side."""
    if 0 in trust:
        return trust
    masks = [side.mask(object_id) for side in sides]
    areas = [int(np.count_nonzero(mask)) for mask in masks]
    if not any(areas):
        return trust
    if not all(areas):
        seen = 0 if areas[0] else 1
        believed = sides[seen].scores[object_id].confidence >= SURE
        return _FORWARD if believed == (seen == 0) else _BACKWARD
    shared = int(np.count_nonzero(masks[0] & masks[1]))
    if shared >= SAME * (sum(areas) - shared):
        return trust
    one, other = ((trust[0], areas[0]), (trust[1], areas[1]))
    if one == other:  # nothing speaks for either
        return trust
    return _FORWARD if one > other else _BACKWARD


def _choose(sides: _Sides, taken: Mapping[int, Weights]) -> Labels:
    """Each pixel by the weighted probability of what either side says of it, background having one half."""
    forward, backward = (side.labels for side in sides)
    labels = forward.copy()
    differ = forward != backward
    left, top, width, height = cv2.boundingRect(differ.view(np.uint8))
    if not width:
        return labels
    part = slice(top, top + height), slice(left, left + width)
    one, other = forward[part], backward[part]
    rated = [np.full(one.shape, 0.5, np.float32) for _ in sides]
    for i in _contested(one, other):
        fused = _mixed(taken[i], [side.soft(i)[part] for side in sides])
        for rating, said in zip(rated, (one, other), strict=True):
            np.copyto(rating, fused, where=said == i)
    chosen = np.where(rated[0] > rated[1], one, other)
    # A tie goes to the lower number, so that it does not matter which side is called forward.
    labels[part] = np.where(rated[0] == rated[1], np.minimum(one, other), chosen)
    return labels


def _contested(one: Labels, other: Labels) -> set[int]:
    """Objects of the pixels of which the sides say different things."""
    differ = one != other
    found = np.concatenate([one[differ], other[differ]])
    return set(np.unique(found).tolist()) - {BACKGROUND}


def _mixed(weights: Weights, soft: list[SoftMask]) -> SoftMask:
    mixed: SoftMask = np.float32(weights[0]) * soft[0] + np.float32(weights[1]) * soft[1]
    return mixed


def _softened(mask: Mask) -> SoftMask:
    """Probabilities for a mask that has none: by the distance from its border."""
    inside = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    rim = max(1.0, _RIM * float(np.sqrt(np.count_nonzero(mask))))
    soft: SoftMask = 0.5 + 0.5 * np.tanh((inside - outside) / (2 * rim))
    return soft


def _score(
    object_id: int, fused: Mask, sides: _Sides, trust: Weights, taken: Weights
) -> ObjectScore:
    """Of a fused object: with what the gates of the sides that it was taken from say."""
    said = [
        weight * side.says(object_id, fused)
        for side, weight in zip(sides, trust, strict=True)
        if weight
    ]
    used = [side.scores[object_id] for side, weight in zip(sides, taken, strict=True) if weight]
    heavier = sides[0 if taken[0] >= taken[1] else 1].scores[object_id]
    gates = [score.gate for score in used if score.gate is not None]
    reused = [score.reused for score in used if score.reused is not None]
    return replace(
        heavier,
        confidence=round(min(sum(said), 1.0), 4),
        absent=not fused.any(),
        gate=min(gates, default=None),
        reused=all(reused) if reused else None,
    )
