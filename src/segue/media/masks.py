"""Mask files as people have them, read into labels with one table of ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from segue.errors import MaskError, NotFoundError
from segue.media.images import list_images
from segue.media.mask_values import MaskValues, ObjectValue, read_values
from segue.media.palette import palette, write_mask
from segue.media.resize import ResizedLabels, resize_labels
from segue.types import BACKGROUND, MAX_OBJECTS, VOID, Labels

__all__ = [
    "MaskImage",
    "MaskReader",
    "check_masks",
    "fit_mask",
    "object_ids",
    "palette",
    "read_mask",
    "read_object_masks",
    "write_mask",
]


@dataclass(frozen=True, slots=True)
class MaskImage:
    """Labels of one frame and where each object came from."""

    labels: Labels
    """Object id per pixel: 0 background, 1..254 objects, 255 void."""
    sources: Mapping[int, str] = field(default_factory=dict)
    """What each object was in the file: ``id 1000``, ``#ff0000``, ``person.png``."""


class MaskReader:
    """Reads mask files so that an object has the same id in all of them.

    Accepted: palette PNG (indices, 255 void), grey ids, 0/1 and 0/255 in 1, 8 or 16 bits, one
    colour per object on black (the DAVIS palette keeps its indices), transparent backgrounds,
    16-bit ids (renumbered from 1 if one exceeds 254), black-and-white JPEG, and folders with one
    file per object.
    """

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._sources: dict[int, str] = {}

    @property
    def sources(self) -> dict[int, str]:
        """What every object read so far was in the first file that held it."""
        return dict(sorted(self._sources.items()))

    def read(self, path: Path) -> MaskImage:
        """The labels of one mask file.

        Raises:
            NotFoundError: No such file.
            MaskError: Damaged, ambiguous, without object, or with more than 254.
        """
        if not path.is_file():
            raise NotFoundError(f"No mask file {path}.")
        found = read_values(path)
        if not found.objects:
            raise MaskError(
                f"{path} holds no object: every pixel is background or void. "
                "Give a mask in which the object's pixels are not 0."
            )
        labels = np.zeros(found.values.shape, np.uint8)
        if found.void is not None:
            labels[found.values == found.void] = VOID
        for item in found.objects:
            labels[found.values == item.value] = self._id(item, path)
        return self._image(labels)

    def read_objects(self, folder: Path) -> MaskImage:
        """The labels of a folder with one file per object, ids by natural order of the names.

        Where two objects overlap, the later one wins.

        Raises:
            NotFoundError: No such folder.
            MaskError: No images, sizes that differ, or a file without object or with several.
        """
        if not folder.is_dir():
            raise NotFoundError(f"No folder {folder} with masks.")
        paths = list_images(folder)
        if not paths:
            raise MaskError(f"{folder} holds no mask images. Give PNG files, one per object.")
        labels: Labels | None = None
        for path in paths:
            mask = _single_object(read_values(path), path)
            if labels is None:
                labels = np.zeros(mask.shape, np.uint8)
            if mask.shape != labels.shape:
                raise MaskError(
                    f"Masks of one frame need one size: {paths[0]} is {_size(labels.shape)}, "
                    f"{path} is {_size(mask.shape)} (width x height)."
                )
            named = ObjectValue(1, f"file {path.stem}", path.name, None)
            labels[mask] = self._id(named, path)
        assert labels is not None
        return self._image(labels)

    def _image(self, labels: Labels) -> MaskImage:
        return MaskImage(labels, {n: self._sources[n] for n in object_ids(labels)})

    def _id(self, item: ObjectValue, path: Path) -> int:
        if item.key in self._ids:
            return self._ids[item.key]
        wanted = item.wanted_id
        if wanted is None or wanted in self._sources:
            free = (n for n in range(1, MAX_OBJECTS + 1) if n not in self._sources)
            wanted = next(free, None)
        if wanted is None:
            raise MaskError(
                f"{path} brings the masks to more than {MAX_OBJECTS} objects, the most that fit "
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


def fit_mask(labels: Labels, size_hw: tuple[int, int], fit: bool = False) -> ResizedLabels:
    """Labels of a frame's size; resized by nearest neighbour only if ``fit``.

    Raises:
        MaskError: Another size and not ``fit``, or an object that vanishes in the resizing.
    """
    if labels.shape == size_hw:
        return labels
    if not fit:
        raise MaskError(
            f"The mask is {_size(labels.shape)}, the frame {_size(size_hw)} (width x height). "
            "Give a mask of the frame's size, or pass --fit-mask to resize it."
        )
    fitted = resize_labels(labels, size_hw)
    lost = sorted(set(object_ids(labels)) - set(object_ids(fitted)))
    if lost:
        raise MaskError(
            f"Object {lost[0]} is too small: it vanishes when the mask is resized from "
            f"{_size(labels.shape)} to {_size(size_hw)}. Draw it larger or leave it out."
        )
    return fitted


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
                f"of frame {index}. Add it there, or pass --partial-masks to have the objects "
                "that a later mask leaves out predicted as usual."
            )
        last_seen.update(dict.fromkeys(present, index))


def _single_object(found: MaskValues, path: Path) -> np.ndarray:
    if len(found.objects) != 1:
        raise MaskError(
            f"{path} holds {len(found.objects)} objects; in a folder with one file per object it "
            "must hold one. If the files are masks of frames, name them like the frames "
            "(00000.png, 00001.png, ... for a video file)."
        )
    mask: np.ndarray = found.values == found.objects[0].value
    return mask


def _size(size_hw: tuple[int, ...]) -> str:
    return f"{size_hw[1]}x{size_hw[0]}"
