"""Memories of a model at key frames, within a budget: where a correction, or a resumed run, can go on from."""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from segue.errors import WeightsError
from segue.files import writing
from segue.inference.runner import RunnerMemory
from segue.inference.session.edits import Edits

Way = Literal["forward", "backward"]

KEY_FRAMES = 16
"""Frames from one kept memory to the next, at most, while the budget and the time for saving allow it."""
_NAME = re.compile(r"(forward|backward)-(\d+)-(-?\d+)-(\d+)\.safetensors")


@dataclass(frozen=True, slots=True)
class Key:
    """One kept memory."""

    way: Way
    frame: int
    """The last one that was shown."""
    answers_next: int
    """The frame that the next answer is about."""
    number: int
    """The newest change by the user that it knows of."""

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.way}-{self.frame:08d}-{self.answers_next}-{self.number}.safetensors"


class History:
    """The kept memories of one video.

    Args:
        folder: Where files go; ``None`` keeps the memories in memory.
        budget_bytes: What all of them may take; the newest of each direction is kept anyway.
        state_type: Of the model.

    Raises:
        WriteError: The system refuses.
    """

    def __init__(self, folder: Path | None, budget_bytes: int, state_type: type[Any]) -> None:
        self._folder = folder
        self._budget = budget_bytes
        self._state_type = state_type
        self._sizes: dict[Key, int] = {}
        self._kept: dict[Key, tuple[RunnerMemory, Mapping[str, int]]] = {}
        if folder is not None:
            with writing(folder):
                folder.mkdir(parents=True, exist_ok=True)
                self._sizes = dict(_listed(folder))

    @property
    def on_disk(self) -> bool:
        """Whether keeping a memory costs time."""
        return self._folder is not None

    @property
    def keys(self) -> tuple[Key, ...]:
        """All that are kept, by direction and frame."""
        return tuple(sorted(self._sizes, key=lambda key: (key.way, key.frame)))

    def add(self, key: Key, memory: RunnerMemory, notes: Mapping[str, int] | None = None) -> None:
        """Keep a memory, in the place of another one of that frame.

        Args:
            key: What it is.
            memory: As it was after the frame.
            notes: Whole numbers that come back with it.

        Raises:
            WriteError: The disk refuses.
        """
        for old in [k for k in self._sizes if (k.way, k.frame) == (key.way, key.frame)]:
            if old != key:
                self._drop(old)
        if self._folder is None:
            self._kept[key] = memory, dict(notes or {})
            self._sizes[key] = _num_bytes(memory.state)
        else:
            self._sizes[key] = self._save(self._folder / key.name, memory, notes or {})
        while sum(self._sizes.values()) > self._budget:
            surplus = thinned(self.keys, key)
            if surplus is None:
                break
            self._drop(surplus)

    def before(self, way: Way, index: int, edits: Edits) -> Iterator[Key]:
        """Keys from which a pass can go on to a frame, the nearest first.

        Args:
            way: Of the pass.
            index: The first frame that has to be answered.
            edits: Decide which memories are still right.
        """
        sign = 1 if way == "forward" else -1
        fits = [
            key
            for key in self._sizes
            if key.way == way
            and sign * key.answers_next <= sign * index
            and edits.knows(way, key.frame, key.number)
        ]
        yield from sorted(fits, key=lambda key: -sign * key.frame)

    def load(self, key: Key) -> tuple[RunnerMemory, Mapping[str, int]] | None:
        """A memory and its notes; ``None`` for one that cannot be read any more, which is dropped."""
        if self._folder is None:
            return self._kept[key]
        from segue.inference.checkpoint import load_state  # imports torch

        try:
            state, notes = load_state(self._folder / key.name, self._state_type)
        except WeightsError:
            self._drop(key)
            return None
        waiting = tuple(int(text) for text in str(notes.pop("waiting", "")).split())
        return RunnerMemory(state, waiting), notes

    def prune(self, edits: Edits) -> None:
        """Drop memories that a change has made wrong.

        Raises:
            WriteError: The system refuses.
        """
        for key in self.keys:
            if not edits.knows(key.way, key.frame, key.number):
                self._drop(key)

    def clear(self) -> None:
        """Drop all.

        Raises:
            WriteError: The system refuses.
        """
        for key in self.keys:
            self._drop(key)

    def _save(self, path: Path, memory: RunnerMemory, notes: Mapping[str, int]) -> int:
        from segue.inference.checkpoint import save_state  # imports torch

        waiting = " ".join(map(str, memory.waiting))
        save_state(path, memory.state, {**notes, "waiting": waiting})
        return path.stat().st_size

    def _drop(self, key: Key) -> None:
        self._sizes.pop(key)
        self._kept.pop(key, None)
        if self._folder is not None:
            with writing(self._folder):
                (self._folder / key.name).unlink(missing_ok=True)


def thinned(keys: Sequence[Key], newest: Key) -> Key | None:
    """The key that is missed least: without it the distance between its neighbours is the smallest.

    Args:
        keys: By direction and frame.
        newest: Never chosen, nor is the last one of another direction.

    Returns:
        ``None`` where none may go.
    """
    best: tuple[int, Key] | None = None
    for way in ("forward", "backward"):
        row = [key for key in keys if key.way == way]
        if way == "backward":
            row.reverse()
        for place, key in enumerate(row[:-1]):
            if key == newest:
                continue
            before = row[place - 1].frame if place else (0 if way == "forward" else key.frame)
            gap = abs(row[place + 1].frame - before)
            if best is None or gap < best[0]:
                best = gap, key
    return best[1] if best else None


def _listed(folder: Path) -> Iterator[tuple[Key, int]]:
    for path in folder.iterdir():
        found = _NAME.fullmatch(path.name)
        if found:
            way: Way = "forward" if found[1] == "forward" else "backward"
            yield Key(way, int(found[2]), int(found[3]), int(found[4])), path.stat().st_size
        elif path.name.endswith(".part"):
            path.unlink(missing_ok=True)


def _num_bytes(value: Any) -> int:
    """What tensors and arrays inside a memory take; shared ones count twice."""
    if isinstance(size := getattr(value, "nbytes", None), int):
        return size
    if isinstance(value, Mapping):
        return sum(map(_num_bytes, value.values()))
    if isinstance(value, tuple | list):
        return sum(map(_num_bytes, value))
    if dataclasses.is_dataclass(value):
        return sum(_num_bytes(getattr(value, f.name)) for f in dataclasses.fields(value))
    return 0
