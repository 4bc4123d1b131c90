"""COCO: one JSON file with run-length masks of every frame, to the pixel.

Written is what ``pycocotools`` reads: an image per frame, an annotation per object and frame. What belongs to one
object says so by ``track_id``; ``videos``, ``video_id`` and ``frame_index`` say how the images make a video. The reader
takes these, files without tracks where each category is one object, and YouTube-VIS files, whose annotations hold all
frames. An object without pixels has no annotation; void is background.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from segue.files import replacing
from segue.media.rle import encode
from segue.results.formats.coco_film import read_film
from segue.results.records import FrameRecord
from segue.results.results import Results, Written
from segue.results.subjects import Subject, Subjects

_Item = dict[str, Any]


class Coco:
    """``coco.json``, written and read."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``; one frame is in memory at a time."""
        path = out / "coco.json"
        subjects = Subjects(results)
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            opening = json.dumps(_header(results, subjects)).removesuffix("}")
            file.write(f'{opening}, "images": [')
            _lines(file, (_image(results, subjects, record) for record in results.records))
            file.write('], "annotations": [')
            _lines(file, _annotations(results, subjects))
            file.write("]}\n")
        return Written((path,))

    def recognises(self, path: Path) -> bool:
        """A JSON file with annotations of images or videos."""
        if path.suffix.lower() != ".json" or not path.is_file():
            return False
        text = path.read_bytes()
        return b'"annotations"' in text and (b'"images"' in text or b'"videos"' in text)

    def read(self, path: Path, size_hw: tuple[int, int] | None = None) -> Results:
        """See ``Readable``; where two objects overlap, the later annotation wins."""
        return read_film(path, size_hw)


def _header(results: Results, subjects: Subjects) -> _Item:
    height, width = results.size_hw
    video = {"id": 1, "name": results.name, "width": width, "height": height}
    if results.frame_rate is not None:
        video["frame_rate"] = str(results.frame_rate)
    info = {"description": f"Masks of {results.name}, one annotation per object and frame"}
    if results.classes is not None:
        info["labels"] = "classes"
    return {
        "info": info,
        "licenses": [],
        "videos": [video],
        "categories": [{"id": n, "name": name} for n, name in _category_ids(subjects).items()],
    }


def _category_ids(subjects: Subjects) -> dict[int, str]:
    """From 1, as COCO counts: class number + 1, or the sorted names of what objects are."""
    classes = subjects.results.classes
    names = classes or sorted({subjects.category(number) for number in subjects.numbers()})
    return dict(enumerate(names or ("object",), 1))


def _image(results: Results, subjects: Subjects, record: FrameRecord) -> _Item:
    height, width = results.size_hw
    return {
        "id": record.index + 1,
        "file_name": subjects.picture(record),
        "width": width,
        "height": height,
        "video_id": 1,
        "frame_index": record.index,
        "time": round(float(record.time), 9),
    }


def _annotations(results: Results, subjects: Subjects) -> Iterator[_Item]:
    numbers = {name: number for number, name in _category_ids(subjects).items()}
    found = ((r, subject) for r in results.records for subject in subjects.of(r))
    for number, (record, subject) in enumerate(found, 1):
        if results.classes is not None:
            category = subject.number + 1
            yield _annotation(number, record, subject, category)
        else:
            category = numbers[subjects.category(subject.number)]
            tracked = _annotation(number, record, subject, category)
            yield {**tracked, "track_id": subject.number}


def _annotation(number: int, record: FrameRecord, subject: Subject, category: int) -> _Item:
    rle = encode(subject.mask)
    x, y = (np.flatnonzero(subject.mask.any(axis=axis)) for axis in (0, 1))
    left, top = int(x[0]), int(y[0])
    return {
        "id": number,
        "image_id": record.index + 1,
        "video_id": 1,
        "category_id": category,
        "segmentation": {"size": [rle.height, rle.width], "counts": rle.counts.decode("ascii")},
        "area": int(subject.mask.sum()),
        "bbox": [left, top, int(x[-1]) + 1 - left, int(y[-1]) + 1 - top],
        "iscrowd": 0,
        "score": round(subject.confidence, 4),
    }


def _lines(file: TextIO, items: Iterator[_Item]) -> None:
    for number, item in enumerate(items):
        file.write(f"{',' if number else ''}\n{json.dumps(item)}")


COCO = Coco()
