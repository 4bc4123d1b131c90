"""One object drawn with 1 on one side and 255 on the other, which other tools take for two and score with 0."""

from collections.abc import Sequence

import numpy as np

from segue.evaluation.pairs import FramePair, Values, read_pair
from segue.problems import Problem
from segue.types import VOID


def match_foreground(
    sequence: str, frames: Sequence[FramePair]
) -> tuple[dict[int, int], tuple[Problem, ...]]:
    """The predicted value that stands for another value of the truth, and a problem that says so; mostly nothing.

    Both sides must use a single value over the whole sequence. Masks are read until they show something else: for most
    sequences that is the first frame, and only odd ones are read twice.

    Raises:
        MaskError: As in ``read_pair``.
    """
    ours: set[int] = set()
    theirs: set[int] = set()
    for frame in frames:
        predicted, truth = read_pair(frame)
        ours |= _ids(predicted)
        theirs |= _ids(truth)
        if len(ours) > 1 or len(theirs) > 1 or ours == theirs != set():
            return {}, ()
    if ours | theirs != {1, VOID} or not (ours and theirs):
        return {}, ()
    (before,), (after,) = ours, theirs
    message = (
        f"The predictions draw their object with {before}, the truth draws its own with {after}, "
        f"such as {frames[0].truth}. They are compared as the same object."
    )
    return {before: after}, (Problem("foreground-value", sequence, "", message),)


def _ids(values: Values) -> set[int]:
    return set(np.unique(values).tolist()) - {0}
