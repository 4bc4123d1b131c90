"""YOLO segmentation labels: a folder with a text file of polygons per frame, and ``data.yaml``.

Each object is a class of its own, so that it is the same one on all frames; results of classes keep their classes. A
line holds a class and one polygon, from 0 to 1 across the frame. An object in several parts has a line for each, which
other programs take for several things of one class. A hole is reached by a cut, see ``outlines``. Points lie at pixel
centres: programs that draw with OpenCV get the masks to the pixel; those that fill the area between the points lose
half a pixel along the edge.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from segue.errors import FormatError
from segue.files import replacing_folder
from segue.media.images import list_images, natural_key
from segue.media.polygons import drawn_polygon, outlines
from segue.media.stills import read_header
from segue.results.reading import (
    FrameOnFile,
    known_size,
    numbered,
    numbers_of_names,
    paint_masks,
    read_frames,
)
from segue.results.results import Results, Written
from segue.results.subjects import Subject, Subjects
from segue.types import BACKGROUND, VOID, Labels, Mask

_MIN_WORDS = 7
"""Of a line: the class and three points. Five are a box, and six a box with a confidence."""
_OUTSIDE = 0.01
"""So far outside of the frame a point may lie; others are pixels, not shares of the frame (ours)."""

_CENTRE = 0.49
"""Where in its pixel a point lies: at the centre, but so that programs that round and programs that cut both find the
pixel (ours)."""


class Yolo:
    """``yolo/labels/<frame>.txt`` and ``yolo/data.yaml``, written and read."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        subjects = Subjects(results)
        places = {number: place for place, number in enumerate(subjects.numbers())}
        folder = out / "yolo"
        names = [record.name for record in results.records]
        with replacing_folder(folder) as temporary:
            (temporary / "labels").mkdir()
            for record in results.records:
                lines = [
                    line
                    for subject in subjects.of(record)
                    for line in _lines(subject, places[subject.number], results.size_hw)
                ]
                path = temporary / "labels" / f"{record.name}.txt"
                path.write_text("".join(lines), encoding="ascii")
            with (temporary / "data.yaml").open("w", encoding="utf-8") as file:
                yaml.safe_dump(
                    _data(results, subjects), file, sort_keys=False, allow_unicode=True, width=100
                )
        files = (folder / "data.yaml", *(folder / "labels" / f"{name}.txt" for name in names))
        return Written(files)

    def recognises(self, path: Path) -> bool:
        """A folder of text files whose first line is a class with a polygon or a box."""
        for file in islice(_label_files(path), 100):
            words = _first_words(file)
            if words:
                return len(words) >= 5 and words[0].isdecimal() and all(map(_is_share, words[1:]))
        return (path / "data.yaml").is_file() and (path / "labels").is_dir()

    def read(self, path: Path, size_hw: tuple[int, int] | None = None) -> Results:
        """See ``Readable``; the lines of one class are one object."""
        files = _label_files(path)
        if not files:
            raise FormatError(f"{path} holds no labels. Give a folder with a text file per frame.")
        about = _About.of(path)
        size = known_size(size_hw, about.size_hw or _picture_size(path), path)
        lines = {file: _read(file, about.names) for file in files}
        found = {number for rows in lines.values() for number, _ in rows}
        table = about.table(found, path)
        numbers = about.indices or numbers_of_names([file.stem for file in files])
        if len(numbers) != len(files):
            raise FormatError(
                f"{path} holds {len(files)} files, data.yaml is about {len(numbers)}."
            )
        empty = VOID if about.classes else BACKGROUND
        return read_frames(
            about.name or path.name,
            size,
            [
                FrameOnFile(n, file.stem, partial(_draw, lines[file], table, size, file, empty))
                for n, file in zip(numbers, files, strict=True)
            ],
            frame_rate=about.frame_rate,
            sources={table[n]: name for n, name in about.names.items() if n in table},
            classes=about.classes,
        )


_Row = tuple[int, np.ndarray]


def _lines(subject: Subject, place: int, size_hw: tuple[int, int]) -> list[str]:
    scale = np.array([size_hw[1], size_hw[0]], np.float64)
    return [
        f"{place} {' '.join(f'{value:.6f}' for value in ((ring + _CENTRE) / scale).ravel().tolist())}\n"
        for ring in outlines(subject.mask)
    ]


def _data(results: Results, subjects: Subjects) -> dict[str, Any]:
    numbers = subjects.numbers()
    names = [subjects.category(number) for number in numbers]
    if results.classes is None and (len(set(names)) < len(names) or names == ["object"]):
        names = [f"{name} {number}" for name, number in zip(names, numbers, strict=True)]
    height, width = results.size_hw
    own: dict[str, Any] = {"video": results.name, "width": width, "height": height}
    if results.frame_rate is not None:
        own["frame_rate"] = str(results.frame_rate)
    if results.classes is None:
        own["ids"] = numbers
    own["labels"] = "objects" if results.classes is None else "classes"
    # Files are read in the order of their names.
    records = sorted(results.records, key=lambda record: natural_key(record.name))
    own["indices"] = [record.index for record in records]
    return {
        "path": ".",
        "train": "images",
        "val": "images",
        "names": dict(enumerate(names)),
        "segue": own,
    }


