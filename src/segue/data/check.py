"""What the checks of all layouts share: every frame and mask is read once, one file in memory at a time.

A layout's ``check`` walks over its sequences and hands each to ``check_sequence`` with a *judge*, which says what a
mask may hold. ``check_files`` and ``check_sequences_named`` find what lies around without belonging to anything,
``check_numbers`` finds gaps.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from segue.data.sample import VideoSequence
from segue.errors import MaskError
from segue.media.images import natural_key
from segue.media.label_file import read_label_values
from segue.problems import Problem, ProblemKind
from segue.types import VOID

_READ_ERRORS = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)

_Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ReadMask:
    """A mask that could be read, for a judge."""

    sequence: str
    frame: str
    path: Path
    values: frozenset[int]
    """The values that occur in it."""


Judge = Callable[[ReadMask], Iterable[Problem]]
"""Says what is wrong with the values of one mask."""


def only(allowed: Collection[int], fatal: bool = True) -> Judge:
    """A judge that allows these values; others are ``unknown-id``, 255 is ``void``."""

    def judge(mask: ReadMask) -> Iterator[Problem]:
        odd = sorted(mask.values.difference(allowed))
        if odd:
            message = (
                f"{mask.path} holds {spell(odd)}, expected {spell(allowed)}. Correct or remove it."
            )
            kind: ProblemKind = "void" if odd == [VOID] else "unknown-id"
            yield Problem(kind, mask.sequence, mask.frame, message, fatal)

    return judge


def check_sequence(
    sequence: VideoSequence, judge: Judge, required: Collection[str] | None = None
) -> Iterator[Problem]:
    """Everything wrong with the files of one sequence: unreadable, of an odd size, with odd values, no mask.

    Args:
        sequence: Frames with masks, or masks alone.
        judge: What a mask may hold.
        required: Names of the frames that must have a mask; ``None`` for all.
    """
    by_size: dict[_Size, list[tuple[str, Path]]] = {}
    for frame, mask in zip(_frames(sequence), sequence.mask_paths, strict=True):
        name = frame_name(frame, mask)
        if mask is None and (required is None or name in required):
            yield Problem(
                "missing-frame", sequence.name, name, f"{frame} has no mask. Add it.", fatal=True
            )
        for path in (path for path in (frame, mask) if path is not None):
            try:
                size, values = _read_mask(path) if path is mask else _read_frame(path)
            except _UnfitError as fault:
                yield Problem(fault.kind, sequence.name, name, str(fault), fatal=True)
                continue
            by_size.setdefault(size, []).append((name, path))
            if path is mask:
                yield from judge(ReadMask(sequence.name, name, path, values))
    yield from _odd_sizes(sequence.name, by_size)


def check_files(folder: Path, used: Iterable[Path | None], sequence: str) -> Iterator[Problem]:
    """Visible files of a sequence's folder that are not among those used."""
    known = {path.name for path in used if path is not None}
    for path in visible(folder):
        if path.name not in known:
            message = f"{path} belongs to no frame of the sequence. Remove it, or add its frame."
            yield Problem("extra-frame", sequence, path.stem, message)


def check_numbers(sequence: VideoSequence) -> Iterator[Problem]:
    """Gaps in the numbers of frames, for layouts that number them evenly."""
    pairs = zip(_frames(sequence), sequence.mask_paths, strict=True)
    names = [frame_name(frame, mask) for frame, mask in pairs]
    if len(names) < 2 or not all(name.isdecimal() for name in names):
        return
    steps = [int(after) - int(before) for before, after in pairwise(names)]
    counts = Counter(steps)
    usual = max(counts, key=lambda step: (counts[step], -step))
    if 2 * counts[usual] < len(steps):
        return
    for (before, after), step in zip(pairwise(names), steps, strict=True):
        if step > usual:
            message = f"Frame {before} is followed by {after}. Copy what is missing in between."
            yield Problem("missing-frame", sequence.name, before, message, fatal=True)


def check_sequences_named(folder: Path, known: Collection[str], listing: str) -> Iterator[Problem]:
    """Visible entries of a folder of sequences that no list names; ``listing`` says where the names come from."""
    for path in visible(folder):
        if path.name not in known:
            message = f"{path} is not in {listing}. It is left out; list it, or remove it."
            yield Problem("extra-sequence", path.name, "", message)


def missing_sequence(name: str, folder: Path, listing: str) -> Problem:
    """A sequence that a list names and whose frames are not there."""
    message = f"It is in {listing}, but {folder} holds no frames. Copy them there, or unlist it."
    return Problem("missing-sequence", name, "", message, fatal=True)


def visible(folder: Path) -> list[Path]:
    """Files and folders in natural order, hidden ones left out; nothing if there is no such folder."""
    if not folder.is_dir():
        return []
    paths = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(paths, key=lambda path: natural_key(path.name))


def frame_name(frame: Path | None, mask: Path | None) -> str:
    """Name of a frame: that of its file, or of its mask where there is no frame."""
    path = frame or mask
    return path.stem if path else ""


def spell(values: Collection[int]) -> str:
    """Numbers for a sentence: ``0 to 18, 255``."""
    runs: list[list[int]] = []
    for value in sorted(values):
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ", ".join(f"{run[0]} to {run[-1]}" if run[1:] else str(run[0]) for run in runs)


def _frames(sequence: VideoSequence) -> tuple[Path | None, ...]:
    return sequence.frame_paths or (None,) * len(sequence.mask_paths)


class _UnfitError(Exception):
    def __init__(self, kind: ProblemKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _read_frame(path: Path) -> tuple[_Size, frozenset[int]]:
    try:
        with Image.open(path) as image:
            image.load()
            return (image.height, image.width), frozenset()
    except _READ_ERRORS as error:
        message = f"{path} is not a whole image ({error}). Copy it again."
        raise _UnfitError("unreadable", message) from None


def _read_mask(path: Path) -> tuple[_Size, frozenset[int]]:
    try:
        values = read_label_values(path)
    except MaskError as error:
        _read_frame(path)
        raise _UnfitError("colours", str(error)) from None
    counts = np.bincount(values.ravel())
    return (values.shape[0], values.shape[1]), frozenset(np.flatnonzero(counts).tolist())


def _odd_sizes(sequence: str, by_size: dict[_Size, list[tuple[str, Path]]]) -> Iterator[Problem]:
    """All files that have not the size of most."""
    usual = max(by_size, key=lambda size: len(by_size[size]), default=(0, 0))
    for size in (size for size in by_size if size != usual):
        for name, path in by_size[size]:
            message = (
                f"{path} is {size[1]}x{size[0]} (width x height), expected {usual[1]}x{usual[0]} as "
                "most of the sequence. Resize or replace it."
            )
            yield Problem("size", sequence, name, message, fatal=True)
