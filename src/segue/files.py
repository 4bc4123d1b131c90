"""Files that appear whole or not at all, and one error for every disk that refuses."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from segue.errors import OutputError, SegueError, WriteError

_LIST = ".written.json"
"""In folders that are written as a whole: the names of their files."""
_TEMPORARY = re.compile(r"\.(?:scratch|(.+))\.\d+\.(?:part|partial)")
"""Names of unfinished files and folders, and the name that each gets in the end; none for a scratch folder."""


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

    An older one must be of such a block: its files are listed in ``.written.json``, and others are never removed. What
    processes that were killed left behind of the same folder is removed.

    Raises:
        OutputError: ``path`` is a file, or holds files that no such block wrote.
        WriteError: Disk full, read-only folder; an older ``path`` is untouched.
    """
    _refuse_foreign(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent, path.name)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    older = path.with_name(f".{path.name}.{os.getpid()}.older")
    try:
        with writing(path):
            temporary.mkdir()
            yield temporary
            names = [file.relative_to(temporary).as_posix() for file in _files(temporary)]
            (temporary / _LIST).write_text(json.dumps(sorted(names)), encoding="utf-8")
            if path.exists():
                os.rename(path, older)
            os.rename(temporary, path)
    finally:
        for folder in (temporary, older):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """An empty folder in ``parent``, which is made; gone when the block ends, with what is left in it.

    A ``parent`` that was made, and is empty then, goes too.

    What processes that were killed left behind is removed.

    Raises:
        WriteError: Disk full, read-only folder.
    """
    made = not parent.exists()
    with writing(parent):
        parent.mkdir(parents=True, exist_ok=True)
    sweep(parent)
    temporary = parent / f".scratch.{os.getpid()}.partial"
    try:
        with writing(parent):
            temporary.mkdir()
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if made:
            with suppress(OSError):
                parent.rmdir()


def _refuse_foreign(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path} is a file, expected a folder. Give another name.")
    foreign = sorted(set(_files(path)) - _listed(path))
    if foreign:
        more = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
        raise OutputError(
            f"{foreign[0]}{more} is in the way: Segue did not write this file, so Segue does not remove it. "
            "Move the file away, or give another folder."
        )


def _listed(folder: Path) -> set[Path]:
    try:
        names = json.loads((folder / _LIST).read_text(encoding="utf-8"))
        return {folder / _LIST, *(folder / str(name) for name in names)}
    except (OSError, ValueError, TypeError):
        return set()


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if not file.is_dir()]


def sweep(folder: Path, name: str = "*") -> None:
    """Remove what processes that are gone left unfinished in a folder.

    Args:
        folder: Where files and folders are replaced, see ``replacing`` and ``replacing_folder``.
        name: Of the file or folder that was replaced; of any, by default.
    """
    for suffix in ("part", "partial", "older"):
        for path in folder.glob(f".{name}.*.{suffix}"):
            number = path.name.split(".")[-2]
            if not number.isdecimal() or _lives(int(number)):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()


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
    place = _final(path)
    if isinstance(error, FileExistsError | NotADirectoryError):
        return WriteError(
            f"Could not write {place}: there is a file where a folder should be. Give another folder."
        )
    reason = error.strerror or str(error)
    return WriteError(f"Could not write {place}: {reason}. Free space or give another folder.")


def _final(path: Path) -> Path:
    """Where a file would have come to lie that is written in a temporary folder first."""
    found = ((part, _TEMPORARY.fullmatch(part)) for part in path.parts)
    parts = (match[1] if match else part for part, match in found if not match or match[1])
    return Path(*parts)


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
