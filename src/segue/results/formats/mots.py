"""MOTS: a line of text per object and frame, and a 16-bit PNG file of ids per frame; each holds everything.

Ids are ``class * 1000 + instance``. MOTS has two classes: an object that is a ``car`` is one, all others are
pedestrians. An object whose source is an id of MOTS keeps that id. Void becomes the ignore region (10000). Frames count
as their names do where all names are numbers, else as the video does, from 0.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import UInt16

from segue.data.mots_text import (
    CAR,
    IDS_PER_CLASS,
    IGNORE_REGION,
    MOTS_CLASSES,
    PEDESTRIAN,
    TrackedMask,
    draw_ids,
    read_mots,
)
from segue.data.object_results import write_tracks
from segue.errors import FormatError, MaskError, NotFoundError
from segue.files import replacing_folder
from segue.media.images import list_images
from segue.media.label_file import read_label_values
from segue.results.reading import (
    FrameOnFile,
    damage_told,
    known_size,
    numbered,
    numbers_of_names,
    present,
    read_frames,
)
from segue.results.results import Results, Written
from segue.results.subjects import Subjects
from segue.types import BACKGROUND, MAX_OBJECTS, VOID, Labels

_IGNORED = IGNORE_REGION * IDS_PER_CLASS
_TRACKED = (CAR, PEDESTRIAN)
_CLASSES = {"car": CAR, "pedestrian": PEDESTRIAN, "person": PEDESTRIAN}
"""Class of an object by what it is."""
_LOOKED_AT = 30
"""Pictures that are opened to recognise a folder."""


class Mots:
    """``mots/<video>.txt`` and ``mots/<video>/<frame>.png``, written and read."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        if results.classes is not None:
            raise FormatError(
                f"MOTS holds objects with an id each; {results.name} has classes. Choose another format, such as coco."
            )
        ids, guessed = _track_ids(results)
        folder = out / "mots"
        with replacing_folder(folder) as temporary:
            write_tracks(temporary, results.name, _frames(results, ids))
        pictures = sorted((folder / results.name).glob("*.png"))
        return Written((folder / f"{results.name}.txt", *pictures), doubts=_doubts(guessed))

    def recognises(self, path: Path) -> bool:
        """A file of MOTS text, a folder with one, or one of PNG files with ids of MOTS."""
        if path.is_file():
            return _is_text(path)
        return path.is_dir() and (any(map(_is_text, _texts(path))) or _has_ids(path))

    def read(self, path: Path, size_hw: tuple[int, int] | None = None) -> Results:
        """See ``Readable``; the PNG files of a folder are read where there are some, else the text."""
        with damage_told():
            source = _source(path)
            found = source.track_ids()
            size = known_size(size_hw, source.size_hw(), path)
        ids = _object_ids(found, path)
        table = np.full(2**16, BACKGROUND, np.uint8)
        table[list(ids)] = list(ids.values())
        table[_IGNORED] = VOID
        kinds = {ids[track]: MOTS_CLASSES.get(kind, "object") for track, kind in found.items()}
        return read_frames(
            source.name,
            size,
            [
                FrameOnFile(number, name, partial(_draw, source, number, size, table))
                for number, name in source.names.items()
            ],
            sources={n: f"{kinds[n]} (track {track})" for track, n in ids.items()},
            categories=kinds,
        )


def _doubts(guessed: list[int]) -> tuple[str, ...]:
    if not guessed:
        return ()
    objects = ", ".join(map(str, guessed))
    return (f"MOTS knows cars and pedestrians only; written as pedestrians: objects {objects}",)


def _track_ids(results: Results) -> tuple[dict[int, int], list[int]]:
    """The id that each object gets, and the objects whose class was guessed."""
    subjects = Subjects(results)
    numbers = subjects.numbers()
    said = {n: _said(results.sources.get(n, "")) for n in numbers}
    if all(said.values()) and len(set(said.values())) == len(said):
        return {n: track for n, track in said.items() if track}, []
    known = {n: subjects.category(n).lower() for n in numbers}
    classes = {n: _CLASSES.get(known[n], PEDESTRIAN) for n in numbers}
    guessed = [n for n in numbers if known[n] not in _CLASSES]
    return {n: classes[n] * IDS_PER_CLASS + n for n in numbers}, guessed


def _said(source: str) -> int | None:
    """The id of MOTS that an object had in the mask that it came from."""
    match = re.search(r"\b(?:id|track) ([12]\d{3})\b", source)
    return int(match[1]) if match else None


def _frames(
    results: Results, ids: Mapping[int, int]
) -> Iterator[tuple[int, str, UInt16[np.ndarray, "height width"]]]:
    table = np.zeros(VOID + 1, np.uint16)
    table[list(ids)] = list(ids.values())
    table[VOID] = _IGNORED
    by_name = all(r.name.isdecimal() and len(r.name) < 10 for r in results.records)
    for record in results.records:
        number = int(record.name) if by_name else record.index
        yield number, f"{number:06d}", table[results.labels(record)]


def _object_ids(tracks: Mapping[int, int], path: Path) -> dict[int, int]:
    """The object of each track: its instance where instances tell all apart, else as in ``numbered``."""
    instances = {track: track % IDS_PER_CLASS for track in tracks}
    values = set(instances.values())
    if len(values) == len(instances) and all(1 <= value <= MAX_OBJECTS for value in values):
        return instances
    return numbered(tracks, str(path))


