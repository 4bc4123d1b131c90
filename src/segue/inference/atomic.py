"""Files that are either whole or not there, and one error for every disk that refuses."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from segue.errors import SegueError, WriteError


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
        reason = error.strerror or str(error)
        raise WriteError(
            f"Cannot write {path}: {reason}. What was written before stays; make room or choose "
            "another folder, then go on with --resume."
        ) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path next to ``path`` that takes its place when the block ends well.

    Raises:
        WriteError: The system refuses.
    """
    temporary = path.with_name(f".{path.name}.part")
    with writing(path):
        try:
            yield temporary
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_json(path: Path, document: Any) -> None:
    """One JSON document, indented, written whole or not at all.

    Raises:
        WriteError: The system refuses.
    """
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
