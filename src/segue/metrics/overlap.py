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
    truth: Mapping[int, RunLengths],
    predicted: Mapping[int, RunLengths],
    ignore: Sequence[RunLengths] = (),
) -> FrameOverlap:
    """Overlap of masks by track id; a side's masks share no pixels.

    Predictions without a match that lie on ignore regions by more than half are left out: they are neither right nor
    wrong (Voigtlaender et al., MOTS, CVPR 2019).

    Raises:
        MaskError: The masks are not all of one size.
    """
    masks = list(predicted.values())
    iou = overlaps(list(truth.values()), masks)
    truth_ids = np.fromiter(truth, np.int64, len(truth))
    predicted_ids = np.fromiter(predicted, np.int64, len(predicted))
    if ignore and masks:
        unmatched = ~(iou >= MATCH_IOU).any(axis=0)
        kept = ~(unmatched & _ignored(masks, ignore))
        predicted_ids, iou = predicted_ids[kept], iou[:, kept]
    return FrameOverlap(truth_ids, predicted_ids, iou)


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
        return self.truth.frames[self.rows]

    @property
    def truth_tracks(self) -> Int64[np.ndarray, " pairs"]:
        """Index of the true track of each pair."""
        return self.truth.tracks[self.rows]

    @property
    def predicted_tracks(self) -> Int64[np.ndarray, " pairs"]:
        """Index of the predicted track of each pair."""
        return self.predicted.tracks[self.columns]

    @property
    def track_pairs(self) -> Int64[np.ndarray, " pairs"]:
        """One number for both tracks of each pair."""
        return self.truth_tracks * len(self.predicted.lengths) + self.predicted_tracks


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


def _join_side(ids: Sequence[Int64[np.ndarray, " objects"]]) -> SequenceMasks:
    frames = np.repeat(np.arange(len(ids)), [len(found) for found in ids])
    joined = np.concatenate([np.zeros(0, np.int64), *ids])
    _, tracks, lengths = np.unique(joined, return_inverse=True, return_counts=True)
    return SequenceMasks(frames, tracks, lengths)
