"""The values of ``--mask``: files, files for a later frame, and folders."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segue.errors import MaskError, NotFoundError
from segue.media.images import list_images
from segue.media.masks import MaskReader
from segue.types import Labels


@dataclass(frozen=True, slots=True)
class GivenMasks:
    """All masks that the user gave, with one table of ids."""

    by_frame: Mapping[int, Labels]
    """Labels by frame index, in order, at the size they have in their files."""
    sources: Mapping[int, str]
    """What each object was in the first file that holds it, see ``MaskImage``."""
    paths: Mapping[int, Path]
    """File or folder of each frame's mask, for messages and the record of the run."""
    doubts: tuple[str, ...] = ()
    """What was understood or fitted and may be wrong, one sentence each, to be read before the work."""


def read_masks(specs: Sequence[str], frame_names: Sequence[str] | None = None) -> GivenMasks:
    """The masks that ``--mask`` values stand for.

    A value is a file or a folder, for frame 0, or ``37=FILE`` for the frame with index 37. A
    folder whose files are named like frames (``00037.png``) gives masks for those frames; any
    other holds one file per object of one frame. All masks are held in memory.

    Args:
        specs: Values as given.
        frame_names: ``Video.frame_names``; None where frames are named by index (``00037``).

    Raises:
        NotFoundError: No such file or folder.
        MaskError: A file that is no usable mask, two masks for one frame, an unknown frame.
    """
    paths: dict[int, Path] = {}
    for spec in specs:
        for index, path in _places(spec, frame_names):
            if index in paths:
                raise MaskError(
                    f"Two masks for frame {index}: {paths[index]} and {path}. Give one, or a "
                    "folder with one file per object."
                )
            paths[index] = path
    if not paths:
        raise MaskError("No mask given. Pass --mask FILE with the objects of the first frame.")
    reader = MaskReader()
    ordered = {index: paths[index] for index in sorted(paths)}
    by_frame = {
        index: (reader.read_objects(path) if path.is_dir() else reader.read(path)).labels
        for index, path in ordered.items()
    }
    return GivenMasks(by_frame, reader.sources, ordered)


def _places(spec: str, names: Sequence[str] | None) -> list[tuple[int, Path]]:
    """Frame index and path of every mask that one value stands for."""
    place, equals, rest = spec.partition("=")
    if equals and not Path(spec).exists():
        path = _existing(Path(rest), spec)
        return [(_index(place, names, spec), path)]
    path = _existing(Path(spec), spec)
    if path.is_dir() and (frames := _frame_files(path, names)):
        return frames
    return [(0, path)]


def _existing(path: Path, spec: str) -> Path:
    if not path.exists():
        raise NotFoundError(f"No mask file or folder {path} (from --mask {spec}).")
    return path


def _index(place: str, names: Sequence[str] | None, spec: str) -> int:
    if place.isdecimal():
        index = int(place)
    elif names is not None and place in names:
        index = list(names).index(place)
    else:
        raise MaskError(f"--mask {spec}: expected a frame index before '=', got {place!r}.")
    if names is not None and index >= len(names):
        raise MaskError(f"--mask {spec}: the video has frames 0 to {len(names) - 1} only.")
    return index


def _frame_files(folder: Path, names: Sequence[str] | None) -> list[tuple[int, Path]]:
    """Files named like frames with their indices; none if no file is named so."""
    known = None if names is None else {name: index for index, name in enumerate(names)}
    files = list_images(folder)
    found = [(_named_index(path.stem, known), path) for path in files]
    named = [(index, path) for index, path in found if index is not None]
    if named and len(named) < len(files):
        odd = next(path for index, path in found if index is None)
        raise MaskError(
            f"{folder}: {named[0][1].name} is named like a frame, {odd.name} is not. Name all "
            "masks like frames, or none (one file per object)."
        )
    return named


def _named_index(stem: str, known: Mapping[str, int] | None) -> int | None:
    if known is not None:
        return known.get(stem)
    return int(stem) if re.fullmatch(r"\d{5}|[1-9]\d{5,}", stem) else None
