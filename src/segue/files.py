"""Files that appear whole or not at all, and one error for every disk that refuses."""

import json
import os
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
