"""What a user says about a video, one change after the other: values. ``edits`` tells which frames each reaches."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeGuard, get_args

from segue.errors import InputError
from segue.results.records import Reach

Direction = Literal["forward", "backward", "both"]


@dataclass(frozen=True, slots=True)
class Give:
    """A given mask."""

    frame: int
    objects: tuple[int, ...]
    """Numbers of the objects in it."""


@dataclass(frozen=True, slots=True)
class Correct:
    """A mask that corrects what was answered."""

    frame: int
    objects: tuple[int, ...]
    reach: Reach = "end"


@dataclass(frozen=True, slots=True)
class Absent:
    """An object is not there on a frame."""

    frame: int
    object_id: int
    hides: bool
    """Whether the model can be told, so that later frames know of it; else only the frame changes."""


@dataclass(frozen=True, slots=True)
class Forget:
    """An object is taken out of the results."""

    object_id: int


@dataclass(frozen=True, slots=True)
class Rename:
    """An object gets another number."""

    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Check:
    """Frames that are right: nothing computes them again."""

    start: int
    stop: int
    """The first frame that is not checked any more."""


@dataclass(frozen=True, slots=True)
class Direct:
    """From which side frames are answered."""

    direction: Direction
    start: int = 0
    stop: int | None = None
    first: bool = False
    """Whether no frame had a result before: frames that this direction cannot answer then stay empty."""


Edit = Give | Correct | Absent | Forget | Rename | Check | Direct
_KINDS: dict[str, type[Any]] = {
    kind.__name__.lower(): kind for kind in (Give, Correct, Absent, Forget, Rename, Check, Direct)
}


def check_span(span: range | None) -> None:
    """Refuse a span that holds nothing, or counts by more than one.

    Raises:
        InputError: The sentence says so.
    """
    if span is None:
        return
    if span.step != 1 or not span or span.start < 0:
        raise InputError(
            f"Expected a span of at least one frame, from 0 on, such as range(10, 40); got {span}."
        )


def check_direction(direction: str | None) -> None:
    """Refuse a word that is no direction.

    Raises:
        InputError: The sentence says so.
    """
    if direction not in (None, *get_args(Direction)):
        raise InputError(f"Expected direction='forward', 'backward' or 'both', got {direction!r}.")


def is_local(edit: Edit) -> TypeGuard[Correct]:
    """Whether a change is a mask that reaches to the neighbouring anchors only."""
    return isinstance(edit, Correct) and edit.reach == "next-given"


def is_tape_mask(edit: Edit) -> TypeGuard[Give | Correct]:
    """Whether a change is a mask that holds for a whole pass."""
    return isinstance(edit, Give | Correct) and not is_local(edit)


def changes_tape(edit: Edit) -> TypeGuard[Give | Correct | Absent]:
    """Whether a change is told to whole passes, so that it reaches all frames behind it."""
    return is_tape_mask(edit) or (isinstance(edit, Absent) and edit.hides)


def to_json(edit: Edit) -> dict[str, Any]:
    """A change as plain values."""
    return {"kind": type(edit).__name__.lower(), **asdict(edit)}


def from_json(row: Mapping[str, Any]) -> Edit:
    """What ``to_json`` was given.

    Raises:
        LookupError: No such kind of change.
        TypeError: Fields are missing.
    """
    kind = _KINDS[row["kind"]]
    names = {field.name for field in fields(kind)}
    values = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in row.items()
        if key in names
    }
    edit: Edit = kind(**values)
    return edit
