"""Predictions that are no labels but probabilities, drawn as grey levels from 0 to 255."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segue.errors import MaskError
from segue.evaluation.pairs import FramePair, Values
from segue.media.label_file import read_label_values
from segue.problems import Problem

_LOOKS = 5
"""Frames of a sequence that are looked at."""
_MOST_PERCENT = 100
_GREY = 64
"""Below are ids, see ``media/mask_values.py``."""
_MANY = 64
"""More values than any dataset has objects on a frame."""


def middle_of(values: Values) -> int | None:
    """The least value of the object if a prediction holds probabilities; ``None`` if it holds labels.

    Grey levels up to 100 are percentages: read as 8 bits, no pixel would be the object.
    """
    levels = np.flatnonzero(np.bincount(values.ravel())[1:]) + 1
    if len(levels) < 2:
        return None
    # Imported here: a process that has loaded OpenCV cannot fork, and most predictions hold one value.
    from segue.media.mask_profile import profile
    from segue.media.mask_values import soft_middle

    found = profile(values.astype(np.int32))
    top = int(levels[-1])
    soft = found.is_soft and len(levels) > 3
    wide = (top >= 128 and len(levels) >= _MANY) or (top >= _GREY and soft)
    if not wide and soft_middle(found) is None:
        return None
    return _middle(top)


def find_middle(
    sequence: str, frames: Sequence[FramePair]
) -> tuple[int | None, tuple[Problem, ...]]:
    """Where to cut the predictions of a sequence, and a problem that says so; mostly nothing.

    A few frames over the whole sequence decide; percentages must be percentages on all of them.

    Raises:
        MaskError: A file cannot be read.
    """
    top, soft = 0, ""
    for path in _looks(frames):
        values = read_label_values(path)
        top = max(top, int(values.max()))
        if not soft and middle_of(values) is not None:
            soft = f"{len(np.unique(values))} in {path}"
        if soft and top > _MOST_PERCENT:
            break
    if not soft:
        return None, ()
    middle = _middle(top)
    message = (
        f"The predictions hold grey levels, such as {soft}: they are read as probabilities and cut in the middle. "
        f"The object is what is {middle} or more."
    )
    return middle, (Problem("soft", sequence, "", message),)


def _looks(frames: Sequence[FramePair]) -> list[Path]:
    """A few predictions over the whole sequence."""
    paths = [frame.predicted for frame in frames if frame.predicted]
    steps = np.linspace(0, len(paths) - 1, _LOOKS) if paths else ()
    return [paths[index] for index in sorted({round(step) for step in steps})]


def _middle(top: int) -> int:
    """Where to cut probabilities whose highest grey level this is."""
    if top <= _MOST_PERCENT:
        return 50
    return 128 if top <= 255 else 32_768


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
