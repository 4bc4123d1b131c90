"""The protocols that score given objects with J and F; their rules, one by one, are in ``docs/protocols/vos.md``.

Between DAVIS-2016, DAVIS-2017 and folders of any masks only data differ: which ids are the objects, and how many frames
at both ends are not scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from segue.errors import MaskError
from segue.evaluation.foreground import match_foreground
from segue.evaluation.interface import Gathered, Picture, Scored, Table
from segue.evaluation.objects import draw_pair, object_tables, score_objects
from segue.evaluation.pairs import FramePair, SequencePair, missing_frames, pair_sequences
from segue.evaluation.soft import find_middle
from segue.media.label_file import read_label_values
from segue.types import VOID


@dataclass(frozen=True)
class ObjectProtocol:
    """Objects keep their ids; J and F are averaged over frames, then over all objects of all sequences."""

    name: str
    summary: str
    layouts: tuple[str, ...]
    """Layouts that the truth may have; the first is the one to explain."""
    objects: Literal["union", "first-frame", "appearance"]
    """``union``: every value but 0 is the one object; ``first-frame``: ids 1 to the highest of the first true mask;
    ``appearance``: every id, from the frame on in which the truth first shows it."""
    skipped: int = 0
    """Frames that are not scored, at the start of a sequence and again at its end."""

    def gather(self, predictions: Path, truth: Path, split: str | None) -> Gathered:
        """Sequences with their predictions.

        Raises:
            NotFoundError: A folder, or all predictions of a sequence, are not there.
            MaskError: A sequence has no frame to score.
        """
        cases, problems = pair_sequences(predictions, truth, self.layouts, split)
        for case in cases:
            problems.extend(missing_frames(case.name, self._scored(case)))
        return Gathered(cases, tuple(problems))

    def score(self, case: SequencePair) -> Scored:
        """J and F of one sequence.

        Raises:
            MaskError: A file cannot be read or has another size than its truth; or the first frame shows no object
                with an id.
        """
        frames = self._scored(case)
        if self.objects == "union":
            middle, problems = find_middle(case.name, frames)
            scored = score_objects(case.name, frames, {1: 0}, union=True, middle=middle)
            return replace(scored, problems=(*problems, *scored.problems))
        if self.objects == "first-frame":
            starts = dict.fromkeys(ids_of_first_frame(case), 0)
            return score_objects(case.name, frames, starts)
        renamed, problems = match_foreground(case.name, frames)
        scored = score_objects(case.name, frames, renamed=renamed)
        return replace(scored, problems=(*problems, *scored.problems))

    def tables(self, scored: Sequence[Scored]) -> tuple[Table, ...]:
        """By sequence, and by object where there are several."""
        return object_tables(scored)

    def picture(self, case: SequencePair, frame: str) -> Picture:
        """Both sides of one frame, with the values that are compared."""
        drawn = draw_pair(case.frame(frame))
        truth, predicted = drawn.truth, drawn.predicted
        if self.objects == "union":
            middle = find_middle(case.name, self._scored(case))[0] or 1
            truth, predicted = np.minimum(truth, 1), (predicted >= middle).astype(np.uint16)
        elif self.objects == "first-frame":
            truth, predicted = truth * (truth != VOID), predicted * (predicted != VOID)
        else:
            for before, after in match_foreground(case.name, case.frames)[0].items():
                predicted[predicted == before] = after
        return replace(drawn, truth=truth, predicted=predicted)

    def _scored(self, case: SequencePair) -> tuple[FramePair, ...]:
        count = len(case.frames)
        if count <= 2 * self.skipped:
            raise MaskError(
                f"Sequence {case.name!r} has {count} true masks, but {self.name} needs more than "
                f"{2 * self.skipped}, as it does not score {self.skipped} at either end. Give the "
                "masks of all frames."
            )
        return case.frames[self.skipped : count - self.skipped]


def ids_of_first_frame(case: SequencePair) -> range:
    """The objects of a sequence by the rule of DAVIS-2017: 1 to the highest id of the first true mask.

    Raises:
        MaskError: The first mask cannot be read or shows no object with an id.
    """
    path = case.frames[0].truth
    values = read_label_values(path)
    highest = int(values.max(initial=0, where=values != VOID))
    if not highest and values.any():
        raise MaskError(
            f"{path} holds 0 and 255 only, expected ids 1, 2, ... of objects. It looks like a mask "
            "of DAVIS-2016: use the protocol davis2016."
        )
    if not highest:
        raise MaskError(
            f"{path} is empty, expected the objects of sequence {case.name!r}: those of the first "
            "frame are scored. Give the true masks of the whole sequence."
        )
    return range(1, highest + 1)


DAVIS2016 = ObjectProtocol(
    name="davis2016",
    summary="one object per video, every value but 0; first and last frame not scored",
    layouts=("davis2016", "folder"),
    objects="union",
    skipped=1,
)
DAVIS2016_ALL_FRAMES = ObjectProtocol(
    name="davis2016-all-frames",
    summary="one object per video, every value but 0; all frames scored",
    layouts=("davis2016", "folder"),
    objects="union",
)
DAVIS2017 = ObjectProtocol(
    name="davis2017",
    summary="objects of the first frame by id; first and last frame not scored",
    layouts=("davis2017", "folder"),
    objects="first-frame",
    skipped=1,
)
