"""CVAT for video 1.1: one XML file, with masks to the pixel or with polygons.

``cvat`` holds masks. CVAT keeps only the first mask of a track and makes a shape of the mask, so each mask is a track
of its own, as in CVAT's own files; ``group_id`` is the object. ``cvat-polygons`` holds tracks of polygons, which CVAT
can edit and interpolate: the largest part of an object on each frame is one track, the second largest another, all with
the object's ``group_id``. Their points lie at pixel centres, see ``outlines``: a program that fills the area between
them loses half a pixel along the edge. The reader takes masks, polygons and boxes, also in files of CVAT itself;
without groups each track is an object. Shapes count on the frames that the file lists, and not where they are
``outside``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from segue.files import replacing
from segue.media.palette import palette
from segue.media.polygons import outlines
from segue.results.formats.cvat_tracks import read_tracks
from segue.results.results import Results, Written
from segue.results.subjects import Subject, Subjects
from segue.types import Mask


class Cvat:
    """``cvat.xml``: masks; written and read."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        return _write(results, out / "cvat.xml", _masks)

    def recognises(self, path: Path) -> bool:
        """An XML file of annotations, or a folder with ``annotations.xml``."""
        path = path / "annotations.xml" if path.is_dir() else path
        if path.suffix.lower() != ".xml" or not path.is_file():
            return False
        with path.open("rb") as file:
            return b"<annotations" in file.read(4096)

    def read(self, path: Path, size_hw: tuple[int, int] | None = None) -> Results:
        """See ``Readable``; where two objects overlap, the higher ``z_order`` and then the later one wins."""
        return read_tracks(path / "annotations.xml" if path.is_dir() else path, size_hw)


class CvatPolygons:
    """``cvat-polygons.xml``: tracks of polygons; ``Cvat`` reads them."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        return _write(results, out / "cvat-polygons.xml", _polygons)


def _write(
    results: Results, path: Path, tracks: Callable[[TextIO, Results, Subjects], None]
) -> Written:
    subjects = Subjects(results)
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n')
        file.write("  <version>1.1</version>\n")
        _meta(file, results, subjects)
        tracks(file, results, subjects)
        file.write("</annotations>\n")
    return Written((path,))


def _meta(file: TextIO, results: Results, subjects: Subjects) -> None:
    height, width = results.size_hw
    last = max((record.index for record in results.records), default=-1)
    names = results.classes or sorted({subjects.category(n) for n in subjects.numbers()})
    labels = "".join(
        f"        <label><name>{escape(name)}</name><color>{_colour(results, place)}</color>"
        "<attributes></attributes></label>\n"
        for place, name in enumerate(names)
    )
    rate = "" if results.frame_rate is None else f"<frame_rate>{results.frame_rate}</frame_rate>"
    kind = "objects" if results.classes is None else "classes"
    file.write(
        "  <meta>\n    <task>\n"
        f"      <name>{escape(results.name)}</name>\n      <size>{last + 1}</size>\n"
        "      <mode>interpolation</mode>\n      <overlap>0</overlap>\n"
        f"      <start_frame>0</start_frame>\n      <stop_frame>{max(last, 0)}</stop_frame>\n"
        f"      <frame_filter></frame_filter>\n      <labels>\n{labels}      </labels>\n"
        f"      <original_size><width>{width}</width><height>{height}</height></original_size>\n"
        f"    </task>\n    <segue><labels>{kind}</labels>{rate}</segue>\n  </meta>\n"
    )


def _colour(results: Results, place: int) -> str:
    red, green, blue = palette()[place + 1] if results.colours is None else results.colours[place]
    return f"#{red:02x}{green:02x}{blue:02x}"


def _masks(file: TextIO, results: Results, subjects: Subjects) -> None:
    """One track per object and frame, which ends on the next frame."""
    last = max((record.index for record in results.records), default=-1)
    track = 0
    for record in results.records:
        for subject in subjects.of(record):
            words = _mask_words(subject.mask)
            shapes = [_element("mask", record.index, outside=False, words=words)]
            if record.index < last:
                shapes.append(_element("mask", record.index + 1, outside=True, words=words))
            _track(file, track, subjects, subject.number, shapes)
            track += 1


def _mask_words(mask: Mask) -> str:
    """The runs of a mask within its box, row by row, beginning with background."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left, height, width = rows[0], columns[0], np.ptp(rows) + 1, np.ptp(columns) + 1
    pixels = mask[top : top + height, left : left + width].ravel()
    edges = np.flatnonzero(np.diff(pixels.view(np.int8), prepend=0))
    runs = np.diff(np.concatenate([[0], edges, [pixels.size]]))
    rle = ", ".join(map(str, runs.tolist()))
    return f'rle="{rle}" left="{left}" top="{top}" width="{width}" height="{height}"'


@dataclass
class _Part:
    """The n-th largest part of an object, over the frames."""

    shapes: list[str] = field(default_factory=list)
    last: str | None = None
    """Its points where it was seen, while it goes on."""


def _polygons(file: TextIO, results: Results, subjects: Subjects) -> None:
    """One track per object and rank of its parts."""
    parts: dict[tuple[int, int], _Part] = {}
    for record in results.records:
        seen = dict(_parts(subjects.of(record)))
        for key, part in parts.items():
            if key not in seen and part.last is not None:
                part.shapes.append(_element("polygon", record.index, outside=True, words=part.last))
                part.last = None
        for key, words in seen.items():
            part = parts.setdefault(key, _Part())
            part.shapes.append(_element("polygon", record.index, outside=False, words=words))
            part.last = words
    for track, ((number, _), part) in enumerate(sorted(parts.items())):
        _track(file, track, subjects, number, part.shapes)


def _parts(subjects: Iterator[Subject]) -> Iterator[tuple[tuple[int, int], str]]:
    for subject in subjects:
        for rank, ring in enumerate(outlines(subject.mask)):
            points = ";".join(f"{x}.5,{y}.5" for x, y in ring.tolist())
            yield (subject.number, rank), f'points="{points}"'


def _element(tag: str, frame: int, *, outside: bool, words: str) -> str:
    return (
        f'    <{tag} frame="{frame}" keyframe="1" outside="{int(outside)}" occluded="0" {words} '
        f'z_order="0"></{tag}>\n'
    )


def _track(
    file: TextIO, track: int, subjects: Subjects, number: int, shapes: Sequence[str]
) -> None:
    group = number if subjects.results.classes is None else number + 1
    label = quoteattr(subjects.category(number))
    file.write(f'  <track id="{track}" label={label} source="auto" group_id="{group}">\n')
    file.writelines(shapes)
    file.write("  </track>\n")


CVAT = Cvat()
CVAT_POLYGONS = CvatPolygons()
