"""IDF1: how much of all tracks one fixed pairing of tracks explains (Ristani et al., ECCV Workshops 2016)."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from segue.metrics.overlap import MATCH_IOU, SequenceOverlap


@dataclass(frozen=True, slots=True)
class IdentityTally:
    """Counts of one class; tallies of different sequences add."""

    true_positives: int = 0
    """Masks of paired tracks that overlap with IoU 0.5 or more."""
    false_negatives: int = 0
    false_positives: int = 0

    def __add__(self, other: "IdentityTally") -> "IdentityTally":
        return IdentityTally(
            self.true_positives + other.true_positives,
            self.false_negatives + other.false_negatives,
            self.false_positives + other.false_positives,
        )

    def counts(self) -> dict[str, int]:
        """The counts by their usual names."""
        return {
            "IDTP": self.true_positives,
            "IDFP": self.false_positives,
            "IDFN": self.false_negatives,
        }

    def scores(self) -> dict[str, float | None]:
        """The measures in [0, 1] by their usual names; all ``None`` without true masks."""
        found = self.true_positives
        truths, predictions = found + self.false_negatives, found + self.false_positives
        if not truths:
            return dict.fromkeys(("IDF1", "IDP", "IDR"))
        return {
            "IDF1": 2 * found / (truths + predictions),
            "IDP": found / max(1, predictions),
            "IDR": found / truths,
        }


def tally_identity(sequence: SequenceOverlap) -> IdentityTally:
    """Counts of one class in one sequence, under the pairing of tracks with the most matches."""
    close = sequence.iou >= MATCH_IOU
    together = np.zeros((len(sequence.truth.lengths), len(sequence.predicted.lengths)))
    np.add.at(together, (sequence.truth_tracks[close], sequence.predicted_tracks[close]), 1)
    found = int(together[linear_sum_assignment(together, maximize=True)].sum())
    return IdentityTally(found, len(sequence.truth) - found, len(sequence.predicted) - found)
