"""The protocol of the unsupervised DAVIS-2017 challenge: proposals without given ids, matched to objects at the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from scipy.optimize import linear_sum_assignment

from segue.errors import MaskError
from segue.evaluation.interface import Gathered, Picture, Scored, Table
from segue.evaluation.objects import draw_pair, object_tables, scored_sequence, unknown_ids
from segue.evaluation.pairs import (
    FramePair,
    SequencePair,
    missing_frames,
    pair_sequences,
    read_pair,
)
from segue.evaluation.protocols.vos import ids_of_first_frame
from segue.evaluation.renaming import rename_by_overlap
from segue.evaluation.soft import refuse_probabilities
from segue.metrics.agreement import agreements
from segue.metrics.packed import no_pixels, pack_objects
from segue.types import VOID

MOST_PROPOSALS = 20
"""The highest id that a prediction may hold, as in the official tool."""


@dataclass(frozen=True)
class ProposalProtocol:
    """Each object is scored with the proposal that the best one-to-one assignment of a sequence gives it."""

    name: str
    summary: str
    layouts: tuple[str, ...]
    """Layouts that the truth may have; the first is the one to explain."""

    def gather(self, predictions: Path, truth: Path, split: str | None) -> Gathered:
        """Sequences with their predictions.

        Raises:
            NotFoundError: A folder, or all predictions of a sequence, are not there.
        """
        cases, problems = pair_sequences(predictions, truth, self.layouts, split)
        for case in cases:
            problems.extend(missing_frames(case.name, case.frames))
        return Gathered(cases, tuple(problems))

    def score(self, case: SequencePair) -> Scored:
        """J and F of one sequence under its best assignment.

        Raises:
            MaskError: A file cannot be read, has another size than its truth or holds too high an id; or the first
                frame shows no object with an id.
        """
        ids = ids_of_first_frame(case)
        values = np.zeros((len(case.frames), max(MOST_PROPOSALS, len(ids)), len(ids), 2))
        highest = 0
        void: list[FramePair] = []
        for frame, row in zip(case.frames, values, strict=True):
            proposals = _fill(row, frame, ids)
            void.extend([frame] if VOID in proposals else [])
            highest = max(highest, *(proposals - {VOID}), 0)
        # Ids that are not used stand for empty proposals, which may be the best for an object that is rarely there.
        values = values[:, : max(highest, len(ids))]
        rows, columns = linear_sum_assignment(values.mean(axis=(0, 3)), maximize=True)
        chosen = dict(zip(columns.tolist(), rows.tolist(), strict=True))
        by_frame = [
            {
                object_id: (float(frame[chosen[k], k, 0]), float(frame[chosen[k], k, 1]))
                for k, object_id in enumerate(ids)
            }
            for frame in values
        ]
        problems = unknown_ids(case.name, {VOID: void} if void else {})
        return scored_sequence(case.name, [f.name for f in case.frames], by_frame, problems)

    def tables(self, scored: Sequence[Scored]) -> tuple[Table, ...]:
        """By sequence, and by object where there are several."""
        return object_tables(scored)

    def picture(self, case: SequencePair, frame: str) -> Picture:
        """Both sides of one frame, proposals by the object that they fit."""
        return rename_by_overlap(draw_pair(case.frame(frame), VOID))


def _fill(
    row: Float64[np.ndarray, "proposals objects measures"], frame: FramePair, ids: range
) -> set[int]:
    """Put J and F of all pairs of one frame into their places; the ids that the prediction holds."""
    ours, theirs = read_pair(frame)
    image_hw = (theirs.shape[0], theirs.shape[1])
    predicted, truth = pack_objects(ours), pack_objects(theirs)
    held = set(predicted)
    predicted.pop(VOID, None)
    if max(predicted, default=0) > MOST_PROPOSALS:
        refuse_probabilities(frame, ours)
        raise MaskError(
            f"{frame.predicted} holds the id {max(predicted)}, expected proposals 1 to "
            f"{MOST_PROPOSALS}. Keep the best {MOST_PROPOSALS} of the sequence and number them anew."
        )
    counted = ~truth.get(VOID, no_pixels(image_hw))
    masks = [no_pixels(image_hw), *(mask & counted for mask in predicted.values())]
    objects = [truth.get(object_id, no_pixels(image_hw)) for object_id in ids]
    empty, *found = [
        [pair.values for pair in pairs] for pairs in agreements(masks, objects, image_hw)
    ]
    row[:] = empty
    for proposal, pairs in zip(predicted, found, strict=True):
        row[proposal - 1] = pairs
    return held


DAVIS2017_UNSUPERVISED = ProposalProtocol(
    name="davis2017-unsupervised",
    summary="up to 20 proposals, matched to the objects of the first frame; all frames scored",
    layouts=("davis2017-unsupervised", "folder"),
)
