"""Predictions that are no labels but probabilities, drawn as grey levels from 0 to 255."""

from collections.abc import Sequence

import numpy as np

from segue.errors import MaskError
from segue.evaluation.pairs import FramePair, Values
from segue.media.label_file import read_label_values
from segue.problems import Problem

_LOOKS = 5
"""Frames of a sequence that are looked at."""
_MANY = 64
"""More values than any dataset has objects on a frame."""


def middle_of(values: Values) -> int | None:
    """The least value of the object if a prediction holds probabilities; ``None`` if it holds labels."""
    levels = np.flatnonzero(np.bincount(values.ravel())[1:]) + 1
    if len(levels) < 2:
        return None
    # Imported here: a process that has loaded OpenCV cannot fork, and most predictions hold one value.
    from segue.media.mask_profile import profile
    from segue.media.mask_values import soft_middle

    found = profile(values.astype(np.int32))
    wide = int(levels[-1]) >= 128 and (len(levels) >= _MANY or (found.is_soft and len(levels) > 3))
    if not wide and soft_middle(found) is None:
        return None
    return 128 if levels[-1] <= 255 else 32_768


def find_middle(
    sequence: str, frames: Sequence[FramePair]
) -> tuple[int | None, tuple[Problem, ...]]:
    """Where to cut the predictions of a sequence, and a problem that says so; mostly nothing.

    A few frames over the whole sequence decide.

    Raises:
        MaskError: A file cannot be read.
    """
    paths = [frame.predicted for frame in frames if frame.predicted]
    for index in sorted(
        {round(t) for t in np.linspace(0, len(paths) - 1, _LOOKS)} if paths else ()
    ):
        values = read_label_values(paths[index])
        middle = middle_of(values)
        if middle is not None:
            message = (
                f"The predictions hold grey levels, such as {len(np.unique(values))} in {paths[index]}: they are read "
                f"as probabilities and cut in the middle. The object is what is {middle} or more."
            )
            return middle, (Problem("soft", sequence, "", message),)
    return None, ()


def refuse_probabilities(frame: FramePair, values: Values) -> None:
    """Refuse grey levels where ids of several objects are due.

    Raises:
        MaskError: The prediction holds probabilities; the file is named.
    """
    if middle_of(values) is not None:
        raise MaskError(
            f"{frame.predicted} holds {len(np.unique(values))} grey levels, which look like probabilities, expected "
            "one id per object. Write ids, or score a single object by the protocol davis2016, which cuts "
            "probabilities in the middle."
        )
