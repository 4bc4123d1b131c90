"""MOTS text: one tracked mask per line, ``frame track_id class height width run_lengths``.

The format of ground truth and results of KITTI-MOTS and MOTSChallenge (Voigtlaender et al., CVPR 2019). As in the
official tool, masks of a frame may not overlap, and a track id may occur once in a frame, whatever its class.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
from jaxtyping import UInt8, UInt16

from segue.data.sample import VideoSequence
from segue.errors import MaskError, NotFoundError, VideoError
from segue.files import write_bytes
from segue.media.images import read_image
from segue.media.rle import RunLengths, areas, decode, encode, overlaps, union, unpack
from segue.problems import Problem, ProblemKind

CAR, PEDESTRIAN, IGNORE_REGION = 1, 2, 10
MOTS_CLASSES = {CAR: "car", PEDESTRIAN: "pedestrian", IGNORE_REGION: "ignore region"}
IDS_PER_CLASS = 1000
"""Track ids of ground truth, and the values of its 16-bit PNGs, are ``class * 1000 + instance``."""


@dataclass(frozen=True, slots=True)
class TrackedMask:
    """One object in one frame."""

    frame: int
    """Number of the frame as the dataset counts: from 0 in KITTI-MOTS, from 1 in MOTSChallenge."""
    track_id: int
    class_id: int
    """A key of ``MOTS_CLASSES``."""
    mask: RunLengths


def read_mots(path: Path, *, allow_overlaps: bool = False) -> dict[int, tuple[TrackedMask, ...]]:
    """The masks of a file by frame, frames in ascending order, masks in the order of the file.

    Raises:
        NotFoundError: There is no such file.
        MaskError: A line is malformed or its mask damaged, a class unknown, a mask of another size than the first; or
            a frame holds a track id twice, or masks that overlap (unless ``allow_overlaps``).
    """
    lines = _read_lines(path)
    for problem in _problems(path, "", lines, allow_overlaps):
        raise MaskError(problem.message)
    return {frame: tuple(item for _, item in group) for frame, group in groupby(lines, _frame)}


def check_tracks(
    sequence: VideoSequence, text: Path, frames: range, classes: Collection[int]
) -> Iterator[Problem]:
    """Everything wrong with the text of a sequence.

    A line that holds no mask is told alone: nothing after it is looked at.

    Args:
        sequence: Its name, and its first frame, if there is one, for the size of the masks.
        text: The file.
        frames: The numbers that frames may have.
        classes: The classes that the dataset has.
    """
    try:
        lines = _read_lines(text)
    except (NotFoundError, MaskError) as error:
        yield Problem("unreadable", sequence.name, "", str(error), fatal=True)
        return
    yield from _problems(text, sequence.name, lines, allow_overlaps=False)
    for _, item in lines:
        findings: list[tuple[ProblemKind, str]] = []
        if item.frame not in frames:
            findings = [("extra-frame", f"the frames are {frames.start} to {frames.stop - 1}.")]
        elif item.class_id in MOTS_CLASSES and item.class_id not in classes:
            known = " and ".join(map(str, classes))
            findings = [("unknown-id", f"a mask of class {item.class_id}, expected {known}.")]
        yield from _tell(text, sequence.name, item.frame, findings)
    if lines and sequence.frame_paths:
        yield from _compare_sizes(text, sequence, lines[0])


def write_mots(path: Path, masks: Iterable[TrackedMask]) -> None:
    """Write masks sorted by frame and track id; whole or not at all.

    Raises:
        WriteError: Disk full, read-only or missing folder.
    """
    ordered = sorted(masks, key=attrgetter("frame", "track_id"))
    write_bytes(path, b"".join(map(_line, ordered)))


def masks_of_ids(
    frame: int, ids: UInt16[np.ndarray, "height width"] | UInt8[np.ndarray, "height width"]
) -> list[TrackedMask]:
    """The masks that one 16-bit PNG holds, see ``IDS_PER_CLASS``; 0 is background."""
    values = np.flatnonzero(np.bincount(ids.ravel())).tolist()
    return [
        TrackedMask(frame, value, value // IDS_PER_CLASS, encode(ids == value))
        for value in values
        if value > 0
    ]


def draw_ids(
    masks: Iterable[TrackedMask], size_hw: tuple[int, int]
) -> UInt16[np.ndarray, "height width"]:
    """The values of the 16-bit PNG that holds these masks; the inverse of ``masks_of_ids``."""
    ids = np.zeros(size_hw, np.uint16)
    for item in masks:
        ids[decode(item.mask)] = item.track_id
    return ids


def _line(item: TrackedMask) -> bytes:
    mask = item.mask
    numbers = (item.frame, item.track_id, item.class_id, mask.height, mask.width)
    return b"%d %d %d %d %d %s\n" % (*numbers, mask.counts)


_Line = tuple[int, TrackedMask]
_Findings = Iterator[tuple[ProblemKind, str]]


def _read_lines(path: Path) -> list[_Line]:
    """Masks with the numbers of their lines, by frame."""
    try:
        texts = path.read_bytes().splitlines()
    except FileNotFoundError:
        raise NotFoundError(f"{path} is not there, expected MOTS text of a sequence.") from None
    numbers = [number for number, text in enumerate(texts, 1) if text and not text.isspace()]
    rows = [_row(path, number, texts[number - 1]) for number in numbers]

    def name(index: int) -> str:
        return f"{path}, line {numbers[index]}, frame {rows[index][0]}: the mask"

    masks = unpack([row[3:] for row in rows], name)
    items = [TrackedMask(*row[:3], mask) for row, mask in zip(rows, masks, strict=True)]
    return sorted(zip(numbers, items, strict=True), key=_frame)


def _row(path: Path, number: int, text: bytes) -> tuple[int, int, int, int, int, bytes]:
    try:
        *numbers, counts = text.split()
        frame, track_id, class_id, height, width = map(int, numbers)
    except ValueError:
        start = text[:60].decode(errors="replace")
        raise MaskError(
            f"{path}, line {number} reads {start!r}, expected 'frame track_id class height width "
            "run_lengths' with whole numbers. Write it again."
        ) from None
    if frame < 0 or track_id < 0:
        raise MaskError(
            f"{path}, line {number}: frame {frame} and track id {track_id}, expected numbers from "
            "0. Write it again."
        )
    return frame, track_id, class_id, height, width, counts


def _frame(line: _Line) -> int:
    return line[1].frame


def _problems(
    path: Path, sequence: str, lines: list[_Line], allow_overlaps: bool
) -> Iterator[Problem]:
    frames = {frame: list(group) for frame, group in groupby(lines, _frame)}
    for frame, group in frames.items():
        findings = [*_odd_classes(group), *_odd_sizes(group, lines[0]), *_repeated_ids(group)]
        yield from _tell(path, sequence, frame, findings)
    if not allow_overlaps:
        for frame in _overlapping(frames):
            yield from _tell(path, sequence, frame, _overlaps(frames[frame]))


def _tell(
    path: Path, sequence: str, frame: int, findings: Iterable[tuple[ProblemKind, str]]
) -> Iterator[Problem]:
    for kind, message in findings:
        place = f"{path}, frame {frame}: {message}"
        yield Problem(kind, sequence, str(frame), place, fatal=True)


def _odd_classes(group: list[_Line]) -> _Findings:
    for number, item in group:
        if item.class_id not in MOTS_CLASSES:
            known = ", ".join(f"{key} ({name})" for key, name in MOTS_CLASSES.items())
            yield (
                "unknown-id",
                f"track {item.track_id} in line {number} has class {item.class_id}, expected one "
                f"of {known}.",
            )


def _odd_sizes(group: list[_Line], first: _Line) -> _Findings:
    height, width = _size(first)
    for line in group:
        if _size(line) != (height, width):
            yield (
                "size",
                f"the mask in line {line[0]} is {line[1].mask.height}x{line[1].mask.width}, "
                f"expected {height}x{width} (height x width) as in line {first[0]}. Write it again.",
            )


def _size(line: _Line) -> tuple[int, int]:
    return line[1].mask.height, line[1].mask.width


def _repeated_ids(group: list[_Line]) -> _Findings:
    seen: dict[int, int] = {}
    for number, item in group:
        before = seen.setdefault(item.track_id, number)
        if before != number:
            yield (
                "repeated-id",
                f"lines {before} and {number} both hold track {item.track_id}. Join their masks, "
                "or give each object an id of its own, whatever its class.",
            )


def _overlapping(frames: dict[int, list[_Line]]) -> list[int]:
    """Frames whose masks cover fewer pixels than the sum of their areas; those of two sizes left out."""
    crowded = [
        frame for frame, group in frames.items() if len({_size(line) for line in group}) == 1
    ]
    masks = [[item.mask for _, item in frames[frame]] for frame in crowded]
    covered = areas([union(group) for group in masks])
    starts = np.cumsum([0, *map(len, masks)])[:-1]
    total = np.add.reduceat(areas([mask for group in masks for mask in group]), starts)
    return [frame for frame, odd in zip(crowded, (total != covered).tolist(), strict=True) if odd]


def _overlaps(group: list[_Line]) -> _Findings:
    masks = [item.mask for _, item in group]
    for pair in np.argwhere(np.triu(overlaps(masks, masks), 1) > 0).tolist():
        (number, item), (other_number, other) = (group[index] for index in pair)
        yield (
            "overlap",
            f"the masks of tracks {item.track_id} (line {number}) and {other.track_id} (line "
            f"{other_number}) overlap. Give each pixel to one object.",
        )


def _compare_sizes(text: Path, sequence: VideoSequence, line: _Line) -> Iterator[Problem]:
    frame = sequence.frame_paths[0]
    try:
        height, width = read_image(frame).shape[:2]
    except VideoError:
        return  # told by the check of the frames
    if _size(line) != (height, width):
        message = (
            f"{text} has masks of {_size(line)[0]}x{_size(line)[1]}, but {frame} is {height}x{width} "
            "(height x width). Resize one of them."
        )
        yield Problem("size", sequence.name, frame.stem, message, fatal=True)
