"""The best one-to-one assignment of true to predicted masks within each frame."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.optimize import linear_sum_assignment

from segue.metrics.overlap import SequenceOverlap

Scores = Float64[np.ndarray, " pairs"]


def assign_frames(
    sequence: SequenceOverlap,
    scores: Scores,
    revise: Callable[[slice, Bool[np.ndarray, " all_pairs"]], Scores] | None = None,
) -> Int64[np.ndarray, " matches"]:
    """The pairs with the largest sum of scores in each frame, no mask in two of them; pairs without a score stay out.

    Where two assignments of a frame are equally good, SciPy's choice stands, as in TrackEval.

    Args:
        sequence: The pairs.
        scores: One per pair, 0 or more.
        revise: New scores for the pairs of a frame where masks compete; gets their place and what is taken so far.

    Returns:
        Indices of pairs, in temporal order.
    """
    wanted = scores > 0
    taken = wanted.copy()
    frames = sequence.pair_frames
    # Mostly nothing competes, and then every pair is taken.
    for frame in np.unique(frames[wanted][_compete(sequence, wanted)]).tolist():
        pairs = slice(*np.searchsorted(frames, [frame, frame + 1]).tolist())
        taken[pairs] = False
        revised = revise(pairs, taken) if revise else scores[pairs]
        taken[pairs] = _assign(sequence, frame, pairs, revised)
    return np.flatnonzero(taken)


def _compete(
    sequence: SequenceOverlap, wanted: Bool[np.ndarray, " pairs"]
) -> Bool[np.ndarray, " wanted"]:
    """Which of the wanted pairs share a mask with another."""
    rows, columns = sequence.rows[wanted], sequence.columns[wanted]
    compete: Bool[np.ndarray, " wanted"] = (np.bincount(rows)[rows] > 1) | (
        np.bincount(columns)[columns] > 1
    )
    return compete


def _assign(
    sequence: SequenceOverlap, frame: int, pairs: slice, scores: Scores
) -> Bool[np.ndarray, " pairs"]:
    # All masks of the frame take part, in their order: it decides between equals.
    first_row, end_row = np.searchsorted(sequence.truth.frames, [frame, frame + 1]).tolist()
    first_column, end_column = np.searchsorted(
        sequence.predicted.frames, [frame, frame + 1]
    ).tolist()
    table = np.zeros((end_row - first_row, end_column - first_column))
    places = sequence.rows[pairs] - first_row, sequence.columns[pairs] - first_column
    table[places] = scores
    chosen = np.zeros(table.shape, bool)
    chosen[linear_sum_assignment(table, maximize=True)] = True
    best: Bool[np.ndarray, " pairs"] = chosen[places] & (scores > 0)
    return best
