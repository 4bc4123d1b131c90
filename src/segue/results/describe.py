"""What the store keeps of a frame, taken from its label map and from what the model said."""

from collections.abc import Mapping
from fractions import Fraction

import cv2
import numpy as np

from segue.media.counting import label_counts
from segue.media.frames import VideoFrame
from segue.results.records import FrameRecord, ObjectRecord
from segue.types import BACKGROUND, VOID, Labels, ObjectScore, Prediction


def describe(frame: VideoFrame, prediction: Prediction) -> FrameRecord:
    """The record of a frame with objects: each with its area, box and centre."""
    labels = prediction.labels
    scores = sorted(prediction.scores.items())
    return _record(frame, {number: _object(labels, number, score) for number, score in scores})


def describe_classes(frame: VideoFrame, prediction: Prediction) -> FrameRecord:
    """The record of a frame with a class for every pixel: each class with its area, in the order of the scores."""
    counts = label_counts(prediction.labels)
    scores = prediction.scores.items()
    return _record(frame, {n: _scored(score, area=int(counts[n])) for n, score in scores})


def describe_labels(labels: Labels, *, index: int, name: str, time: Fraction) -> FrameRecord:
    """The record of a frame whose labels come from a file that holds nothing else: all of its objects are sure.

    Args:
        labels: Object ids; background and void are no objects.
        index: Of the frame, from 0.
        name: Of the frame.
        time: In seconds.
    """
    found = np.flatnonzero(label_counts(labels)).tolist()
    sure = ObjectScore(1.0)
    objects = {n: _object(labels, n, sure) for n in found if n not in (BACKGROUND, VOID)}
    return FrameRecord(index, name, time, objects, origin="given")


def _record(frame: VideoFrame, objects: Mapping[int, ObjectRecord]) -> FrameRecord:
    return FrameRecord(frame.index, frame.name, frame.time, objects)


def _object(labels: Labels, number: int, score: ObjectScore) -> ObjectRecord:
    mask = (labels == number).view(np.uint8)
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return _scored(score, area=0)
    # Moments of the box alone: those of a whole 4K frame take ten milliseconds.
    moments = cv2.moments(mask[top : top + height, left : left + width], binaryImage=True)
    area = round(moments["m00"])
    centroid = left + moments["m10"] / area, top + moments["m01"] / area
    return _scored(score, area, (left, top, left + width, top + height), centroid)


def _scored(
    score: ObjectScore,
    area: int,
    box_xyxy: tuple[int, int, int, int] | None = None,
    centroid_xy: tuple[float, float] | None = None,
) -> ObjectRecord:
    return ObjectRecord(
        score.confidence,
        score.absent,
        area,
        box_xyxy,
        centroid_xy,
        score.gate,
        score.reused,
        score.category,
    )
