"""Masks named by text: files, files for a later frame or for one object, and folders."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from segue.errors import MaskError, NotFoundError
from segue.media.frames import index_name
from segue.media.mask_files import folder_values, list_masks, read_values
from segue.media.mask_given import GivenMasks, MaskItem, collect
from segue.media.mask_place import MaskPlace, parse_place

__all__ = ["GivenMasks", "items_of_path", "mask_items", "read_masks"]

_PHOTOS = frozenset({".jpg", ".jpeg"})


def read_masks(
    specs: str | Path | Sequence[str | Path],
    frame_names: Sequence[str] | None = None,
    first_frame: int = 0,
) -> GivenMasks:
    """The masks that some texts stand for.

    A text is a file or a folder, for the first frame; ``37=FILE`` is for the frame with index 37, ``00037=FILE`` for
    the frame of that name where frames have names, and ``37:2=FILE`` says that its object is object 2. A folder whose
    files are named like frames (``00037.png``) gives masks for those frames; any other holds one file per object of
    one frame.
    All masks are held in memory.

    Args:
        specs: One text or path, or several.
        frame_names: ``Video.frame_names``; None where frames are named by index (``00037``).
        first_frame: Index of the frame that masks without a frame are for.

    Raises:
        NotFoundError: No such file or folder.
        MaskError: A file that is no usable mask, two masks of one object on a frame, an unknown frame, or a later mask
            of which it cannot be decided which object it holds.
    """
    listed = [specs] if isinstance(specs, str | Path) else list(specs)
    doubts: list[str] = []
    items: list[MaskItem] = []
    for spec in listed:
        items += mask_items(str(spec), frame_names, first_frame, doubts)
    if not items:
        raise MaskError(
            "No mask given. Give one with the objects of the first frame.",
            option="Pass --mask FILE.",
        )
    return collect(items, doubts)


def items_of_path(path: Path, place: MaskPlace) -> list[MaskItem]:
    """The mask of one file or folder of objects, not yet read.

    Args:
        path: Of a file or folder that exists.
        place: The frame and the object that it is for.

    Raises:
        MaskError: A folder of photos.
    """
    if path.is_dir():
        _refuse_photos(path)
    load = partial(folder_values if path.is_dir() else read_values, path)
    return [MaskItem(place.frame, str(path), load, place.object_id, path=path)]


def _frame_items(path: Path, names: Sequence[str] | None) -> list[MaskItem]:
    """The masks of a folder whose files are named like frames; none for other folders and for files."""
    if not path.is_dir():
        return []
    _refuse_photos(path)
    return [
        MaskItem(index, str(file), partial(read_values, file), is_of_set=True, path=file)
        for index, file in _frame_files(path, names)
    ]


def mask_items(
    spec: str, names: Sequence[str] | None, first_frame: int, doubts: list[str]
) -> list[MaskItem]:
    """Every mask that one text stands for, not yet read.

    Args:
        spec: The text, as in ``read_masks``.
        names: Of the frames; None where frames are named by index.
        first_frame: Index of the frame that masks without a frame are for.
        doubts: Gets what is doubtful.

    Raises:
        NotFoundError: No such file or folder.
        MaskError: An unknown frame, or a folder of photos.
    """
    text, equals, rest = spec.partition("=")
    if not equals or Path(spec).exists():
        path = _existing(Path(spec), spec)
        of_frames = _frame_items(path, names)
        if not of_frames and path.is_dir():
            doubts.extend(_nearly_frames(path, names, first_frame))
        return of_frames or items_of_path(path, MaskPlace(first_frame))
    path = _existing(Path(rest), spec)
    place = parse_place(text, names, spec)
    doubts.extend(place.doubts)
    return items_of_path(path, place)


def _existing(path: Path, spec: str) -> Path:
    if not path.exists():
        raise NotFoundError(f"No mask file or folder {path} (from the mask {spec}).")
    return path


def _refuse_photos(folder: Path) -> None:
    """Refuse a folder of frames where one of masks is expected."""
    files = list_masks(folder)
    photos = [path for path in files if path.suffix.lower() in _PHOTOS]
    if not photos:
        return
    try:
        read_values(photos[0])
    except MaskError:
        others = len(files) - len(photos)
        beside = f" beside {others} other files" if others else ""
        raise MaskError(
            f"{folder} holds {len(photos)} JPEG photos{beside}, such as {photos[0].name}: these look like frames, not "
            "like masks. Give a folder that holds masks only (in DAVIS, one below Annotations)."
        ) from None


def _frame_files(folder: Path, names: Sequence[str] | None) -> list[tuple[int, Path]]:
    """Files named like frames with their indices; none if no file is named so."""
    known = None if names is None else {name: index for index, name in enumerate(names)}
    files = list_masks(folder)
    found = [(_named_index(path.stem, known), path) for path in files]
    named = [(index, path) for index, path in found if index is not None]
    if named and len(named) < len(files):
        odd = next(path for index, path in found if index is None)
        raise MaskError(
            f"{folder}: {named[0][1].name} is named like a frame, {odd.name} is not. Name all "
            "masks like frames, or none (one file per object)."
        )
    return named


def _nearly_frames(folder: Path, names: Sequence[str] | None, first_frame: int) -> list[str]:
    """A doubt about a folder of objects whose files have padded numbers, as frames have: 0007.png, frame_0007.png."""
    odd = next((f.name for f in list_masks(folder) if re.search(r"0\d\d$|\d{4}$", f.stem)), None)
    if odd is None:
        return []
    named = names[first_frame] if names else index_name(first_frame)
    return [
        f"{folder}: each file is read as an object of frame {named}. Is {odd} the mask of another frame? Then name the "
        f"files like the frames, such as {named}.png"
    ]


def _named_index(stem: str, known: Mapping[str, int] | None) -> int | None:
    if known is not None:
        return known.get(stem)
    return int(stem) if re.fullmatch(r"\d{5}|[1-9]\d{5,}", stem) else None
