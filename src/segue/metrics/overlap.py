"""How true and predicted masks overlap in a sequence: what all tracking metrics start from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

from segue.errors import MaskError
from segue.media.rle import RunLengths
from segue.metrics.pixels import PixelRuns, count_shared, find_runs

MATCH_IOU = 0.5
"""Masks match from this IoU on. Masks of one side share no pixels, so matches are unique but for ties at 0.5."""
_IGNORED_SHARE = 0.5
_BATCH = 64
"""Frames that are measured at once."""


@runtime_checkable
class Tracked(Protocol):
    """One object in one frame."""

    @property
    def track_id(self) -> int:
        """Unique among the objects of its side and frame."""
        ...

    @property
    def class_id(self) -> int:
        """What it is."""
        ...

    @property
    def mask(self) -> RunLengths:
        """Where it is."""
        ...


Objects = Sequence[Sequence[Tracked]]
"""The objects of one side, frame by frame."""


@dataclass(frozen=True, slots=True)
class MaskTable:
    """The masks of one side of a sequence, in temporal order."""

    frames: Int64[np.ndarray, " masks"]
    """Index of the frame of each mask."""
    track_ids: Int64[np.ndarray, " masks"]
    class_ids: Int64[np.ndarray, " masks"]
    areas: Int64[np.ndarray, " masks"]


@dataclass(frozen=True, slots=True)
class Overlaps:
    """All masks of a sequence, and every pair of a true and a predicted one that share pixels."""

    num_frames: int
    truth: MaskTable
    predicted: MaskTable
    rows: Int64[np.ndarray, " pairs"]
    """Index of the true mask of each pair; pairs are in temporal order."""
    columns: Int64[np.ndarray, " pairs"]
    """Index of its predicted mask."""
    pixels: Int64[np.ndarray, " pairs"]
    """How many pixels the two share."""


def measure_overlaps(truth: Objects, predicted: Objects) -> Overlaps:
    """Overlaps of the objects of all classes, for as many frames on both sides.

    Raises:
        MaskError: Two masks of one side and frame share pixels, or masks are not all of one size.
    """
    nothing = np.zeros(0, np.int64)
    areas, pairs = [(nothing, nothing)], [(nothing, nothing, nothing)]
    row, column = 0, 0
    for first in range(0, len(truth), _BATCH):
        true_runs, runs = (_runs(side[first : first + _BATCH]) for side in (truth, predicted))
        rows, columns, pixels = count_shared(true_runs, runs)
        pairs.append((rows + row, columns + column, pixels))
        areas.append((true_runs.areas, runs.areas))
        row, column = row + len(true_runs.areas), column + len(runs.areas)
    true_areas, found_areas = map(np.concatenate, zip(*areas, strict=True))
    return Overlaps(
        len(truth),
        _table(truth, true_areas),
        _table(predicted, found_areas),
        *map(np.concatenate, zip(*pairs, strict=True)),
    )


def _runs(objects: Objects) -> PixelRuns:
    items = [item for frame in objects for item in frame]
    sizes = {(item.mask.height, item.mask.width) for item in items}
    if len(sizes) > 1:
        raise MaskError(f"Masks of a sequence need one size, got {sorted(sizes)}. Resize them.")
    runs = find_runs([item.mask for item in items], _frames(objects))
    if clash := runs.find_clash():
        one, other = (items[index].track_id for index in clash)
        raise MaskError(f"The masks of tracks {one} and {other} overlap in a frame.")
    return runs


def _table(objects: Objects, areas: Int64[np.ndarray, " masks"]) -> MaskTable:
    items = [item for frame in objects for item in frame]
    return MaskTable(
        _frames(objects),
        np.array([item.track_id for item in items], np.int64),
        np.array([item.class_id for item in items], np.int64),
        areas,
    )


def _frames(objects: Objects) -> Int64[np.ndarray, " masks"]:
    """Index of the frame of each object."""
    return np.repeat(np.arange(len(objects)), [len(frame) for frame in objects])


@dataclass(frozen=True, slots=True)
class TrackTable:
    """The masks of one side and class, in temporal order."""

    frames: Int64[np.ndarray, " masks"]
    """Index of the frame of each mask."""
    tracks: Int64[np.ndarray, " masks"]
    """Index of its track."""
    lengths: Int64[np.ndarray, " tracks"]
    """Number of masks of each track."""

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True, slots=True)
class SequenceOverlap:
    """The objects of one class in one sequence, and every pair of masks that share pixels."""

    num_frames: int
    truth: TrackTable
    predicted: TrackTable
    """Without those on ignore regions."""
    rows: Int64[np.ndarray, " pairs"]
    """Index of the true mask of each pair; pairs are in temporal order."""
    columns: Int64[np.ndarray, " pairs"]
    """Index of its predicted mask."""
    iou: Float64[np.ndarray, " pairs"]
    """Above 0."""

    @property
    def pair_frames(self) -> Int64[np.ndarray, " pairs"]:
        """Index of the frame of each pair."""
        frames: Int64[np.ndarray, " pairs"] = self.truth.frames[self.rows]
        return frames

    @property
    def truth_tracks(self) -> Int64[np.ndarray, " pairs"]:
        """Index of the true track of each pair."""
        tracks: Int64[np.ndarray, " pairs"] = self.truth.tracks[self.rows]
        return tracks

    @property
    def predicted_tracks(self) -> Int64[np.ndarray, " pairs"]:
        """Index of the predicted track of each pair."""
        tracks: Int64[np.ndarray, " pairs"] = self.predicted.tracks[self.columns]
        return tracks

    @property
    def track_pairs(self) -> Int64[np.ndarray, " pairs"]:
        """One number for both tracks of each pair."""
        width = len(self.predicted.lengths)
        pairs: Int64[np.ndarray, " pairs"] = self.truth_tracks * width + self.predicted_tracks
        return pairs


def select_class(overlaps: Overlaps, class_id: int, ignore_class: int) -> SequenceOverlap:
    """What concerns one class.

    Predictions without a match that lie on regions of ``ignore_class`` by more than half are left out: they are neither
    right nor wrong (Voigtlaender et al., MOTS, CVPR 2019).
    """
    truth, predicted = overlaps.truth, overlaps.predicted
    rows, columns, pixels = overlaps.rows, overlaps.columns, overlaps.pixels
    iou = pixels / (truth.areas[rows] + predicted.areas[columns] - pixels)
    pairs = (truth.class_ids[rows] == class_id) & (predicted.class_ids[columns] == class_id)
    unmatched = np.ones(len(predicted.areas), bool)
    unmatched[columns[pairs & (iou >= MATCH_IOU)]] = False
    ignored = truth.class_ids[rows] == ignore_class
    on_regions = np.bincount(columns[ignored], pixels[ignored], len(predicted.areas))
    left_out = unmatched & (on_regions > _IGNORED_SHARE * predicted.areas)
    true_masks = truth.class_ids == class_id
    masks = (predicted.class_ids == class_id) & ~left_out
    pairs &= masks[columns]
    return SequenceOverlap(
        overlaps.num_frames,
        _tracks(truth.frames[true_masks], truth.track_ids[true_masks]),
        _tracks(predicted.frames[masks], predicted.track_ids[masks]),
        (np.cumsum(true_masks) - 1)[rows[pairs]],
        (np.cumsum(masks) - 1)[columns[pairs]],
        iou[pairs],
    )


def _tracks(
    frames: Int64[np.ndarray, " masks"], track_ids: Int64[np.ndarray, " masks"]
) -> TrackTable:
    _, tracks, lengths = np.unique(track_ids, return_inverse=True, return_counts=True)
    return TrackTable(frames, tracks, lengths)
