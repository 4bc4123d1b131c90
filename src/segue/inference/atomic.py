"""One error for every disk that refuses, and documents that are either whole or not there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from segue.errors import SegueError
from segue.media.atomic import replacing, write_error


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
