"""Files of other programs at the doors of the application: which format they are of, and as given masks."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from segue.errors import FormatError, MaskError, NotFoundError, SettingsError
from segue.media.frames import Video
from segue.media.mask_args import mask_items
from segue.media.mask_files import folder_values, list_masks, read_values
from segue.media.mask_given import GivenMasks, MaskItem, collect
from segue.media.mask_place import parse_place
from segue.media.mask_values import MaskValues, ObjectValue
from segue.results.formats.catalog import FORMATS, find_format
from segue.results.records import FrameRecord
from segue.results.results import Readable, Results
from segue.types import VOID


def readable_formats() -> dict[str, Readable]:
    """The formats that can be read back, by name."""
    found = {name: _readable(name) for name in FORMATS}
    return {name: item for name, item in found.items() if item is not None}


def _readable(name: str) -> Readable | None:
    document = find_format(name)
    return document if isinstance(document, Readable) else None


def read_results(
    path: Path, name: str | None = None, size_hw: tuple[int, int] | None = None
) -> Results:
    """The results that a file or folder of any readable format holds.

    Args:
        path: File or folder.
        name: Of the format; found by a look where it is not given.
        size_hw: Height and width of the video, for formats that do not say.

    Raises:
        NotFoundError: No such file or folder.
        SettingsError: No format of that name, or one that cannot be read.
        FormatError: No format or several recognise the path, or as in ``Readable.read``.
    """
    if not path.exists():
        raise NotFoundError(f"No file or folder {path}.")
    readable = readable_formats()
    if name is not None:
        document = _readable(name)
        if document is None:
            raise SettingsError(
                f"The format {name} cannot be read. Choose from {', '.join(readable)}."
            )
        return document.read(path, size_hw)
    found = [known for known, item in readable.items() if item.recognises(path)]
    if len(found) != 1:
        what = f"may be {' or '.join(found)}" if found else "is of no format that can be read"
        raise FormatError(
            f"{path} {what}. Name its format: {', '.join(found or readable)}.",
            option="Pass --from NAME.",
        )
    return readable[found[0]].read(path, size_hw)


def masks_given(specs: Sequence[str], video: Video) -> GivenMasks:
    """The masks that some texts stand for, files of other programs included.

    As in ``read_masks``. A file or folder of a format that holds the masks of a whole video gives all of them, and
    ``37=FILE`` the one of frame 37; objects keep the ids that the format has for them. Frames are found by name where
    frames have names, else by number.

    Args:
        specs: The texts.
        video: That the masks are for.

    Raises:
        NotFoundError: No such file or folder.
        MaskError: As in ``read_masks``, or a frame of the file that the video does not have.
        FormatError: A damaged file, or one of a video of another size.
    """
    names, first = video.frame_names, video.indices.start
    doubts: list[str] = []
    items: list[MaskItem] = []
    for spec in specs:
        of_format = _format_items(spec, video)
        if of_format is None:
            items += mask_items(spec, names, first, doubts)
        else:
            items += of_format
    if not items:
        if specs:
            raise MaskError(f"{specs[0]} holds no object on any frame. Give masks with objects.")
        raise MaskError(
            "No mask given. Give one with the objects of the first frame.",
            option="Pass --mask FILE.",
        )
    return collect(items, doubts)


@dataclass(frozen=True)
class _Film:
    """Results from a file, as masks of a video."""

    path: Path
    results: Results
    video: Video

    @cached_property
    def frames(self) -> dict[int, FrameRecord]:
        """The records by the frame's number in the video."""
        names = self.video.frame_names
        if names is None:
            return {record.index: record for record in self.results.records}
        places = {name: index for index, name in enumerate(names)}
        if not any(record.name in places for record in self.results.records):
            return {record.index: record for record in self.results.records}
        # Part of the frames, or others besides: numbers would be off. Those without a place are told by their names.
        beyond = len(names)
        return {
            places.get(record.name, beyond + n): record
            for n, record in enumerate(self.results.records)
        }

    def item(self, index: int, record: FrameRecord, object_id: int | None = None) -> MaskItem:
        """One mask, not yet drawn."""
        name = f"{self.path}, frame {record.name}"
        load = partial(_values, self.results, record, object_id, name)
        return MaskItem(index, name, load, object_id, is_of_set=True, path=self.path)


