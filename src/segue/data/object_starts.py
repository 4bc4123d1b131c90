"""Which objects a one-shot model is given, and on which frames: each on the first one that shows it.

The only place that knows. ``segue track --layout``, studies and training all ask here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from segue.data.layout import MaskKind
from segue.data.object_footage import ObjectFootage
from segue.data.sample import VideoSequence
from segue.errors import InputError, NotFoundError
from segue.media.masks import MaskReader
from segue.types import BACKGROUND, VOID, Labels


@dataclass(frozen=True, slots=True)
class ObjectStarts:
    """What is told of a sequence."""

    by_frame: Mapping[int, Labels]
    """By index of the frame, in order: the objects that start there, as numbers, and void."""
    ids: Mapping[int, int]
    """The id that the data set has for each number."""
    sources: Mapping[int, str] = field(default_factory=dict)
    """What each number is in the data set, for people: ``id 1``, ``track 1002``."""
    paths: Mapping[int, Path] = field(default_factory=dict)
    """By index of the frame: the file that says so."""


def object_starts(
    sequence: VideoSequence, kind: MaskKind, *, classes: Collection[int] | None = None
) -> ObjectStarts:
    """The objects of a sequence where they start.

    Tracks are numbered from 1 in the order in which they appear, those of one frame in the order of their ids, as in
    RVOS-MOTS; ignore regions are no objects. Other objects keep their ids. Such objects start in the first frame,
    unless the layout has metadata of objects.

    Args:
        sequence: With frames and masks.
        kind: What its masks hold.
        classes: Of tracks: the numbers of the classes to follow; ``None``: all.

    Raises:
        NotFoundError: A frame on which objects start has no mask.
        InputError: No frame has a mask, or tracks are more than labels can tell apart.
        MaskError: A mask that cannot be read, or that holds no object.
    """
    if kind == "tracks":
        return _track_starts(sequence, classes)
    reader = MaskReader()
    by_frame, paths = {}, {}
    for index, ids in starting_ids(sequence).items():
        path = sequence.mask_paths[index]
        if path is None:
            raise NotFoundError(
                f"Sequence {sequence.name!r} has no mask for its frame {sequence.frame_paths[index]}."
            )
        labels = reader.read(path).labels
        if kind == "foreground":
            labels = ((labels != BACKGROUND) & (labels != VOID)).astype(np.uint8)
        elif ids:
            labels = np.where(np.isin(labels, [*ids, VOID]), labels, np.uint8(BACKGROUND))
        by_frame[index], paths[index] = labels, path
    sources = {1: paths[0].name} if kind == "foreground" else reader.sources
    return ObjectStarts(by_frame, {i: i for i in sources}, sources, paths)


def starting_ids(sequence: VideoSequence) -> dict[int, tuple[int, ...]]:
    """Index of each frame on which objects start -> their ids; no ids where all in the mask start.

    Says what metadata says; that of tracks is in the masks alone, see ``object_starts``.
    """
    if not sequence.objects:
        return {0: ()}
    indices = {path.stem: index for index, path in enumerate(sequence.frame_paths)}
    starts: dict[int, tuple[int, ...]] = {}
    for item in sequence.objects:
        index = indices.get(item.start or "")
        if index is not None:
            starts[index] = (*starts.get(index, ()), item.object_id)
    return dict(sorted(starts.items()))


def _track_starts(sequence: VideoSequence, classes: Collection[int] | None) -> ObjectStarts:
    footage = ObjectFootage([sequence], "tracks", classes=classes)
    numbers: dict[int, int] = {}
    by_frame: dict[int, Labels] = {}
    for place in range(footage.length(0)):
        shown = footage.ids(0, place)
        new = [i for i in np.unique(shown).tolist() if i != BACKGROUND and i not in numbers]
        if not new:
            continue
        numbers |= {i: number for number, i in enumerate(new, start=len(numbers) + 1)}
        if len(numbers) >= VOID:
            raise InputError(
                f"Sequence {sequence.name!r} shows more than {VOID - 1} objects, which is as many as a model can "
                "follow at once. Follow fewer classes, or cut the sequence in two."
            )
        table = np.zeros(2**16, np.uint8)
        table[new] = [numbers[i] for i in new]
        by_frame[footage.index(0, place)] = table[shown]
    return ObjectStarts(
        by_frame,
        {number: i for i, number in numbers.items()},
        {number: f"track {i}" for i, number in numbers.items()},
        {index: _file_of(sequence, index) for index in by_frame},
    )


def _file_of(sequence: VideoSequence, index: int) -> Path:
    return sequence.tracks_path or sequence.mask_paths[index] or sequence.frame_paths[index]
