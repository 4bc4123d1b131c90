"""labelme: a JSON file of polygons per frame.

The shapes of one object have its id as ``group_id``; parts are shapes of their own. A hole is reached by a cut, and
points lie at pixel centres, see ``outlines``: labelme, which draws the outline too, gets the masks to the pixel. A file
names its picture, but does not hold it: put the files beside the pictures. What is not labelme's, such as the number of
the frame, stands below ``segue``, which labelme keeps. The reader takes all shapes with an area; shapes of one label
without a group are the first, second, ... object of that label on each frame.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from segue.errors import FormatError
from segue.files import replacing_folder
from segue.media.images import natural_key
from segue.media.mask_labelme import labelme_values
from segue.media.polygons import outlines
from segue.results.reading import (
    FrameOnFile,
    damage_told,
    known_size,
    numbered,
    numbers_of_names,
    odd_values_told,
    read_frames,
    said_time,
)
from segue.results.records import FrameRecord
from segue.results.results import Results, Written
from segue.results.subjects import Subjects
from segue.types import BACKGROUND, MAX_OBJECTS, VOID, Labels

_VERSION = "5.5.0"
"""Of labelme, whose files these are like."""


class Labelme:
    """``labelme/<frame>.json``, written and read."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        folder = out / "labelme"
        subjects = Subjects(results)
        with replacing_folder(folder) as temporary:
            for record in results.records:
                text = json.dumps(_document(results, subjects, record), indent=1)
                (temporary / f"{record.name}.json").write_text(text, encoding="utf-8")
        return Written(tuple(folder / f"{record.name}.json" for record in results.records))

    def recognises(self, path: Path) -> bool:
        """A JSON file with shapes, or a folder of such files."""
        return any(
            b'"shapes"' in text and b'"imagePath"' in text
            for text in (file.read_bytes() for file in islice(_files(path), 1))
        )

    def read(self, path: Path, size_hw: tuple[int, int] | None = None) -> Results:
        """See ``Readable``; where two objects overlap, the later shape wins."""
        with odd_values_told(path):
            return self._read(path, size_hw)

    def _read(self, path: Path, size_hw: tuple[int, int] | None) -> Results:
        pages = [_Page.of(file) for file in _files(path)]
        if not pages:
            raise FormatError(f"{path} holds no JSON files. Give those of labelme.")
        sizes = {page.size_hw for page in pages}
        if len(sizes) > 1:
            raise FormatError(
                f"{path} has frames of {len(sizes)} sizes, expected those of one video."
            )
        size = known_size(size_hw, pages[0].size_hw, path)
        classes = pages[0].classes
        ids = _ids(pages, path) if classes is None else _class_ids(pages, classes)
        own = pages[0].own
        rate = own.get("frame_rate")
        return read_frames(
            str(own.get("video", path.stem)),
            size,
            [
                FrameOnFile(n, page.path.stem, partial(_draw, page.path, ids, classes), page.time)
                for n, page in zip(_numbers(pages), pages, strict=True)
            ],
            frame_rate=Fraction(str(rate)) if rate else None,
            sources={}
            if classes
            else {n: key for key, n in sorted(ids.items(), key=lambda i: i[1])},
            categories={n: label for key, n in ids.items() if (label := _label(key)) != "object"},
            classes=classes,
        )


def _document(results: Results, subjects: Subjects, record: FrameRecord) -> dict[str, Any]:
    own: dict[str, Any] = {
        "video": results.name,
        "index": record.index,
        "time": round(float(record.time), 9),
    }
    if results.frame_rate is not None:
        own["frame_rate"] = str(results.frame_rate)
    if results.classes is not None:
        own["classes"] = list(results.classes)
    return {
        "version": _VERSION,
        "flags": {},
        "shapes": _shapes(subjects, record),
        "imagePath": subjects.picture(record),
        "imageData": None,
        "imageHeight": results.size_hw[0],
        "imageWidth": results.size_hw[1],
        "segue": own,
    }