def _label_files(path: Path) -> list[Path]:
    """Text files of a folder, of its ``labels`` where there is one, in natural order."""
    if not path.is_dir():
        return []
    folder = path / "labels" if (path / "labels").is_dir() else path
    found = [
        file
        for file in folder.rglob("*.txt")
        if file.stem not in ("classes", "train", "val", "test") and file.name[0] != "."
    ]
    return sorted(found, key=lambda file: natural_key(file.stem))


def _first_words(file: Path) -> list[str]:
    with file.open(encoding="ascii", errors="replace") as opened:
        return next((line.split() for line in islice(opened, 20) if line.strip()), [])


def _is_share(word: str) -> bool:
    try:
        return -_OUTSIDE <= float(word) <= 1 + _OUTSIDE
    except ValueError:
        return False


def _read(file: Path, names: Mapping[int, str]) -> list[_Row]:
    text = file.read_text(encoding="utf-8", errors="replace")
    rows = enumerate(text.splitlines(), 1)
    return [_row(line.split(), f"{file}, line {n}", names) for n, line in rows if line.strip()]


def _row(words: list[str], place: str, names: Mapping[int, str]) -> _Row:
    if len(words) in (5, 6):
        raise FormatError(f"{place} is a box, expected a polygon. Give labels for segmentation.")
    if len(words) < _MIN_WORDS or len(words) % 2 == 0 or not words[0].isdecimal():
        raise FormatError(
            f"{place} holds {len(words)} numbers, expected a class and three or more points 'x y'."
        )
    if not all(map(_is_share, words[1:])):
        raise FormatError(f"{place}: expected points from 0 to 1, as shares of the frame.")
    number = int(words[0])
    if names and number not in names:
        raise FormatError(f"{place}: data.yaml names no class {number}.")
    return number, np.array(words[1:], np.float64).reshape(-1, 2)


def _draw(
    rows: list[_Row], table: Mapping[int, int], size_hw: tuple[int, int], file: Path, empty: int
) -> Labels:
    scale = np.array([size_hw[1], size_hw[0]], np.float64)

    def mask(points: np.ndarray) -> Mask:
        return drawn_polygon(points * scale - 0.5, size_hw)

    return paint_masks(
        size_hw, ((table[number], mask(points)) for number, points in rows), str(file), empty
    )


def _picture_size(path: Path) -> tuple[int, int] | None:
    """Of the first picture beside the labels."""
    for folder in (path / "images", path.parent / "images"):
        for picture in (list_images(folder) if folder.is_dir() else [])[:1]:
            header = read_header(picture)
            return header.size_hw if header else None
    return None


@dataclass(frozen=True)
class _About:
    """What ``data.yaml`` says."""

    names: Mapping[int, str] = field(default_factory=dict)
    name: str | None = None
    size_hw: tuple[int, int] | None = None
    frame_rate: Fraction | None = None
    ids: tuple[int, ...] = ()
    """Object id of each class."""
    indices: tuple[int, ...] = ()
    """Of the frames, in the order of their files."""
    classes: tuple[str, ...] | None = None

    @classmethod
    def of(cls, path: Path) -> "_About":
        """What is beside the labels; nothing where there is no file.

        Raises:
            FormatError: It is no YAML, or something else than ``data.yaml``.
        """
        found = [folder / "data.yaml" for folder in (path, path.parent)]
        file = next((file for file in found if file.is_file()), None)
        if file is None:
            return cls()
        try:
            document: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
            names = document.get("names", {})
            names = dict(enumerate(names)) if isinstance(names, list) else names
            names = {int(number): str(name) for number, name in names.items()}
            own = document.get("segue")
            return cls(names) if own is None else cls._own(names, own)
        except (yaml.YAMLError, OSError, ValueError, AttributeError, LookupError, TypeError) as e:
            raise FormatError(f"{file} is not a whole data.yaml ({e}). Write it again.") from None

    def table(self, found: Iterable[int], path: Path) -> dict[int, int]:
        """The value in the label maps of each class in the files.

        Raises:
            FormatError: More than fit.
        """
        if self.classes:
            return {number: number for number in range(len(self.classes))}
        if self.ids:
            return dict(enumerate(self.ids))
        ids = numbered((number + 1 for number in found), str(path))
        return {number - 1: value for number, value in ids.items()}

    @classmethod
    def _own(cls, names: Mapping[int, str], own: Mapping[str, Any]) -> "_About":
        return cls(
            names,
            str(own["video"]),
            (int(own["height"]), int(own["width"])),
            Fraction(own["frame_rate"]) if "frame_rate" in own else None,
            tuple(map(int, own.get("ids", ()))),
            tuple(map(int, own.get("indices", ()))),
            tuple(names[n] for n in range(len(names))) if own["labels"] == "classes" else None,
        )


YOLO = Yolo()
