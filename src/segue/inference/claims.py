"""Which files of an output folder an earlier run wrote: ``--overwrite`` removes those and no others.

A run lists its files in ``run.json``. One that was killed has no ``run.json`` yet, but the journal of its store with
the name of each frame, noted before its label file is written. The other files did not exist when that run began, since
a new run refuses a folder that holds any of them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.errors import OutputError
from segue.inference.session.ledger import SESSION, read_session
from segue.results.store import JOURNAL, read_journal

_NUMBERED = re.compile(r"(.*?)(\d+)")


@dataclass(frozen=True, slots=True)
class Claim:
    """What an earlier run says that it wrote."""

    frames: frozenset[str] = frozenset()
    """Names of frames that have a label file."""
    files: frozenset[str] = frozenset()
    """Names of files about the whole video."""

    def __or__(self, other: "Claim") -> "Claim":
        """What at least one of two runs wrote."""
        return Claim(self.frames | other.frames, self.files | other.files)


NOTHING = Claim()


def recorded(record: Any) -> Claim:
    """What the content of a ``run.json`` claims; nothing if the file is not by Segue."""
    try:
        frames = frozenset(expand(record["written"]["frames"]))
        return Claim(frames, frozenset(record["written"]["files"]))
    except (LookupError, TypeError, ValueError):
        return NOTHING


def interrupted(session: Path, files: Iterable[str]) -> Claim:
    """What a killed run claims; nothing if there is none.

    Args:
        session: Its ``_session``.
        files: Names of the files that its command writes about the whole video.
    """
    try:
        read_session(session / SESSION)
        names = frozenset(read_journal(session / JOURNAL).names)
    except (OSError, OutputError):
        return NOTHING
    return Claim(names, frozenset(files))


def compress(names: Iterable[str]) -> list[list[str]]:
    """Names of frames as spans: first and last name of frames that are numbered one after the other."""
    spans: list[list[str]] = []
    for name in names:
        if spans and name == _next(spans[-1][1]):
            spans[-1][1] = name
        else:
            spans.append([name, name])
    return spans


def expand(spans: Iterable[Iterable[str]]) -> Iterator[str]:
    """The names that ``compress`` was given."""
    for first, last in spans:
        name: str | None = first
        while name is not None and name != last:
            yield name
            name = _next(name)
        yield last


def _next(name: str) -> str | None:
    """The name with the number at its end counted on; ``None`` where there is none, or it would grow longer."""
    found = _NUMBERED.fullmatch(name)
    if not found:
        return None
    number = str(int(found[2]) + 1).zfill(len(found[2]))
    return found[1] + number if len(number) == len(found[2]) else None
