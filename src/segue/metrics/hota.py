"""HOTA: detection and association in balance, over 19 thresholds of IoU (Luiten et al., IJCV 2021)."""

from dataclasses import dataclass, field, fields

import numpy as np
from jaxtyping import Float64, Int64

from segue.metrics.assignment import assign_frames
from segue.metrics.overlap import SequenceOverlap

ALPHAS: Float64[np.ndarray, " alphas"] = np.arange(0.05, 0.99, 0.05)
"""Thresholds of IoU from which a pair counts as a detection."""
_SLACK = float(np.finfo(np.float64).eps)

ByAlpha = Float64[np.ndarray, " alphas"]


def _zeros() -> ByAlpha:
    return np.zeros(len(ALPHAS))


@dataclass(frozen=True, slots=True, eq=False)
class HotaTally:
    """Counts and sums of one class, one per alpha; tallies of different sequences add."""

    true_positives: ByAlpha = field(default_factory=_zeros)
    false_negatives: ByAlpha = field(default_factory=_zeros)
    false_positives: ByAlpha = field(default_factory=_zeros)
    iou: ByAlpha = field(default_factory=_zeros)
    """Sum over matches of their IoU."""
    association: ByAlpha = field(default_factory=_zeros)
    """Sum over matches of the Jaccard index of their two tracks."""
    association_recall: ByAlpha = field(default_factory=_zeros)
    """Sum over matches of the share of the true track that is matched to the same prediction."""
    association_precision: ByAlpha = field(default_factory=_zeros)

    def __add__(self, other: "HotaTally") -> "HotaTally":
        names = [entry.name for entry in fields(self)]
        return HotaTally(*(getattr(self, name) + getattr(other, name) for name in names))

    def by_alpha(self) -> dict[str, ByAlpha]:
        """The measures in [0, 1] by their usual names, one value per alpha.

        Where nothing matches, LocA is 1 and all others are 0 (TrackEval).
        """
        found, missed, wrong = self.true_positives, self.false_negatives, self.false_positives
        matches = np.maximum(1, found)
        detection = found / np.maximum(1, found + missed + wrong)
        association = self.association / matches
        return {
            "HOTA": np.sqrt(detection * association),
            "DetA": detection,
            "AssA": association,
            "DetRe": found / np.maximum(1, found + missed),
            "DetPr": found / np.maximum(1, found + wrong),
            "AssRe": self.association_recall / matches,
            "AssPr": self.association_precision / matches,
            "LocA": np.where(found > 0, self.iou / matches, 1.0),
        }

    def scores(self) -> dict[str, float | None]:
        """Means over alpha of ``by_alpha``; all ``None`` without true masks."""
        exists = bool((self.true_positives + self.false_negatives).any())
        return {
            name: float(values.mean()) if exists else None
            for name, values in self.by_alpha().items()
        }


def tally_hota(sequence: SequenceOverlap) -> HotaTally:
    """Counts of one class in one sequence."""
    # One matching serves all alphas.
    matches = assign_frames(sequence, _alignment(sequence) * sequence.iou)
    iou = sequence.iou[matches]
    detected = iou >= ALPHAS[:, None] - _SLACK
    _, first, which = np.unique(
        sequence.track_pairs[matches], return_index=True, return_inverse=True
    )
    together = np.stack([np.bincount(which[row], minlength=len(first)) for row in detected])
    truth_length, predicted_length = _lengths(sequence, matches[first])
    found = detected.sum(axis=1).astype(np.float64)
    return HotaTally(
        found,
        len(sequence.truth) - found,
        len(sequence.predicted) - found,
        (detected * iou).sum(axis=1),
        (together**2 / (truth_length + predicted_length - together)).sum(axis=1),
        (together**2 / truth_length).sum(axis=1),
        (together**2 / predicted_length).sum(axis=1),
    )


def _alignment(sequence: SequenceOverlap) -> Float64[np.ndarray, " pairs"]:
    """How well the two tracks of a pair fit over the whole sequence, before anything is matched."""
    rows, columns, iou = sequence.rows, sequence.columns, sequence.iou
    rivals = np.bincount(rows, iou)[rows] + np.bincount(columns, iou)[columns] - iou
    _, which = np.unique(sequence.track_pairs, return_inverse=True)
    together = np.bincount(which, iou / rivals)[which]
    truth_length, predicted_length = _lengths(sequence, np.arange(len(iou)))
    alignment: Float64[np.ndarray, " pairs"] = together / (
        truth_length + predicted_length - together
    )
    return alignment


def _lengths(
    sequence: SequenceOverlap, pairs: Int64[np.ndarray, " pairs"]
) -> tuple[Int64[np.ndarray, " pairs"], Int64[np.ndarray, " pairs"]]:
    """Masks of the true and of the predicted track of each pair."""
    return (
        sequence.truth.lengths[sequence.truth_tracks[pairs]],
        sequence.predicted.lengths[sequence.predicted_tracks[pairs]],
    )
