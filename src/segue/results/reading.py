"""Results from somebody else's files: frames with masks become records and label maps."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt16

from segue.errors import FormatError, MaskError, SegueError
from segue.media.frames import DEFAULT_FRAME_RATE
from segue.media.mask_values import size_text
from segue.results.describe import measured
from segue.results.records import FrameRecord, ObjectRecord
from segue.results.results import Results
from segue.types import BACKGROUND, MAX_OBJECTS, VOID, Labels, Mask, ObjectScore

_MAX_PIXELS = 2**28
_EXACT = 1_000_000
"""Times on file are decimal numbers; the fractions that they stand for have no larger denominators."""


@dataclass(frozen=True, slots=True)
class FrameOnFile:
    """One frame as a file has it."""

    index: int
    name: str
    draw: Callable[[], Labels]
    """Its label map; asked for again whenever the labels are."""
    time: Fraction | None = None
    """Where the file says."""
    confidences: Mapping[int, float] = field(default_factory=dict)
    """By object id, where the file says."""


def read_frames(
    name: str,
    size_hw: tuple[int, int],
    frames: Sequence[FrameOnFile],
    *,
    frame_rate: Fraction | None = None,
    sources: Mapping[int, str] | None = None,
    categories: Mapping[int, str] | None = None,
    classes: tuple[str, ...] | None = None,
) -> Results:
    """Results that frames on file stand for. Each is drawn once now, so that damage is found.

    Args:
        name: Of the video.
        size_hw: Of every label map.
        frames: In any order.
        frame_rate: Where the file says; else times are those of 25 frames per second.
        sources: In words, where each object id came from.
        categories: By object id.
        classes: Names by class number where labels are classes.

    Raises:
        FormatError: Two frames with one number, or a mask that cannot be drawn.
    """
    ordered = sorted(frames, key=lambda frame: frame.index)
    by_index = {frame.index: frame for frame in ordered}
    if len(by_index) < len(ordered):
        twice = next(a for a, b in pairwise(ordered) if a.index == b.index)
        raise FormatError(f"{name}: two frames have the number {twice.index}. Give each its own.")
    known: set[int] = set()
    records = []
    for frame in ordered:
        with damage_told():
            labels = frame.draw()
        if classes is None:
            known |= {number for number in present(labels) if number not in (BACKGROUND, VOID)}
        records.append(_record(frame, labels, known, frame_rate, categories or {}, classes))
    return Results(
        name=name,
        size_hw=size_hw,
        frame_rate=frame_rate,
        records=records,
        labels=lambda record: by_index[record.index].draw(),
        sources=sources or {},
        classes=classes,
    )


def present(
    labels: Labels | UInt16[np.ndarray, "height width"],
) -> list[int]:
    """The values of a label map, ascending."""
    found: list[int] = np.flatnonzero(np.bincount(labels.ravel(), minlength=1)).tolist()
    return found


def _record(
    frame: FrameOnFile,
    labels: Labels,
    known: Iterable[int],
    frame_rate: Fraction | None,
    categories: Mapping[int, str],
    classes: Sequence[str] | None,
) -> FrameRecord:
    time = frame.time
    if time is None:
        time = frame.index / (frame_rate or DEFAULT_FRAME_RATE)
    if classes is None:
        objects = {
            n: measured(mask, _score(mask, frame.confidences.get(n, 1.0), categories.get(n)))
            for n, mask in ((n, labels == n) for n in sorted(known))
        }
    else:
        areas = np.bincount(labels.ravel(), minlength=len(classes)).tolist()
        objects = {
            n: ObjectRecord(frame.confidences.get(n, 1.0), not areas[n], areas[n])
            for n in range(len(classes))
        }
    return FrameRecord(frame.index, frame.name, time, objects)


def _score(mask: Mask, confidence: float, category: str | None) -> ObjectScore:
    return ObjectScore(confidence, absent=not mask.any(), category=category)


def paint_masks(
    size_hw: tuple[int, int],
    masks: Iterable[tuple[int, Mask]],
    name: str,
    empty: int = BACKGROUND,
) -> Labels:
    """A label map of masks; where two overlap, the later one wins.

    Args:
        size_hw: Of the map.
        masks: The value for the pixels of each mask.
        name: What an error calls the frame.
        empty: The value of pixels without a mask.

    Raises:
        FormatError: A mask of another size.
    """
    labels: Labels = np.full(size_hw, empty, np.uint8)
    for number, mask in masks:
        if mask.shape != size_hw:
            raise FormatError(
                f"{name} has a mask of {size_text(mask.shape)}, expected {size_text(size_hw)} (width x height). "
                "All masks of a video need one size."
            )
        labels[mask] = number
    return labels


def numbered(wanted: Iterable[int], name: str) -> dict[int, int]:
    """An object id for each id of a file: the same where all of them fit into 1 to 254, else 1, 2, ... in their order.

    Raises:
        FormatError: There are more than 254.
    """
    ids = sorted(set(wanted))
    if len(ids) > MAX_OBJECTS:
        raise FormatError(
            f"{name} holds {len(ids)} objects, and a video can have {MAX_OBJECTS}. Split the file."
        )
    if not ids or (ids[0] >= 1 and ids[-1] <= MAX_OBJECTS):
        return {number: number for number in ids}
    return {number: place for place, number in enumerate(ids, 1)}


def numbers_of_names(names: Sequence[str]) -> list[int]:
    """The number of each frame: what its name ends with where that tells all of them apart, else its place."""
    ends = [_ending(name) for name in names]
    found = [number for number in ends if number is not None]
    if len(found) == len(names) and len(set(found)) == len(names):
        return found
    return list(range(len(names)))


def _ending(name: str) -> int | None:
    digits = name[len(name.rstrip("0123456789")) :]
    return int(digits) if 0 < len(digits) < 10 else None


def said_time(value: Any) -> Fraction | None:
    """The time that a file gives as a decimal number of seconds; None where the value is no number."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return Fraction(value).limit_denominator(_EXACT)


def known_size(
    size_hw: tuple[int, int] | None, said: tuple[int, int] | None, path: Path
) -> tuple[int, int]:
    """The size of the video from what a file and a caller say.

    Raises:
        FormatError: Neither says, they disagree, or no video has that size.
    """
    if said is None and size_hw is None:
        raise FormatError(
            f"{path} does not say how large the frames are. Give the size of the video.",
            option="Pass --size WIDTHxHEIGHT or --video FILE.",
        )
    if said is not None and size_hw is not None and said != size_hw:
        raise FormatError(
            f"{path} is about frames of {size_text(said)}, but the video has {size_text(size_hw)} (width x height). "
            "Give the video that the file is about."
        )
    size = said or size_hw
    assert size is not None
    if not (min(size) > 0 and size[0] * size[1] <= _MAX_PIXELS):
        raise FormatError(f"{path} is about frames of {size_text(size)}, which is no size.")
    return size


@contextmanager
def damage_told() -> Iterator[None]:
    """Turns errors about masks into errors about the format, with the same sentence."""
    try:
        yield
    except MaskError as error:
        raise FormatError(str(error), option=error.option) from None


@contextmanager
def odd_values_told(path: Path) -> Iterator[None]:
    """Turns errors over values that are missing or of another kind into one about the file.

    Files of others may hold anything anywhere, so readers do not ask for the kind of each value.
    """
    try:
        yield
    except SegueError:
        raise
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        raise FormatError(
            f"{path} lacks a value, or holds one of another kind than expected ({error!r}). Write it again."
        ) from None
