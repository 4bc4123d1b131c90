"""What a session has been told: its changes and given label maps, in memory or in a folder."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from segue.errors import OutputError
from segue.files import replacing, write_json, writing
from segue.inference.session.changes import Forget, Rename
from segue.inference.session.edits import Edits
from segue.media.palette import write_mask
from segue.types import Labels

FORMAT = "segue-session-1"
SESSION = "session.json"
_LOCK = "lock"


class Ledger:
    """Changes, and the label maps that came with them, by number; all in the numbers of the user.

    Args:
        folder: Where ``session.json`` and ``given`` are; ``None`` keeps all in memory.
        about: Plain values for ``session.json``: identity, source; kept as they are in a folder that has one.

    Raises:
        OutputError: The folder is of another version, damaged, or another process works in it.
        WriteError: The system refuses.
    """

    def __init__(self, folder: Path | None, about: Mapping[str, Any]) -> None:
        self.folder = folder
        self.about = dict(about)
        self.edits = Edits()
        self.pending: int | None = None
        """Number of a change of stored frames that was not finished."""
        self._maps: dict[int, Labels] = {}
        self._lock: BinaryIO | None = None
        if folder is not None:
            with writing(folder):
                (folder / "given").mkdir(parents=True, exist_ok=True)
            self._lock = lock(folder)
            try:
                if (folder / SESSION).exists():
                    self._open(folder / SESSION)
                else:
                    self._save()
            except BaseException:
                self.close()
                raise

    def add(
        self, edits: Edits, maps: Mapping[int, Labels] | None = None, pending: int | None = None
    ) -> None:
        """Take changes over; they are on disk when the call returns.

        Args:
            edits: The ones there were, and new ones.
            maps: Label maps by the number of their change.
            pending: See ``pending``.

        Raises:
            WriteError: The system refuses; nothing has changed.
        """
        for number, labels in (maps or {}).items():
            if self.folder is None:
                self._maps[number] = labels
            else:
                path = self._path(number)
                with replacing(path) as temporary:
                    write_mask(temporary, labels)
        before = self.edits, self.pending
        self.edits, self.pending = edits, pending
        try:
            self._save()
        except BaseException:
            self.edits, self.pending = before
            raise

    def done(self) -> None:
        """The pending change is finished.

        Raises:
            WriteError: The system refuses.
        """
        self.pending = None
        self._save()

    def given(self, number: int) -> Labels:
        """The label map that came with a change.

        Raises:
            OutputError: Its file is gone or damaged.
        """
        if self.folder is None:
            return self._maps[number]
        try:
            with Image.open(self._path(number)) as image:
                labels: Labels = np.array(image, dtype=np.uint8)
            return labels
        except (OSError, ValueError, SyntaxError):
            raise OutputError(
                f"{self._path(number)}, a mask that was given, is gone or damaged. Start again from the first frame.",
                option="Pass --overwrite.",
            ) from None

    def close(self) -> None:
        """Let others work in the folder; never raises."""
        if self._lock is not None:
            with suppress(OSError):
                self._lock.close()
            self._lock = None

    def _path(self, number: int) -> Path:
        assert self.folder is not None
        return self.folder / "given" / f"{number}.png"

    def _save(self) -> None:
        if self.folder is not None:
            document = {
                "format": FORMAT,
                **self.about,
                "free": self.edits.free,
                "pending": self.pending,
                "edits": self.edits.to_json(),
            }
            with replacing(self.folder / SESSION) as temporary:
                temporary.write_text(json.dumps(document) + "\n", encoding="utf-8")

    def _open(self, path: Path) -> None:
        document = read_session(path)
        self.about = {
            key: value
            for key, value in document.items()
            if key not in ("format", "free", "pending", "edits")
        }
        try:
            self.edits = Edits.from_json(document["edits"], bool(document["free"]))
            self.pending = document["pending"]
            if self.pending is not None and not isinstance(
                self.edits.items[self.pending - 1], Forget | Rename
            ):
                raise ValueError
        except (LookupError, TypeError, ValueError):
            raise _unreadable(path) from None


def read_session(path: Path) -> dict[str, Any]:
    """What a ``session.json`` holds.

    Raises:
        OutputError: There is none, or it is not of this version.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ValueError
    except (OSError, ValueError, LookupError, TypeError):
        raise _unreadable(path) from None
    found: dict[str, Any] = document
    return found


def lock(folder: Path) -> BinaryIO | None:
    """Keep other processes out of a folder until the file is closed; ``None`` where the system cannot.

    Raises:
        OutputError: Another process is in it; the message names the process.
        WriteError: The system refuses.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows
        return None
    path = folder / _LOCK
    with writing(path):
        file = path.open("a+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        who = file.read().decode(errors="replace").strip() or "another process"
        file.close()
        raise OutputError(
            f"Process {who} is working on the results in {folder.parent}. Wait until it has ended."
        ) from None
    with writing(path):
        file.truncate(0)
        file.write(f"{os.getpid()}\n".encode())
        file.flush()
    return file


def write_about(folder: Path, about: Mapping[str, Any]) -> None:
    """A new ``session.json`` without changes.

    Raises:
        WriteError: The system refuses.
    """
    write_json(
        folder / SESSION, {"format": FORMAT, **about, "free": False, "pending": None, "edits": []}
    )


def _unreadable(path: Path) -> OutputError:
    return OutputError(
        f"{path.parent.parent} holds no results that this version of Segue can continue or correct. "
        "Start again from the first frame.",
        option="Pass --overwrite.",
    )
