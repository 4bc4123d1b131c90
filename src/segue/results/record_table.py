"""Records of frames that stay in a file and are read when they are asked for, as a stream may run for days."""

import json
import threading
from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

from segue.files import writing
from segue.results.records import FrameRecord, ObjectRecord

_NOWHERE = -1


class RecordTable(Mapping[int, FrameRecord]):
    """Records by frame index, in the order of the frames; in memory there are eight bytes for each.

    Another thread may read while one writes.

    Args:
        journal: The file; one line of JSON is one record.
        places: Where the line of each frame begins.

    Raises:
        WriteError: The system refuses.
    """

    def __init__(self, journal: Path, places: Mapping[int, int]) -> None:
        self._lock = threading.Lock()
        self._first = 0
        self._places = array("q")
        self._count = 0
        self._journal = journal
        self._file: BinaryIO | None = _opened(journal)
        for index, place in places.items():
            self.note(index, place)

    def note(self, index: int, place: int) -> None:
        """The record of a frame stands there now, in the place of an older one."""
        if not self._places:
            self._first = index
        before = self._first - index
        if before > 0:  # twice as much as there was, as a pass backwards takes one after the other
            room = max(before, len(self._places))
            self._places = array("q", [_NOWHERE]) * room + self._places
            self._first -= room
        behind = index - self._first + 1 - len(self._places)
        if behind > 0:
            self._places.extend([_NOWHERE] * behind)
        self._count += self._place(index) == _NOWHERE
        self._places[index - self._first] = place

    def forget(self, index: int) -> None:
        """The record of a frame counts no longer; nothing happens if there is none."""
        if index in self:
            self._places[index - self._first] = _NOWHERE
            self._count -= 1

    def line(self, index: int) -> bytes:
        """The line of a frame, as it stands in the file.

        Raises:
            KeyError: There is none.
        """
        with self._lock:
            place = self._place(index)
            if place == _NOWHERE:
                raise KeyError(index)
            if self._file is not None:
                return _line_at(self._file, place)
            with self._journal.open("rb") as file:
                return _line_at(file, place)

    def moved(self, journal: Path, places: Mapping[int, int]) -> None:
        """The same records stand in another file now.

        Raises:
            WriteError: The system refuses.
        """
        file = _opened(journal)
        with self._lock:
            self._let_go()
            self._journal, self._file = journal, file
            for index, place in places.items():
                self._places[index - self._first] = place

    def close(self) -> None:
        """Let go of the file; a record that is asked for after that opens it for a moment. Never raises."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        with suppress(OSError):
            if self._file is not None:
                self._file.close()
        self._file = None

    def __getitem__(self, index: int) -> FrameRecord:
        return from_json(json.loads(self.line(index)))

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and self._place(index) != _NOWHERE

    def __iter__(self) -> Iterator[int]:
        first = self._first
        return (first + n for n, place in enumerate(self._places) if place != _NOWHERE)

    def __len__(self) -> int:
        return self._count

    def _place(self, index: int) -> int:
        number = index - self._first
        return self._places[number] if 0 <= number < len(self._places) else _NOWHERE


def _line_at(file: BinaryIO, place: int) -> bytes:
    file.seek(place)
    return file.readline()


def _opened(journal: Path) -> BinaryIO:
    with writing(journal):
        return journal.open("rb")


def to_json(record: FrameRecord, size: int) -> dict[str, Any]:
    """A record as plain values.

    Args:
        record: Of a frame.
        size: Of the file of its label map, in bytes.
    """
    return {
        "index": record.index,
        "name": record.name,
        "time": str(record.time),
        "objects": {number: _object_to_json(item) for number, item in record.objects.items()},
        "origin": record.origin,
        "reach": record.reach,
        "edit": record.edit,
        "bytes": size,
    }


def from_json(entry: Mapping[str, Any]) -> FrameRecord:
    """The record that ``to_json`` made plain values of.

    Raises:
        LookupError, TypeError, ValueError: They are no record.
    """
    return FrameRecord(
        index=entry["index"],
        name=entry["name"],
        time=Fraction(entry["time"]),
        objects={int(number): _object(row) for number, row in entry["objects"].items()},
        origin=entry["origin"],
        reach=entry["reach"],
        edit=entry["edit"],
    )


def _object_to_json(item: ObjectRecord) -> list[Any]:
    return [
        item.confidence,
        item.absent,
        item.area,
        item.box_xyxy,
        item.centroid_xy,
        item.gate,
        item.reused,
        item.category,
    ]


def _object(row: list[Any]) -> ObjectRecord:
    confidence, absent, area, box, centroid, gate, reused, category = row
    return ObjectRecord(
        confidence,
        absent,
        area,
        tuple(box) if box is not None else None,
        tuple(centroid) if centroid is not None else None,
        gate,
        reused,
        category,
    )
