"""Which frame and which object a mask is for: ``37``, ``00037``, ``37:2``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from segue.errors import MaskError
from segue.types import MAX_OBJECTS


@dataclass(frozen=True, slots=True)
class MaskPlace:
    """The frame of a mask and the object that it holds."""

    frame: int
    """Index from 0."""
    object_id: int | None = None
    """None where the mask itself says which objects it holds."""
    doubts: tuple[str, ...] = ()
    """A sentence where another frame could have been meant."""


def parse_place(text: str, names: Sequence[str] | None, spec: str) -> MaskPlace:
    """The place that a text stands for: a frame by name or index, and perhaps ``:`` and an id.

    A name that exists is the name, even if it looks like a number.

    Args:
        text: What stands before ``=``.
        names: Names of the frames; None where frames are named by index.
        spec: The whole text, for messages.

    Raises:
        MaskError: No such frame, or no id from 1 to 254.
    """
    found = _frame(text, names, spec)
    if found is not None:
        return found
    frame, colon, number = text.rpartition(":")
    found = _frame(frame, names, spec) if colon else None
    if found is None:
        raise MaskError(
            f"The mask {spec}: expected a frame by its index or name, such as 37, or 37:2 for object 2, got {text!r}."
        )
    return MaskPlace(found.frame, object_id(number, spec), found.doubts)


def index_place(index: int, names: Sequence[str] | None) -> MaskPlace:
    """The frame with an index, and a doubt where another frame's name is that number."""
    inside = names is None or index < len(names)
    return MaskPlace(index, doubts=_also_a_name(index, str(index), names) if inside else ())


def object_id(number: str | int, spec: str) -> int:
    """An id that was given for the object of a mask.

    Raises:
        MaskError: It is no whole number from 1 to 254.
    """
    text = str(number)
    found = int(text) if text.isdecimal() and len(text) < 10 else 0
    if not 1 <= found <= MAX_OBJECTS:
        raise MaskError(f"The mask {spec}: expected an id from 1 to {MAX_OBJECTS}, got {text!r}.")
    return found


def _frame(text: str, names: Sequence[str] | None, spec: str) -> MaskPlace | None:
    """A frame by its name, then by its index; None if the text is neither."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 18
    if names is not None and text in names:
        return MaskPlace(list(names).index(text), doubts=_also_a_number(text, names, is_number))
    if not is_number:
        return None
    index = int(text)
    if names is not None and index >= len(names):
        raise MaskError(
            f"The mask {spec}: the video has frames 0 to {len(names) - 1} only, named {names[0]} to {names[-1]}."
        )
    return MaskPlace(index, doubts=_also_a_name(index, text, names))


def _also_a_number(text: str, names: Sequence[str], is_number: bool) -> tuple[str, ...]:
    index = list(names).index(text)
    if not is_number or int(text) == index:
        return ()
    return (
        f"{text} is the frame named {text} (frame number {index}), not frame number {int(text)}",
    )


def _also_a_name(index: int, text: str, names: Sequence[str] | None) -> tuple[str, ...]:
    """A doubt where the name of another frame ends with the number: 6 beside 00006 or img_6."""
    for place, name in enumerate(names or ()):
        number = re.search(r"[0-9]{1,17}$", name)
        if place != index and number and int(number[0]) == index:
            named = (names or ())[index]
            return (f"{text} is frame number {index} (named {named}), not the frame named {name}",)
    return ()
