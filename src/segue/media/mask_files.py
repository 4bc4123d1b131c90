"""Mask files of every kind, read into values with their meaning: a table of readers by suffix."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from segue.errors import MaskError, NotFoundError, SegueError
from segue.media.container import FileVideo
from segue.media.images import IMAGE_SUFFIXES, is_image, load_image, natural_key
from segue.media.mask_arrays import array_values, merge_objects
from segue.media.mask_json import read_json
from segue.media.mask_numpy import read_npy, read_npz
from segue.media.mask_pictures import picture_values
from segue.media.mask_values import MaskValues, size_text
from segue.media.stills import read_header
from segue.types import Mask

_READERS: dict[str, Callable[[Path], MaskValues]] = {
    ".json": read_json,
    ".npy": read_npy,
    ".npz": read_npz,
}
"""Suffixes of masks that are no pictures. To add one: a file with its reader, and a line here."""

MASK_SUFFIXES = IMAGE_SUFFIXES | _READERS.keys()


def read_values(path: Path) -> MaskValues:
    """The values of a mask file with their meaning.

    Raises:
        MaskError: The file is no mask, damaged, or ambiguous; the message names it.
    """
    reader = _READERS.get(path.suffix.lower(), _read_picture)
    return reader(path)


def list_masks(folder: Path) -> list[Path]:
    """Mask files of a folder in natural order; hidden files and the pictures that labelme files are about left out."""
    others = [path for path in folder.iterdir() if _is_other_mask(path)]
    stems = {path.stem for path in others}
    found = [path for path in folder.iterdir() if is_image(path) and path.stem not in stems]
    return sorted([*found, *others], key=lambda path: natural_key(path.stem))


def folder_values(folder: Path) -> MaskValues:
    """The objects of a folder with one file per object; where two overlap, the later one wins.

    Raises:
        NotFoundError: No such folder.
        MaskError: No masks, sizes that differ, a file without object or with several, or one object twice.
    """
    if not folder.is_dir():
        raise NotFoundError(f"No folder {folder} with masks.")
    paths = list_masks(folder)
    if not paths:
        raise MaskError(f"{folder} holds no mask images. Give PNG files, one per object.")
    masks: dict[str, Mask] = {}
    doubts: list[str] = []
    for path in paths:
        found = read_values(path)
        masks[path.name] = _single_object(found, path)
        doubts += [f"{path.name}: {doubt}" for doubt in found.doubts]
        size, first = masks[path.name].shape, masks[paths[0].name].shape
        if size != first:
            raise MaskError(
                f"Masks of one frame need one size: {paths[0]} is {size_text(first)}, "
                f"{path} is {size_text(size)} (width x height)."
            )
    merged = merge_objects(masks, str(folder))
    return replace(merged, doubts=(*doubts, *merged.doubts))


def is_film(path: Path) -> bool:
    """True for a file that is no mask, but a video that can be opened."""
    if path.suffix.lower() in MASK_SUFFIXES or not path.is_file():
        return False
    try:
        FileVideo(path)
    except SegueError:
        return False
    return True


def _single_object(found: MaskValues, path: Path) -> Mask:
    if len(found.objects) != 1:
        raise MaskError(
            f"{path} holds {len(found.objects)} objects; in a folder with one file per object it "
            "must hold one. If the files are masks of frames, name them like the frames "
            "(00000.png, 00001.png, ... for a video file)."
        )
    mask: Mask = found.values == found.objects[0].value
    return mask


def _is_other_mask(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return path.suffix.lower() in _READERS and not hidden and path.is_file()


def _read_picture(path: Path) -> MaskValues:
    try:
        image, format_name = load_image(path)
    except OSError as error:
        if is_film(path):
            raise MaskError(
                f"{path} is a video, expected a mask. The video comes first, then its masks: they may be swapped."
            ) from None
        raise MaskError(
            f"{path} is not a whole image ({error}). Save the mask again, as PNG, labelme or COCO JSON, npy or npz."
        ) from None
    header = read_header(path)
    if header is not None and header.pages > 1:
        raise MaskError(
            f"{path} holds {header.pages} pictures, expected one mask. Save each as a file of its own."
        )
    if image.mode == "F":
        return array_values(np.asarray(image), str(path))
    return picture_values(image, str(path), format_name)
