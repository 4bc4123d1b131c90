"""The store of one video: a label map and a record per frame, written in any order; the last write wins.

On disk a frame is a PNG and a line of the journal. ``begin`` stands in the journal before the PNG is replaced, the
record after it, with the size of the PNG. So a process that is killed leaves frames that are whole, or known to be
not, and every file that it wrote is known as ours.
"""

import io
import json
import zlib
from collections.abc import Mapping, Set
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from segue.errors import OutputError
from segue.files import replacing, writing
from segue.media.palette import check_chunks, write_mask
from segue.results.record_table import RecordTable, from_json, to_json
from segue.results.records import FrameRecord
from segue.types import Labels

JOURNAL = "journal.jsonl"
FOLDER = "_session"
"""In the folder of results: what is needed to go on with them, the journal too."""


@runtime_checkable
class Store(Protocol):
    """Label maps and records by frame index."""

    @property
    def records(self) -> Mapping[int, FrameRecord]:
        """By frame index; of a folder they are read from the disk when they are asked for."""
        ...

    @property
    def gaps(self) -> frozenset[int]:
        """Indices that a whole pass did not meet: frames that do not decode."""
        ...

    @property
    def end(self) -> int | None:
        """One more than the index of the last frame; ``None`` until a pass met the end."""
        ...

    @property
    def names(self) -> frozenset[str]:
        """Names of all frames that were ever written or begun."""
        ...

    def names_in_order(self) -> tuple[str, ...]:
        """The same, in the order of the frames."""
        ...

    def put(self, record: FrameRecord, labels: Labels) -> None:
        """Write a frame, in the place of an older answer.

        Raises:
            WriteError: The system refuses.
        """
        ...

    def rewrite(self, record: FrameRecord, labels: Labels) -> None:
        """Write a frame without noting before that it begins: for a change that may be repeated after a crash.

        Raises:
            WriteError: The system refuses.
        """
        ...

    def labels(self, record: FrameRecord) -> Labels:
        """The label map of a frame.

        Raises:
            OutputError: It is gone or damaged.
        """
        ...

    def missing(self) -> list[FrameRecord]:
        """Frames whose file is gone, or has another size than was noted; contents are not looked at."""
        ...

    def compact(self) -> None:
        """Shorten the journal to what still counts.

        Raises:
            WriteError: The system refuses.
        """
        ...

    def drop(self, index: int) -> None:
        """Forget a frame, so that it is missing.

        Raises:
            WriteError: The system refuses.
        """
        ...

    def note_end(self, end: int | None, gaps: frozenset[int]) -> None:
        """A pass met the end of the video, or frames that do not decode.

        Raises:
            WriteError: The system refuses.
        """
        ...

    def close(self) -> None:
        """Let go of files; never raises."""
        ...