def _format_items(spec: str, video: Video) -> list[MaskItem] | None:
    """The masks of a file of a format; None where the readers of single masks are asked."""
    text, equals, rest = spec.partition("=")
    whole = not equals or Path(spec).exists()
    path = Path(spec if whole else rest)
    document = _recognised(path)
    if document is None:
        return None
    results = _read(document, path, video)
    if results is None or _is_of_one_frame(path, results, video):
        return None
    place = None if whole else parse_place(text, video.frame_names, spec)
    film = _Film(path, results, video)
    if place is None:
        shown = {i: r for i, r in film.frames.items() if _has_object(r)}
        _refuse_beyond(shown, film)
        return [film.item(index, record) for index, record in shown.items()]
    if place.frame not in film.frames:
        raise MaskError(f"The mask {spec}: {path} has no frame {text}, only {_range(film)}.")
    return [film.item(place.frame, film.frames[place.frame], place.object_id)]


def _recognised(path: Path) -> Readable | None:
    """The format of a path, of those that are asked for masks."""
    if not path.exists():
        return None
    for name, entry in FORMATS.items():
        document = _readable(name) if entry.gives_masks else None
        if document is not None and document.recognises(path):
            return document
    return None


def _read(document: Readable, path: Path, video: Video) -> Results | None:
    """What a path holds, at its own size where it says one; None for a file that is a mask of one frame.

    Raises:
        FormatError: It is damaged.
    """
    try:
        return document.read(path)
    except FormatError:
        pass
    try:
        return document.read(path, video.size_hw)
    except FormatError:
        with suppress(MaskError):
            read_values(path) if path.is_file() else folder_values(path)
            return None
        raise


def _is_of_one_frame(path: Path, results: Results, video: Video) -> bool:
    """Whether a path is read as masks of one frame, as it always was: a single file, or a file per object."""
    if path.is_file():
        return len(results.records) < 2
    names = video.frame_names or ()
    named = all(r.name in names or re.fullmatch(r"\d{5,}", r.name) for r in results.records)
    return not named and bool(list_masks(path))


def _has_object(record: FrameRecord) -> bool:
    return any(not item.absent for item in record.objects.values())


def _refuse_beyond(frames: Iterable[int], film: _Film) -> None:
    names = film.video.frame_names
    odd = next((index for index in frames if names and index >= len(names)), None)
    if odd is not None:
        raise MaskError(
            f"{film.path} has a mask of frame {film.frames[odd].name}, and the video has no such frame; its frames "
            f"are {(names or ())[0]} to {(names or ())[-1]}. Give the masks of this video, or one frame of them."
        )


def _range(film: _Film) -> str:
    names = film.video.frame_names
    known = [index for index in film.frames if names is None or index < len(names)]
    return f"{min(known, default=0)} to {max(known, default=0)}"


def _values(results: Results, record: FrameRecord, object_id: int | None, name: str) -> MaskValues:
    """A label map with what its numbers mean."""
    if results.classes is not None:
        raise MaskError(f"{name} holds classes, expected objects. Give masks of objects.")
    labels = results.labels(record).astype(np.int32)
    present = [n for n, item in sorted(record.objects.items()) if not item.absent]
    if object_id is not None:
        # The only object may be meant by another number; of several the numbers tell.
        if object_id not in present and len(present) != 1:
            held = ", ".join(map(str, present)) or "none"
            raise MaskError(f"{name} has no object {object_id}. Objects there: {held}.")
        present = [object_id] if object_id in present else present
    objects = (ObjectValue(n, f"id {n}", _source(results.sources, n), n) for n in present)
    return MaskValues(labels, tuple(objects), VOID)


def _source(sources: Mapping[int, str], number: int) -> str:
    return sources.get(number, f"id {number}")