@dataclass(frozen=True)
class _Text:
    """MOTS text."""

    name: str
    names: Mapping[int, str]
    """Of each frame, by its number."""
    masks: Mapping[int, tuple[TrackedMask, ...]]

    def track_ids(self) -> dict[int, int]:
        """Track -> class."""
        items = (item for found in self.masks.values() for item in found)
        return {i.track_id: i.class_id for i in items if i.class_id != IGNORE_REGION}

    def size_hw(self) -> tuple[int, int] | None:
        """Of the first mask."""
        return next(((m[0].mask.height, m[0].mask.width) for m in self.masks.values()), None)

    def tracks(self, number: int, size_hw: tuple[int, int]) -> np.ndarray:
        """The ids of a frame, ignore regions below the objects."""
        found = sorted(self.masks.get(number, ()), key=lambda item: item.class_id != IGNORE_REGION)
        ids = draw_ids((item for item in found if item.class_id != IGNORE_REGION), size_hw)
        ignored = draw_ids((item for item in found if item.class_id == IGNORE_REGION), size_hw)
        return np.where((ids == 0) & (ignored > 0), np.uint16(_IGNORED), ids)


@dataclass(frozen=True)
class _Pictures:
    """PNG files of ids."""

    name: str
    names: Mapping[int, str]
    paths: Mapping[int, Path]

    def track_ids(self) -> dict[int, int]:
        """Track -> class."""
        found = {
            value for path in self.paths.values() for value in present(read_label_values(path))
        }
        return {value: value // IDS_PER_CLASS for value in sorted(found - {0, _IGNORED})}

    def size_hw(self) -> tuple[int, int] | None:
        """Of the first picture."""
        height, width = read_label_values(next(iter(self.paths.values()))).shape
        return height, width

    def tracks(self, number: int, size_hw: tuple[int, int]) -> np.ndarray:
        """The ids of a frame."""
        values = read_label_values(self.paths[number])
        if values.shape != size_hw:
            raise FormatError(
                f"{self.paths[number]} has {values.shape[1]}x{values.shape[0]} pixels, expected "
                f"{size_hw[1]}x{size_hw[0]} (width x height) as the first. Make all pictures of one size."
            )
        return values


def _draw(
    source: _Text | _Pictures, number: int, size_hw: tuple[int, int], table: np.ndarray
) -> Labels:
    labels: Labels = table[source.tracks(number, size_hw)]
    return labels


def _source(path: Path) -> _Text | _Pictures:
    if path.is_file():
        return _text(path)
    # The text of a video without objects is empty, but its pictures lie beside.
    texts = [text for text in _texts(path) if _is_text(text) or text.with_suffix("").is_dir()]
    folders = [path, *(text.with_suffix("") for text in texts)]
    if len(texts) > 1:
        raise FormatError(
            f"{path} holds MOTS text of {len(texts)} videos, such as {texts[0].name}. Give one of them."
        )
    for folder in folders[::-1]:
        images = list_images(folder) if folder.is_dir() else []
        if images:
            numbers = numbers_of_names([image.stem for image in images])
            paths = dict(zip(numbers, images, strict=True))
            return _Pictures(folder.name, {n: p.stem for n, p in paths.items()}, paths)
    if not texts:
        raise FormatError(f"{path} holds neither MOTS text nor PNG files of ids.")
    return _text(texts[0])


def _text(path: Path) -> _Text:
    try:
        masks = read_mots(path)
    except (NotFoundError, MaskError) as error:
        raise FormatError(str(error)) from None
    odd = next((i for m in masks.values() for i in m if i.track_id >= 2**16), None)
    if odd is not None:
        raise FormatError(f"{path}: track {odd.track_id} is too large, expected ids below 65536.")
    frames = range(min(masks, default=0), max(masks, default=-1) + 1)
    return _Text(path.stem, {number: f"{number:06d}" for number in frames}, masks)


def _texts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.txt") if path.name[0] != ".")


def _is_text(path: Path) -> bool:
    """Whether the first line of a file is one of MOTS."""
    if path.suffix.lower() != ".txt":
        return False
    with path.open("rb") as file:
        words = next((line.split() for line in islice(file, 20) if line.strip()), [])
    if len(words) != 6 or not all(word.isdigit() for word in words[:5]):
        return False
    return int(words[2]) in MOTS_CLASSES


def _has_ids(folder: Path) -> bool:
    """Whether the first PNG file with objects holds ids of MOTS alone."""
    for path in islice(_pngs(folder), _LOOKED_AT):
        try:
            values = read_label_values(path)
        except MaskError:
            return False
        found = [value for value in present(values) if value] if values.dtype == np.uint16 else []
        if found or values.dtype != np.uint16:
            kinds = {value // IDS_PER_CLASS for value in found}
            return bool(found) and kinds <= {*_TRACKED, IGNORE_REGION}
    return False


def _pngs(folder: Path) -> Iterable[Path]:
    return (path for path in list_images(folder) if path.suffix.lower() == ".png")


MOTS = Mots()
