"""Files that appear whole or not at all, so that a killed run never leaves half a result."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from segue.errors import WriteError


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
