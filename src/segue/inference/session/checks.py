"""What a change needs to be possible: frames and objects that there are, masks that fit."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from segue.errors import MaskError
from segue.inference.runner import absent_sentence, frames_phrase
from segue.inference.session.changes import (
    Absent,
    Check,
    Correct,
    Edit,
    Forget,
    Give,
    Rename,
)
from segue.media.mask_fit import fit_mask
from segue.media.masks import object_ids
from segue.types import MAX_OBJECTS, VOID, Labels


def check_changes(changes: Sequence[Edit], objects: Iterable[int], indices: range) -> None:
    """Refuse changes that are made one after the other, before the first of them is.

    Args:
        changes: In their order.
        objects: Numbers of the objects that are known before.
        indices: Of the frames that the video has, as far as is known.

    Raises:
        MaskError: There is no such frame or object then, or a number is taken, or none.
    """
    known = set(objects)
    for change in changes:
        if isinstance(change, Give | Correct):
            _check_frame(change.frame, indices)
            known |= set(change.objects)
        elif isinstance(change, Absent):
            _check_object(change.object_id, known)
            check_frames(range(change.frame, change.frame + 1), indices)
        elif isinstance(change, Check):
            check_frames(range(change.start, change.stop), indices)
        elif isinstance(change, Forget):
            _check_object(change.object_id, known)
            known = known - {change.object_id}
        elif isinstance(change, Rename):
            _check_object(change.old, known)
            _check_free(change.new, known)
            known = known - {change.old} | {change.new}


def check_frames(span: range, indices: range) -> None:
    """Refuse a span in which the video has no frame.

    Args:
        span: Of frame numbers.
        indices: As of ``check_changes``.

    Raises:
        MaskError: The sentence names the frames that there are.
    """
    first = max(0, -((indices.start - span.start) // indices.step))
    if not indices[first : first + 1] or indices[first] >= span.stop:
        named = f"{span.start} to {span.stop - 1}" if len(span) > 1 else f"{span.start}"
        raise MaskError(f"The video {frames_phrase(indices)}, but not {named}.")


def checked_mask(frame: int, labels: Any, size_hw: tuple[int, int], indices: range) -> Labels:
    """A mask as labels in 8 bits.

    Args:
        frame: What it is for.
        labels: Object numbers (or true and false), an array of the size of the video or what makes one.
        size_hw: Height and width of the video.
        indices: As of ``check_changes``.

    Raises:
        MaskError: No such frame, no array of object numbers, another size, or no object.
    """
    _check_frame(frame, indices)
    values = np.asarray(labels)
    if values.ndim != 2 or values.dtype.kind not in "biu":
        raise MaskError(
            f"Expected the mask of frame {frame} as a number of an object for each pixel, an array height x width of "
            f"whole numbers; got {values.ndim} dimensions of {values.dtype}."
        )
    if values.size and not 0 <= values.min() <= values.max() <= VOID:
        raise MaskError(
            f"Expected object numbers from 0 to {VOID} in the mask of frame {frame}, "
            f"got {values.min()} to {values.max()}."
        )
    found: Labels = values.astype(np.uint8)
    fit_mask(found, size_hw)
    if not object_ids(found):
        raise MaskError(f"The mask of frame {frame} holds no object. Draw at least one.")
    return found


def _check_frame(frame: int, indices: range) -> None:
    if frame not in indices:
        raise MaskError(absent_sentence([frame], indices))


def _check_object(object_id: int, known: Iterable[int]) -> None:
    if object_id not in known:
        names = ", ".join(map(str, sorted(known))) or "none"
        raise MaskError(f"There is no object {object_id}. Known are: {names}.")


def _check_free(number: int, known: Iterable[int]) -> None:
    if not 1 <= number <= MAX_OBJECTS:
        raise MaskError(f"Expected a number from 1 to {MAX_OBJECTS}, got {number}.")
    if number in known:
        raise MaskError(f"There is an object {number} already. Give a number that is free.")
