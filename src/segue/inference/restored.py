"""A prediction of a smaller frame, or one made before a mask was known, as an answer about the frame itself."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from segue.media.masks import object_ids
from segue.models.given import GIVEN
from segue.types import BACKGROUND, Labels, ObjectScore, SoftMask


def hold_given(labels: Labels, given: Labels) -> UInt8[np.ndarray, "height width"]:
    """Labels in which given objects are where they were given, and nowhere else but on void pixels.

    Args:
        labels: Predicted.
        given: Of the same size.
    """
    ids = object_ids(given)
    fringe = np.isin(labels, ids) & (given == BACKGROUND)
    held: np.ndarray = np.where(np.isin(given, ids), given, np.where(fringe, BACKGROUND, labels))
    return held.astype(np.uint8)


def hold_scores(
    scores: Mapping[int, ObjectScore], labels: Labels, given: Labels
) -> dict[int, ObjectScore]:
    """Scores that go with held labels: given objects are certain, and others may be covered by them.

    Args:
        scores: As they were predicted.
        labels: What ``hold_given`` returned.
        given: What it was given.
    """
    held = {i: replace(s, absent=not (labels == i).any()) for i, s in scores.items()}
    return held | dict.fromkeys(object_ids(given), GIVEN)


class RestoredProbabilities(Mapping[int, SoftMask]):
    """Probabilities of a smaller frame at the size of the video; each is enlarged when it is asked for.

    Args:
        small: By object id.
        size_hw: Height and width of the video.
    """

    def __init__(self, small: Mapping[int, SoftMask], size_hw: tuple[int, int]) -> None:
        self._small = small
        self._size_hw = size_hw

    def __getitem__(self, object_id: int) -> Float32[np.ndarray, "height width"]:
        height, width = self._size_hw
        small = self._small[object_id]
        if small.shape == self._size_hw:
            return small
        large: np.ndarray = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
        return large

    def __iter__(self) -> Iterator[int]:
        return iter(self._small)

    def __len__(self) -> int:
        return len(self._small)
