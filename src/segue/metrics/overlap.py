"""How true and predicted masks overlap, in a frame and in a sequence: what all tracking metrics start from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from segue.media.rle import RunLengths, areas, overlaps, union

MATCH_IOU = 0.5
"""Masks match from this IoU on. Masks of one side share no pixels, so matches are unique but for ties at 0.5."""
_IGNORED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class FrameOverlap:
    """The objects of one class in one frame; ids are unique within a side."""

    truth_ids: Int64[np.ndarray, " truths"]
    predicted_ids: Int64[np.ndarray, " predictions"]
    iou: Float64[np.ndarray, "truths predictions"]


def overlap_masks(
    truth: Sequence[Mapping[int, RunLengths]],
    predicted: Sequence[Mapping[int, RunLengths]],
    ignore: Sequence[RunLengths] = (),
) -> list[FrameOverlap]:
    """Overlaps in one frame, class by class.

    Predictions without a match that lie on ignore regions by more than half are left out: they are neither right nor
    wrong (Voigtlaender et al., MOTS, CVPR 2019).

    Args:
        truth: For each class the true masks by track id. No two masks share pixels, whatever their class.
        predicted: The same for predictions, with as many classes.
        ignore: Regions of the truth where predictions of any class are not judged.

    Raises:
        MaskError: The masks are not all of one size.
    """
    # One native call for all classes: reading the run lengths is what takes time.
    iou = overlaps(
        *([mask for masks in side for mask in masks.values()] for side in (truth, predicted))
    )
    found = []
    row, column = 0, 0
    for true_masks, masks in zip(truth, predicted, strict=True):
        rows, columns = slice(row, row + len(true_masks)), slice(column, column + len(masks))
        row, column = rows.stop, columns.stop
        found.append(FrameOverlap(_ids(true_masks), *_judged(masks, iou[rows, columns], ignore)))
    return found


def _ids(masks: Mapping[int, RunLengths]) -> Int64[np.ndarray, " masks"]:
    return np.fromiter(masks, np.int64, len(masks))


def _judged(
    masks: Mapping[int, RunLengths],
    iou: Float64[np.ndarray, "truths masks"],
    ignore: Sequence[RunLengths],
) -> tuple[Int64[np.ndarray, " judged"], Float64[np.ndarray, "truths judged"]]:
    """Ids and overlaps of the predictions that are not left out."""
    if not ignore or not masks:
        return _ids(masks), iou
    unmatched = ~(iou >= MATCH_IOU).any(axis=0)
    kept = ~(unmatched & _ignored(list(masks.values()), ignore))
    return _ids(masks)[kept], iou[:, kept]


def _ignored(
    masks: Sequence[RunLengths], ignore: Sequence[RunLengths]
) -> Bool[np.ndarray, " masks"]:
    """Whether more than half of each mask lies on the regions."""
    region = union(ignore)
    sizes = areas([region, *masks, *(union([mask, region]) for mask in masks)])
    own, together = np.split(sizes[1:], 2)
    ignored: Bool[np.ndarray, " masks"] = own + sizes[0] - together > _IGNORED_SHARE * own
    return ignored


@dataclass(frozen=True, slots=True)
class SequenceMasks:
    """The masks of one side and class, of all frames in temporal order."""

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
    truth: SequenceMasks
    predicted: SequenceMasks
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


def join_frames(frames: Sequence[FrameOverlap]) -> SequenceOverlap:
    """The frames of one sequence as a whole."""
    sizes = np.array([frame.iou.shape for frame in frames], np.int64).reshape(-1, 2)
    cells = sizes.prod(axis=1)
    iou = np.concatenate([np.zeros(0), *(frame.iou.ravel() for frame in frames)])
    pairs = np.flatnonzero(iou)
    where = np.searchsorted(np.cumsum(cells), pairs, side="right")
    within = pairs - _starts(cells)[where]
    first = _starts(sizes)[where]
    width = sizes[where, 1]
    return SequenceOverlap(
        len(frames),
        _join_side([frame.truth_ids for frame in frames]),
        _join_side([frame.predicted_ids for frame in frames]),
        first[:, 0] + within // width,
        first[:, 1] + within % width,
        iou[pairs],
    )


def _starts(sizes: Int64[np.ndarray, "frames ..."]) -> Int64[np.ndarray, "frames ..."]:
    """Where the items of each frame begin, if there are so many in each."""
    starts: Int64[np.ndarray, "frames ..."] = np.cumsum(sizes, axis=0) - sizes
    return starts


def _join_side(ids: Sequence[Int64[np.ndarray, " _"]]) -> SequenceMasks:
    frames = np.repeat(np.arange(len(ids)), [len(found) for found in ids])
    joined = np.concatenate([np.zeros(0, np.int64), *ids])
    _, tracks, lengths = np.unique(joined, return_inverse=True, return_counts=True)
    return SequenceMasks(frames, tracks, lengths)
