"""Overlaps of a sequence from one table of IoU per frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segue.metrics.overlap import SequenceOverlap, TrackTable


@dataclass(frozen=True)
class FrameTable:
    """One class in one frame: ids of both sides and ``iou`` of shape ``truths predictions``."""

    truth_ids: Sequence[int]
    predicted_ids: Sequence[int]
    iou: np.ndarray | list[list[float]]


def join_frames(frames: Sequence[FrameTable]) -> SequenceOverlap:
    """The frames as a sequence."""
    rows, columns, iou = [], [], []
    row = column = 0
    for frame in frames:
        table = np.reshape(frame.iou, (len(frame.truth_ids), len(frame.predicted_ids)))
        for place in np.argwhere(table):
            rows.append(row + place[0])
            columns.append(column + place[1])
            iou.append(table[tuple(place)])
        row, column = row + len(frame.truth_ids), column + len(frame.predicted_ids)
    return SequenceOverlap(
        len(frames),
        _tracks([frame.truth_ids for frame in frames]),
        _tracks([frame.predicted_ids for frame in frames]),
        np.array(rows, np.int64),
        np.array(columns, np.int64),
        np.array(iou, np.float64),
    )


def _tracks(ids: list[Sequence[int]]) -> TrackTable:
    flat = [track for frame in ids for track in frame]
    names = sorted(set(flat))
    frames = [index for index, frame in enumerate(ids) for _ in frame]
    return TrackTable(
        np.array(frames, np.int64),
        np.array([names.index(track) for track in flat], np.int64),
        np.array([flat.count(name) for name in names], np.int64),
    )
