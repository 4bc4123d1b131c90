"""Files that appear whole or not at all, and one error for every disk that refuses."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from segue.errors import SegueError, WriteError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder that becomes ``path`` when the block ends well.

    Raises:
        WriteError: Disk full, read-only or missing folder; an older ``path`` is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside ``path`` that becomes ``path`` when the block ends well; an older one goes.

    What processes that were killed left behind of the same folder is removed.

    Raises:
        WriteError: Disk full, read-only folder; an older ``path`` is untouched.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    older = path.with_name(f".{path.name}.{os.getpid()}.older")
    try:
        with writing(path):
            temporary.mkdir()
            yield temporary
            if path.exists():
                os.rename(path, older)
            os.rename(temporary, path)
    finally:
        for folder in (temporary, older):
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(path: Path) -> None:
    """Remove temporary folders of processes that are gone."""
    for suffix in ("partial", "older"):
        for folder in path.parent.glob(f".{path.name}.*.{suffix}"):
            number = folder.name.split(".")[-2]
            if number.isdecimal() and not _lives(int(number)):
                shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return process != os.getpid()


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file, see ``replacing``."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_error(path: Path, error: OSError) -> WriteError:
    """The sentence for a file that could not be written."""
    reason = error.strerror or str(error)
    return WriteError(f"Could not write {path}: {reason}. Free space or give another folder.")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns the system's refusals inside the block into one sentence about ``path``.

    Raises:
        WriteError: Disk full, read-only folder, a file where a folder should be.
    """
    try:
        yield
    except SegueError:
        raise
    except OSError as error:
        raise write_error(path, error) from error


def write_json(path: Path, document: Any) -> None:
    """One JSON document, indented, written whole or not at all.

    Raises:
        WriteError: The system refuses.
    """
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