class MemoryStore:
    """A store without files."""

    def __init__(self) -> None:
        self.records: dict[int, FrameRecord] = {}
        self.gaps: frozenset[int] = frozenset()
        self.end: int | None = None
        self._labels: dict[int, tuple[bytes, tuple[int, int]]] = {}

    @property
    def names(self) -> frozenset[str]:
        """See ``Store``."""
        return frozenset(record.name for record in self.records.values())

    def names_in_order(self) -> tuple[str, ...]:
        """See ``Store``."""
        return _in_order(self.records, self.names)

    def put(self, record: FrameRecord, labels: Labels) -> None:
        """Keep a frame, in the place of an older answer."""
        height, width = labels.shape
        packed = zlib.compress(np.ascontiguousarray(labels).tobytes(), 1)
        self._labels[record.index] = packed, (height, width)
        self.records[record.index] = record

    def labels(self, record: FrameRecord) -> Labels:
        """The label map of a frame."""
        packed, shape = self._labels[record.index]
        found: Labels = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape).copy()
        return found

    def drop(self, index: int) -> None:
        """Forget a frame."""
        self.records.pop(index, None)

    def rewrite(self, record: FrameRecord, labels: Labels) -> None:
        """As ``put``."""
        self.put(record, labels)

    def note_end(self, end: int | None, gaps: frozenset[int]) -> None:
        """A pass met the end of the video, or frames that do not decode."""
        self.end, self.gaps = self.end if end is None else end, self.gaps | gaps

    def missing(self) -> list[FrameRecord]:
        """None: nothing gets lost in memory."""
        return []

    def compact(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing is open."""


class FolderStore:
    """A store on disk.

    Args:
        folder: Of the label maps; exists.
        journal: The file of records; its folder exists.
        colours: As in ``write_mask``.

    Raises:
        WriteError: The system refuses.
        OutputError: The journal is not one.
    """

    def __init__(
        self, folder: Path, journal: Path, colours: UInt8[np.ndarray, "256 3"] | None = None
    ) -> None:
        self.folder = folder
        self.journal = journal
        self._colours = colours
        with writing(journal):
            state = read_journal(journal, cut=True)
            self._file: BinaryIO = journal.open("ab")
        self.records = RecordTable(journal, state.places)
        self.gaps: frozenset[int] = state.gaps
        self.end: int | None = state.end
        self._begun = state.names - {record.name for record in state.records.values()}
        """Names of frames that were written or begun and have no record."""

    @property
    def names(self) -> frozenset[str]:
        """See ``Store``."""
        return frozenset(self.names_in_order())

    def names_in_order(self) -> tuple[str, ...]:
        """See ``Store``."""
        return _in_order(self.records, self._begun)

    def path(self, name: str) -> Path:
        """The file of a frame's label map."""
        return self.folder / f"{name}.png"

    def put(self, record: FrameRecord, labels: Labels) -> None:
        """See ``Store``.

        Raises:
            WriteError: The system refuses.
        """
        self._begin(record.index, record.name)
        self.rewrite(record, labels)

    def rewrite(self, record: FrameRecord, labels: Labels) -> None:
        """Write a frame without noting before that it begins: for a change that may be repeated after a crash.

        A process that is killed in the middle leaves the old or the new file, and the old record; who calls this
        has noted elsewhere what has to be done again.

        Raises:
            WriteError: The system refuses.
        """
        path = self.path(record.name)
        with replacing(path) as temporary:
            write_mask(temporary, labels, self._colours)
            size = temporary.stat().st_size
        place = self._append(to_json(record, size))
        self.records.note(record.index, place)
        self._begun.discard(record.name)

    def labels(self, record: FrameRecord) -> Labels:
        """See ``Store``.

        Raises:
            OutputError: It is gone or damaged.
        """
        path = self.path(record.name)
        try:
            # Not by the reader of users' masks: that one renumbers, and refuses empty frames.
            content = path.read_bytes()
            check_chunks(content)
            with Image.open(io.BytesIO(content)) as image:
                labels: Labels = np.array(image, dtype=np.uint8)
            return labels
        except (OSError, ValueError, SyntaxError):
            raise OutputError(f"{path} is gone or damaged.") from None

    def missing(self) -> list[FrameRecord]:
        """Frames whose file is gone, or has another size than was noted; contents are not looked at."""
        found = (json.loads(self.records.line(index)) for index in self.records)
        return [from_json(entry) for entry in found if not self._is_whole(entry)]

    def drop(self, index: int) -> None:
        """See ``Store``.

        Raises:
            WriteError: The system refuses.
        """
        record = self.records.get(index)
        if record is not None:
            self.records.forget(index)
            self._begin(index, record.name)

    def note_end(self, end: int | None, gaps: frozenset[int]) -> None:
        """See ``Store``.

        Raises:
            WriteError: The system refuses.
        """
        end = self.end if end is None else end
        if (end, self.gaps | gaps) != (self.end, self.gaps):
            self.end, self.gaps = end, self.gaps | gaps
            self._append({"end": end, "gaps": sorted(self.gaps)})

    def compact(self) -> None:
        """Leave only what counts in the journal, in the order of the frames.

        Raises:
            WriteError: The system refuses.
        """
        places: dict[int, int] = {}
        with replacing(self.journal) as temporary, temporary.open("wb") as out:
            for name in sorted(self._begun):
                out.write(_line({"begin": name, "index": -1}))
            for index in self.records:
                places[index] = out.tell()
                out.write(self.records.line(index))
            if self.end is not None or self.gaps:
                out.write(_line({"end": self.end, "gaps": sorted(self.gaps)}))
        self.records.moved(self.journal, places)
        with writing(self.journal):
            self._file.close()
            self._file = self.journal.open("ab")

    def close(self) -> None:
        """Let go of the journal; a disk that refuses has refused before."""
        self.records.close()
        with suppress(OSError):
            self._file.close()

    def _begin(self, index: int, name: str) -> None:
        self._begun.add(name)
        self._append({"begin": name, "index": index})

    def _append(self, entry: Mapping[str, Any]) -> int:
        """Where the line begins."""
        with writing(self.journal):
            place = self._file.tell()
            self._file.write(_line(entry))
            self._file.flush()
            return place

    def _is_whole(self, entry: Mapping[str, Any]) -> bool:
        try:
            return self.path(entry["name"]).stat().st_size == int(entry["bytes"])
        except OSError:
            return False


class Journal:
    """The state that the lines of a journal add up to."""

    def __init__(self) -> None:
        self.records: dict[int, FrameRecord] = {}
        self.places: dict[int, int] = {}
        """Where the lines of these records begin."""
        self.names: set[str] = set()
        self.gaps: frozenset[int] = frozenset()
        self.end: int | None = None

    def add(self, entry: Mapping[str, Any], place: int) -> None:
        """One line more, which begins there."""
        if "begin" in entry:
            self.names.add(entry["begin"])
            self.records.pop(entry["index"], None)
            self.places.pop(entry["index"], None)
        elif "end" in entry:
            self.end, self.gaps = entry["end"], frozenset(entry["gaps"])
        else:
            record = from_json(entry)
            self.records[record.index] = record
            self.places[record.index] = place
            if not isinstance(entry["bytes"], int):
                raise TypeError("The size of a file is no number.")
            self.names.add(record.name)


def read_journal(path: Path, *, cut: bool = False) -> Journal:
    """The state that the lines of a journal add up to; a missing file counts as empty.

    Args:
        path: The journal.
        cut: Remove an unfinished line at the end, which a killed process left.

    Raises:
        OutputError: It is not a journal.
        OSError: The system refuses.
    """
    found = Journal()
    if not path.exists():
        return found
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    try:
        place = 0
        for line in content[:whole].splitlines(keepends=True):
            found.add(json.loads(line), place)
            place += len(line)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        raise OutputError(
            f"{path} is damaged, so the results cannot be continued. Start again from the first frame.",
            option="Pass --overwrite.",
        ) from None
    if cut and whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
    return found


def _in_order(records: Mapping[int, FrameRecord], names: Set[str]) -> tuple[str, ...]:
    written = [records[index].name for index in sorted(records)]
    return (*written, *sorted(names - set(written)))


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"
