"""sMOTSA, MOTSA, MOTSP and the counts behind them (Voigtlaender et al., MOTS, CVPR 2019)."""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Int64

from segue.metrics.assignment import Scores, assign_frames
from segue.metrics.overlap import MATCH_IOU, SequenceOverlap

_KEEP = 1000.0
"""Bonus for the prediction that an object had before; more than any sum of IoU."""
_MOSTLY, _PARTLY = 0.8, 0.2


def match_masks(sequence: SequenceOverlap) -> Int64[np.ndarray, " matches"]:
    """Pairs of masks that match, with IoU 0.5 or more; among equals, an object keeps the prediction it had before.

    Returns:
        Indices of pairs, in temporal order.
    """
    scores = np.where(sequence.iou >= MATCH_IOU, sequence.iou, 0.0)
    time = _shared_time(sequence)[sequence.pair_frames]
    tracks = sequence.track_pairs

    def prefer_kept(pairs: slice, taken: Bool[np.ndarray, " all_pairs"]) -> Scores:
        before = taken & (time == time[pairs.start] - 1)
        kept = np.isin(tracks[pairs], tracks[before])
        return np.where(scores[pairs] > 0, scores[pairs] + _KEEP * kept, 0.0)

    return assign_frames(sequence, scores, prefer_kept)


def _shared_time(sequence: SequenceOverlap) -> Int64[np.ndarray, " frames"]:
    """Number of frames so far where both sides hold an object: as in TrackEval, "before" passes over others."""
    shared = np.zeros(sequence.num_frames, np.int64)
    shared[np.intersect1d(sequence.truth.frames, sequence.predicted.frames)] = 1
    return np.cumsum(shared)


@dataclass(frozen=True, slots=True)
class MotsTally:
    """Counts of one class; tallies of different sequences add."""

    true_positives: int = 0
    """Matches."""
    soft_true_positives: float = 0.0
    """Sum of their IoU."""
    false_positives: int = 0
    false_negatives: int = 0
    id_switches: int = 0
    """Matches to another prediction than the last one of the same object, however long ago."""
    fragments: int = 0
    """How often tracks resume after a gap."""
    mostly_tracked: int = 0
    """Tracks matched in more than 0.8 of their frames."""
    partly_tracked: int = 0
    mostly_lost: int = 0
    """Tracks matched in less than 0.2 of their frames."""

    def __add__(self, other: "MotsTally") -> "MotsTally":
        names = [field.name for field in fields(self)]
        return MotsTally(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def num_truths(self) -> int:
        """True masks."""
        return self.true_positives + self.false_negatives

    def counts(self) -> dict[str, int]:
        """The counts by their usual names."""
        return {
            "TP": self.true_positives,
            "FP": self.false_positives,
            "FN": self.false_negatives,
            "IDS": self.id_switches,
            "Frag": self.fragments,
            "MT": self.mostly_tracked,
            "PT": self.partly_tracked,
            "ML": self.mostly_lost,
        }

    def scores(self) -> dict[str, float | None]:
        """The measures by their usual names, at most 1; all ``None`` without true masks.

        sMOTSA, MOTSA and MODSA may be below 0. MOTSP is 0 without a match, precision without a prediction (TrackEval).
        """
        matches, soft, truths = self.true_positives, self.soft_true_positives, self.num_truths
        wrong, switches = self.false_positives, self.id_switches
        names = ("sMOTSA", "MOTSA", "MOTSP", "MODSA", "recall", "precision", "F1")
        if not truths:
            return dict.fromkeys(names)
        values = (
            (soft - wrong - switches) / truths,
            (matches - wrong - switches) / truths,
            soft / max(1, matches),
            (matches - wrong) / truths,
            matches / truths,
            matches / max(1, matches + wrong),
            2 * matches / (truths + matches + wrong),
        )
        return dict(zip(names, values, strict=True))


def tally_mots(sequence: SequenceOverlap, matches: Int64[np.ndarray, " matches"]) -> MotsTally:
    """Counts of one class in one sequence, from the matches of ``match_masks``."""
    # By true track, and in time within each.
    ordered = matches[np.argsort(sequence.truth_tracks[matches], kind="stable")]
    truths, found = sequence.truth_tracks[ordered], sequence.predicted_tracks[ordered]
    steps = np.diff(_shared_time(sequence)[sequence.pair_frames[ordered]])
    same_object = truths[1:] == truths[:-1]
    tracked = np.bincount(truths, minlength=len(sequence.truth.lengths))
    ratio = tracked / sequence.truth.lengths
    mostly, lost = int((ratio > _MOSTLY).sum()), int((ratio < _PARTLY).sum())
    return MotsTally(
        true_positives=len(matches),
        soft_true_positives=float(sequence.iou[matches].sum()),
        false_positives=len(sequence.predicted) - len(matches),
        false_negatives=len(sequence.truth) - len(matches),
        id_switches=int((same_object & (found[1:] != found[:-1])).sum()),
        fragments=int((same_object & (steps > 1)).sum()),
        mostly_tracked=mostly,
        partly_tracked=len(ratio) - mostly - lost,
        mostly_lost=lost,
    )
