"""Mask files as people have them, read into labels with one table of ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from segue.errors import MaskError, NotFoundError
from segue.media.mask_files import folder_values, read_values
from segue.media.mask_values import MaskValues, ObjectValue
from segue.media.palette import palette, write_mask
from segue.types import BACKGROUND, MAX_OBJECTS, VOID, Labels

__all__ = [
    "MaskImage",
    "MaskReader",
    "check_masks",
    "object_ids",
    "palette",
    "read_mask",
    "read_object_masks",
    "write_mask",
]

_NAMED = 5
"""Renumbered objects that a doubt names."""
_RIM = 11
"""Void that holds a square of so many pixels a side is more than a rim (ours)."""
_BORDER = 0.75
"""An object that covers so much of the border of the frame may be the background (ours)."""


@dataclass(frozen=True, slots=True)
class MaskImage:
    """Labels of one frame and where each object came from."""

    labels: Labels
    """Object id per pixel: 0 background, 1..254 objects, 255 void."""
    sources: Mapping[int, str] = field(default_factory=dict)
    """What each object was in the file: ``id 1000``, ``#ff0000``, ``person.png``."""
    doubts: tuple[str, ...] = ()
    """What was understood and may be wrong, one sentence each."""


class MaskReader:
    """Reads masks so that an object has the same id in all of them.

    Accepted: palette PNG (indices, 255 void), grey ids, 0/1 and 0/255 in 1, 8 or 16 bits, one colour per object on
    black (the DAVIS palette keeps its indices), transparent backgrounds, 16-bit ids (renumbered from 1 if one exceeds
    254), black-and-white JPEG, labelme and COCO JSON, npy and npz, and folders with one file per object.
    """

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._sources: dict[int, str] = {}

    @property
    def sources(self) -> dict[int, str]:
        """What every object read so far was in the first mask that held it."""
        return dict(sorted(self._sources.items()))

    def read(self, path: Path) -> MaskImage:
        """The labels of one mask file.

        Raises:
            NotFoundError: No such file.
            MaskError: Damaged, ambiguous, without object, or with more than 254.
        """
        if not path.is_file():
            raise NotFoundError(f"No mask file {path}.")
        return self.label(read_values(path), str(path))

    def label(self, found: MaskValues, name: str, object_id: int | None = None) -> MaskImage:
        """The labels of a mask in memory.

        Args:
            found: Its values with their meaning.
            name: What messages call the mask.
            object_id: The id of its only object; ``None`` to follow what the mask says.

        Raises:
            MaskError: Without object, with more than 254, or with several where ``object_id`` names one.
        """
        if not found.objects:
            raise MaskError(
                f"{name} holds no object: every pixel is background or void. "
                "Give a mask in which the object's pixels are not 0."
            )
        if object_id is not None and len(found.objects) > 1:
            raise MaskError(
                f"{name} is given for object {object_id}, but holds {len(found.objects)} objects. "
                "Give one object per file, or leave the id out."
            )
        labels = np.zeros(found.values.shape, np.uint8)
        if found.void is not None:
            labels[found.values == found.void] = VOID
        renumbered = []
        for item in found.objects:
            number = object_id or self._id(item, name)
            self._sources.setdefault(number, item.source)
            labels[found.values == item.value] = number
            if object_id is None and item.key.startswith("id ") and item.key != f"id {number}":
                renumbered.append(f"{item.key} is object {number}")
        doubts = [f"{name}: {doubt}" for doubt in (*found.doubts, *_void_areas(labels))]
        if renumbered:
            more = f", and {len(renumbered) - _NAMED} more" if len(renumbered) > _NAMED else ""
            doubts.append(f"{name}: {', '.join(renumbered[:_NAMED])}{more}")
        return self._image(labels, [*doubts, *_covering_border(labels, name)])

    def read_objects(self, folder: Path) -> MaskImage:
        """The labels of a folder with one file per object, ids by natural order of the names.

        Where two objects overlap, the later one wins.

        Raises:
            NotFoundError: No such folder.
            MaskError: No masks, sizes that differ, or a file without object or with several.
        """
        return self.label(folder_values(folder), str(folder))

    def _image(self, labels: Labels, doubts: list[str]) -> MaskImage:
        return MaskImage(labels, {n: self._sources[n] for n in object_ids(labels)}, tuple(doubts))

    def _id(self, item: ObjectValue, name: str) -> int:
        if item.key in self._ids:
            return self._ids[item.key]
        wanted = item.wanted_id
        if wanted is None or wanted in self._sources:
            free = (n for n in range(1, MAX_OBJECTS + 1) if n not in self._sources)
            wanted = next(free, None)
        if wanted is None:
            raise MaskError(
                f"{name} brings the masks to more than {MAX_OBJECTS} objects, the most that fit "
                "into an 8-bit mask. Leave some out or split the run."
            )
        self._ids[item.key] = wanted
        self._sources[wanted] = item.source
        return wanted


def read_mask(path: Path) -> MaskImage:
    """The labels of one mask file, see ``MaskReader.read``."""
    return MaskReader().read(path)


def read_object_masks(folder: Path) -> MaskImage:
    """The labels of a folder with one file per object, see ``MaskReader.read_objects``."""
    return MaskReader().read_objects(folder)


def object_ids(labels: Labels) -> list[int]:
    """Ids of the objects in labels, ascending, without background and void."""
    counts = np.bincount(labels.ravel(), minlength=256)
    return [int(n) for n in np.flatnonzero(counts) if n not in (BACKGROUND, VOID)]


def check_masks(by_frame: Mapping[int, Labels], partial: bool = False) -> None:
    """Refuse masks that drop an object which an earlier mask has.

    Without ``partial`` a later mask is the whole truth of its frame, and a missing object is more
    likely forgotten than gone. With it, objects left out are predicted as usual.

    Args:
        by_frame: Labels by frame index.
        partial: Accept later masks that leave objects out.

    Raises:
        MaskError: An object vanishes; the message names it and both frames.
    """
    if partial:
        return
    last_seen: dict[int, int] = {}
    for index in sorted(by_frame):
        present = object_ids(by_frame[index])
        for missing in sorted(set(last_seen) - set(present)):
            raise MaskError(
                f"Object {missing} is in the mask of frame {last_seen[missing]} but not in that "
                f"of frame {index}. Add it there, or allow partial masks: then the objects that a later mask leaves "
                "out are predicted as usual.",
                option="Pass --partial-masks to allow them.",
            )
        last_seen.update(dict.fromkeys(present, index))


def _void_areas(labels: Labels) -> list[str]:
    """A doubt about void that is more than a rim between objects: a white object beside ids looks so."""
    void = (labels == VOID).astype(np.uint8)
    if not cv2.erode(void, np.ones((_RIM, _RIM), np.uint8), borderValue=0).any():
        return []
    share = 100 * float(void.mean())
    return [
        f"the value 255 ({share:.1f} % of the frame) is void beside ids, not an object. Give an object another value"
    ]


def _covering_border(labels: Labels, name: str) -> list[str]:
    """A doubt about an object that covers nearly the whole border of the frame, as the background does."""
    border = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
    counts = np.bincount(border, minlength=256)
    number = int(counts.argmax())
    share = 100 * float((labels == number).mean())
    if number in (BACKGROUND, VOID) or counts[number] < _BORDER * border.size or share == 100:
        return []
    seen = f"{share:.1f} % of the frame, touches all four borders"
    if len(object_ids(labels)) == 1:
        return [f"{name}: 1 object, {seen}: is the mask inverted?"]
    return [f"{name}: object {number}, {seen}: is this the background? Give it the value 0."]
