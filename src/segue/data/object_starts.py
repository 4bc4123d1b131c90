"""Which objects a one-shot model is given, and on which frames: each on the first one that shows it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from segue.data.object_footage import MaskKind, ObjectFootage
from segue.data.sample import VideoSequence
from segue.errors import InputError
from segue.types import BACKGROUND, VOID, Labels


@dataclass(frozen=True, slots=True)
class ObjectStarts:
    """What is told of a sequence."""

    by_frame: Mapping[int, Labels]
    """By index of the frame, in order: the objects that appear there, as numbers; nothing else."""
    ids: Mapping[int, int]
    """The id that the data set has for each number."""


def object_starts(
    sequence: VideoSequence, kind: MaskKind, *, classes: Collection[int] | None = None
) -> ObjectStarts:
    """The objects of a sequence, numbered from 1 in the order in which they appear.

    Objects of the same frame are in the order of their ids, as in RVOS-MOTS. Ignore regions are no objects.

    Args:
        sequence: With frames and masks.
        kind: What its masks hold.
        classes: Of tracks: the numbers of the classes to follow; ``None``: all.

    Raises:
        InputError: The sequence has no frames or no masks, or shows more objects than labels can tell apart.
        MaskError: A mask that cannot be read.
    """
    footage = ObjectFootage([sequence], kind, classes=classes)
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
    return ObjectStarts(by_frame, {number: i for i, number in numbers.items()})