def _shapes(subjects: Subjects, record: FrameRecord) -> list[dict[str, Any]]:
    first = 0 if subjects.results.classes is None else 1
    return [
        {
            "label": subjects.category(subject.number),
            "points": ring.tolist(),
            "group_id": subject.number + first,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
            "mask": None,
        }
        for subject in subjects.of(record)
        for ring in outlines(subject.mask)
    ]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    if not path.is_dir():
        return []
    found = (file for file in path.iterdir() if file.suffix.lower() == ".json" and file.is_file())
    shown = (file for file in found if file.name[0] != ".")
    return sorted(shown, key=lambda file: natural_key(file.stem))


@dataclass(frozen=True)
class _Page:
    """One file."""

    path: Path
    size_hw: tuple[int, int]
    keys: tuple[str, ...]
    """What tells its objects apart."""
    own: Mapping[str, Any]
    """What stands below ``segue``."""

    @classmethod
    def of(cls, path: Path) -> "_Page":
        """What a file holds.

        Raises:
            FormatError: It is no file of labelme, or damaged.
        """
        document = _load(path)
        with damage_told():
            found = labelme_values(document, path)
        own = document.get("segue")
        keys = tuple(item.source for item in found.objects)
        size = document["imageHeight"], document["imageWidth"]
        return cls(path, size, keys, own if isinstance(own, dict) else {})

    @property
    def time(self) -> Fraction | None:
        return said_time(self.own.get("time"))

    @property
    def classes(self) -> tuple[str, ...] | None:
        found = self.own.get("classes")
        return tuple(map(str, found)) if isinstance(found, list) else None


def _load(path: Path) -> dict[str, Any]:
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not a whole JSON file ({error}). Write it again.") from None
    if not isinstance(document, dict) or "shapes" not in document:
        raise FormatError(f"{path} has no 'shapes', expected a file of labelme.")
    return document


def _numbers(pages: list[_Page]) -> list[int]:
    own = [page.own.get("index") for page in pages]
    if all(isinstance(number, int) and number >= 0 for number in own):
        return [int(number) for number in own if number is not None]
    return numbers_of_names([page.path.stem for page in pages])


def _ids(pages: list[_Page], path: Path) -> dict[str, int]:
    """The object of each key: its group where groups tell all apart, else 1, 2, ... as they come."""
    keys = list(dict.fromkeys(key for page in pages for key in page.keys))
    groups = [_group(key) for key in keys]
    known = [group for group in groups if group is not None and 1 <= group <= MAX_OBJECTS]
    if len(known) == len(keys) == len(set(known)):
        return dict(zip(keys, known, strict=True))
    ids = numbered(range(1, len(keys) + 1), str(path))
    return {key: ids[place] for place, key in enumerate(keys, 1)}


def _class_ids(pages: list[_Page], classes: tuple[str, ...]) -> dict[str, int]:
    ids = {}
    for page in pages:
        for key in page.keys:
            group = _group(key) or 0
            if not 1 <= group <= len(classes):
                raise FormatError(f"{page.path}: {key!r} is none of the {len(classes)} classes.")
            ids[key] = group - 1
    return ids


def _group(key: str) -> int | None:
    match = re.search(r" \(group (\d{1,9})\)$", key)
    return int(match[1]) if match else None


def _label(key: str) -> str:
    return re.sub(r"( \(group \d+\)| \d+)$", "", key)


def _draw(path: Path, ids: Mapping[str, int], classes: tuple[str, ...] | None) -> Labels:
    document = _load(path)
    with damage_told():
        found = labelme_values(document, path)
    size = document["imageHeight"], document["imageWidth"]
    labels: Labels = np.full(size, BACKGROUND if classes is None else VOID, np.uint8)
    for item in found.objects:
        labels[found.values == item.value] = ids[item.source]
    return labels


LABELME = Labelme()
