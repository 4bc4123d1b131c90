"""Results made by tests: label maps in memory, with records as the engine describes them."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from segue.media.arrays import ArrayVideo
from segue.results.describe import describe, describe_classes
from segue.results.records import FrameRecord
from segue.results.results import Results
from segue.types import Frame, Labels, ObjectScore, Prediction


def make_results(
    labels: Sequence[Labels],
    frames: Sequence[Frame] | None = None,
    scores: Sequence[Mapping[int, ObjectScore]] | None = None,
    **fields: Any,
) -> Results:
    """Objects are all that ever occur, from frame 0 on, as sure as 0.99 unless ``scores`` say otherwise."""
    pictures = frames or [np.full((*one.shape, 3), 90, np.uint8) for one in labels]
    video = ArrayVideo(list(pictures))
    numbers = sorted({*np.unique(np.stack(labels)).tolist()} - {0, 255}) if len(labels) else []
    tell = describe_classes if "classes" in fields else describe
    records = []
    for place, frame in enumerate(video):
        said = scores[place] if scores else _sure(labels[place], numbers)
        records.append(tell(frame, Prediction(labels[place], said)))
    stored = {record.index: one for record, one in zip(records, labels, strict=True)}

    def read(record: FrameRecord) -> Labels:
        return stored[record.index].copy()

    given = {
        "name": "clip",
        "size_hw": video.size_hw,
        "frame_rate": Fraction(25),
        "records": records,
        "labels": read,
        "video": video,
        "time_base": video.time_base,
    }
    return Results(**(given | fields))


def squares(
    *corners: Mapping[int, tuple[int, int]], size_hw: tuple[int, int] = (40, 60)
) -> list[Labels]:
    """A label map per frame: object id -> top and left of a square of 10 pixels."""
    maps = []
    for places in corners:
        labels = np.zeros(size_hw, np.uint8)
        for number, (top, left) in places.items():
            labels[top : top + 10, left : left + 10] = number
        maps.append(labels)
    return maps


def _sure(labels: Labels, numbers: Sequence[int]) -> dict[int, ObjectScore]:
    return {n: ObjectScore(0.99, absent=not (labels == n).any()) for n in numbers}
