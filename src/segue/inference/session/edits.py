"""All changes to one video, and which frames each reaches: pure values and functions.

Changes are numbered from 1. A frame's record says the newest change that its labels know of; the frame is stale while
a newer one reaches it. So what is to be computed, after a correction as well as after a crash, is one question.

Masks of the *tape* hold for a whole pass, as if they had been known from the start. *Local* masks change only the
frames up to the neighbouring anchors: other masks and checked frames.
"""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

from segue.inference.session.changes import (
    Absent,
    Check,
    Correct,
    Direct,
    Direction,
    Edit,
    Forget,
    Give,
    Rename,
    changes_tape,
    from_json,
    is_local,
    is_tape_mask,
    to_json,
)
from segue.results.records import Origin, Reach
from segue.types import MAX_OBJECTS


@dataclass(frozen=True)
class Edits:
    """All changes to one video, in order; the first has number 1."""

    items: tuple[Edit, ...] = ()
    free: bool = False
    """The model begins without masks: names classes, or finds objects by itself."""

    def __add__(self, edit: Edit) -> "Edits":
        return Edits((*self.items, edit), self.free)

    @property
    def newest(self) -> int:
        """Number of the newest change; 0 without any."""
        return len(self.items)

    @cached_property
    def plain(self) -> bool:
        """Whether a single forward pass answers all frames, in the numbers of the user."""
        kinds = Give | Correct | Check
        return (
            all(isinstance(e, kinds) and not is_local(e) for e in self.items) and not self._renames
        )

    @property
    def checks(self) -> bool:
        """Whether some frames were checked."""
        return bool(self._checks)

    @cached_property
    def frames(self) -> frozenset[int]:
        """Frames about which something was said."""
        return frozenset(e.frame for e in self.items if isinstance(e, Give | Correct | Absent))

    # --- masks ---------------------------------------------------------------------------------------------------

    def masks(self, frame: int) -> tuple[int, ...]:
        """Numbers of the masks given on a frame, in order."""
        return self._masks.get(frame, ())

    def is_local(self, frame: int) -> bool:
        """Whether the newest mask of a frame reaches to the neighbouring anchors only."""
        numbers = self._masks.get(frame, ())
        return bool(numbers) and is_local(self.items[numbers[-1] - 1])

    @cached_property
    def tape(self) -> tuple[int, ...]:
        """Frames with a mask that holds for the whole pass, ascending."""
        return tuple(sorted({e.frame for e in self.items if is_tape_mask(e)}))

    def tape_masks(self, frame: int) -> tuple[int, ...]:
        """Numbers of the masks of a frame that a whole pass is told; all of them where the newest is one."""
        numbers = self._masks.get(frame, ())
        if self.is_local(frame):
            return tuple(n for n in numbers if not is_local(self.items[n - 1]))
        return numbers

    def absences(self, frame: int, hides: bool | None = None) -> tuple[int, ...]:
        """Objects that are not there on a frame, in the model's numbers.

        Args:
            frame: Its index.
            hides: Only those that the model is told of (true), or is not told of (false); ``None`` for all.
        """
        if frame not in self.frames:
            return ()
        return tuple(
            self.own(number).get(e.object_id, e.object_id)
            for number, e in self._numbered()
            if isinstance(e, Absent) and e.frame == frame and hides in (None, e.hides)
        )

    def is_directed(self, direction: Direction, start: int, stop: int | None) -> bool:
        """Whether the newest word on the direction of these frames, to the end without ``stop``, says so already."""
        for _, edit in reversed(self._directs):
            end = sys.maxsize
            inside = edit.start <= start and (edit.stop or end) >= (stop or end)
            return edit.direction == direction and inside
        return direction == "forward"

    @property
    def newest_direction(self) -> Direction:
        """The direction of the newest run."""
        return self._directs[-1][1].direction if self._directs else "forward"

    # --- what makes a frame ----------------------------------------------------------------------------------------

    def direction(self, index: int) -> Direction:
        """From which side a frame is answered."""
        return self._directed(index)[0]

    def origin(self, index: int) -> Origin:
        """What a frame's labels are made by, once it is computed."""
        if index in self._masks:
            return "given"
        sides = self.sides(index)
        if sides is not None:
            return "both" if None not in sides else "forward" if sides[1] is None else "backward"
        return self.tape_origin(self.direction(index), index)

    def tape_origin(self, direction: Direction, index: int) -> Origin:
        """As ``origin``, of a whole pass."""
        if not self.tape:
            return ("backward" if direction == "backward" else "forward") if self.free else "none"
        first, last = self.tape[0], self.tape[-1]
        if index in self.tape:
            return "given"
        if direction == "both":
            return "backward" if index < first else "forward" if index > last else "both"
        if direction == "forward":
            return "forward" if index > first or self.free else "none"
        return "backward" if index < last or self.free else "none"

    def needed(self, index: int) -> int:
        """Number of the newest change that reaches a frame: its record has to know it; 0 if none does."""
        direction, number = self._directed(index)
        return max(
            number,
            self._tape_reach(direction, index),
            max((n for n, start, stop in self._spans if start <= index < stop), default=0),
            max((n for n, e in self._alone if e.frame == index), default=0),
        )

    def reach(self, number: int) -> Reach | None:
        """Of the correction of that number; ``None`` for other changes."""
        edit = self.items[number - 1] if number else None
        return edit.reach if isinstance(edit, Correct) else None

    def checked(self, index: int) -> bool:
        """Whether a frame was found right, and no mask was given on it since."""
        numbers = (
            n for n, e in self._numbered() if isinstance(e, Check) and e.start <= index < e.stop
        )
        newest = max(numbers, default=0)
        return newest > (self._masks.get(index) or (0,))[-1] and newest > 0

    def sides(self, index: int) -> tuple[int | None, int | None] | None:
        """The anchors before and after a frame, if one of them is a local mask; ``None`` on the tape and on masks."""
        if not self._has_local or index in self._masks or self.checked(index):
            return None
        before, after = self._anchor(index, -1), self._anchor(index, +1)
        local = any(a is not None and self.is_local(a) for a in (before, after))
        return (before, after) if local else None

    def knows(self, direction: Direction, frame: int, number: int) -> bool:
        """Whether a memory of a pass that has seen a frame, as of a change, is still right.

        Args:
            direction: Of the pass: ``forward`` or ``backward``.
            frame: The last frame that was shown.
            number: The newest change then.
        """
        return self._tape_reach(direction, frame) <= number

    # --- names of objects ------------------------------------------------------------------------------------------

    def objects(self) -> set[int]:
        """The user's numbers of all objects that were given, and not forgotten everywhere."""
        found: set[int] = set()
        for edit in self.items:
            if isinstance(edit, Give | Correct):
                found |= set(edit.objects)
            elif isinstance(edit, Rename) and edit.old in found:
                found = found - {edit.old} | {edit.new}
            elif isinstance(edit, Forget):
                found.discard(edit.object_id)
        return found

    def own(self, number: int | None = None) -> dict[int, int]:
        """The user's number -> the number that the model knows an object by, as of a change.

        Numbers that are not there are the same on both sides.
        """
        names: dict[int, int] = {}
        used: set[int] = set()
        for edit in self.items[: self.newest if number is None else number]:
            if isinstance(edit, Give | Correct):
                for name in edit.objects:
                    if name not in names:
                        names[name] = _free(name, used)
                        used.add(names[name])
            elif isinstance(edit, Rename):
                old = names.pop(edit.old, edit.old)
                names[edit.new] = old
                used.add(old)
        return names

    def shown(self, index: int) -> dict[int, int]:
        """The model's number -> the user's number on a frame, 0 for what is forgotten; the same where not named."""
        if not self._renames:
            return {}
        names = {own: name for name, own in self.own().items()}
        hidden = {own for own in self._forgotten if not self._returned(own, index)}
        return {
            own: 0 if own in hidden else name
            for own, name in ({o: o for o in hidden} | names).items()
        }

    def to_json(self) -> list[dict[str, Any]]:
        """As plain values."""
        return [to_json(edit) for edit in self.items]

    @staticmethod
    def from_json(rows: Sequence[Mapping[str, Any]], free: bool = False) -> "Edits":
        """What ``to_json`` returned.

        Raises:
            LookupError: No such kind of change.
            TypeError: Fields are missing.
        """
        return Edits(tuple(map(from_json, rows)), free)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _numbered(self) -> Iterator[tuple[int, Edit]]:
        return enumerate(self.items, start=1)

    @cached_property
    def _masks(self) -> dict[int, tuple[int, ...]]:
        found: dict[int, list[int]] = {}
        for number, edit in self._numbered():
            if isinstance(edit, Give | Correct):
                found.setdefault(edit.frame, []).append(number)
        return {frame: tuple(numbers) for frame, numbers in found.items()}

    @cached_property
    def _mask_frames(self) -> list[int]:
        return sorted(self._masks)

    @cached_property
    def _checks(self) -> list[tuple[int, int, int]]:
        return [(n, e.start, e.stop) for n, e in self._numbered() if isinstance(e, Check)]

    @cached_property
    def _has_local(self) -> bool:
        return any(map(is_local, self.items))

    @cached_property
    def _directs(self) -> list[tuple[int, Direct]]:
        return [(n, e) for n, e in self._numbered() if isinstance(e, Direct)]

    @cached_property
    def _alone(self) -> list[tuple[int, Absent | Correct]]:
        """Changes that reach their own frame whatever the direction."""
        return [(n, e) for n, e in self._numbered() if isinstance(e, Absent) or is_local(e)]

    @cached_property
    def _reaching(self) -> tuple[list[int], list[int], list[int]]:
        """Frames of changes to the tape, ascending; the newest number up to each; the newest from each on."""
        found = sorted((e.frame, n) for n, e in self._numbered() if changes_tape(e))
        numbers = [n for _, n in found]
        return (
            [frame for frame, _ in found],
            list(accumulate(numbers, max)),
            list(accumulate(reversed(numbers), max))[::-1],
        )

    def _tape_reach(self, direction: Direction, index: int) -> int:
        frames, upto, onwards = self._reaching
        if not frames:
            return 0
        before = bisect_right(frames, index)
        after = bisect_left(frames, index)
        forward = upto[before - 1] if before else 0
        backward = onwards[after] if after < len(frames) else 0
        if direction == "both":
            return max(forward, backward)
        return forward if direction == "forward" else backward

    @cached_property
    def _spans(self) -> list[tuple[int, int, int]]:
        """Number, first frame and end of what each local mask reached when it was given."""
        return [
            (number, *self._span(number, edit.frame))
            for number, edit in self._numbered()
            if is_local(edit)
        ]

    def _span(self, number: int, frame: int) -> tuple[int, int]:
        before = Edits(self.items[: number - 1], self.free)
        left, right = before._anchor(frame, -1), before._anchor(frame, +1)
        return 0 if left is None else left + 1, sys.maxsize if right is None else right

    def _anchor(self, index: int, step: int) -> int | None:
        """The nearest mask or checked frame before (-1) or after (+1) a frame."""
        frames = self._mask_frames
        if step < 0:
            place = bisect_left(frames, index)
            mask = frames[place - 1] if place else None
            ends = [min(stop, index) - 1 for _, start, stop in self._checks if start < index]
            return max([*ends, *([mask] if mask is not None else [])], default=None)
        place = bisect_right(frames, index)
        mask = frames[place] if place < len(frames) else None
        begins = [max(start, index + 1) for _, start, stop in self._checks if stop > index + 1]
        return min([*begins, *([mask] if mask is not None else [])], default=None)

    def _directed(self, index: int) -> tuple[Direction, int]:
        for number, edit in reversed(self._directs):
            inside = edit.start <= index and (edit.stop is None or index < edit.stop)
            # A side from which nothing can be said takes nothing away.
            if inside and (edit.first or self.tape_origin(edit.direction, index) != "none"):
                return edit.direction, number
        return "forward", 0

    @cached_property
    def _renames(self) -> bool:
        if any(isinstance(e, Rename | Forget) for e in self.items):
            return True
        return any(name != own for name, own in self.own().items())

    @cached_property
    def _forgotten(self) -> dict[int, int]:
        """The model's number -> number of the newest change that forgets it."""
        return {
            self.own(n).get(e.object_id, e.object_id): n
            for n, e in self._numbered()
            if isinstance(e, Forget)
        }

    def _returned(self, own: int, index: int) -> bool:
        """Whether a mask that reaches the frame shows an object again that was forgotten before."""
        direction = self.direction(index)
        for number, edit in self._numbered():
            if number < self._forgotten[own] or not isinstance(edit, Give | Correct):
                continue
            if any(self.own(number).get(name, name) == own for name in edit.objects):
                alone = Edits(tuple(self.items[:number]), self.free)
                if is_local(edit):
                    start, stop = alone._span(number, edit.frame)
                    if start <= index < stop:
                        return True
                elif (
                    edit.frame == index
                    or direction == "both"
                    or (edit.frame < index) == (direction == "forward")
                ):
                    return True
        return False


def _free(name: int, used: set[int]) -> int:
    return name if name not in used else next(n for n in range(1, MAX_OBJECTS + 1) if n not in used)
