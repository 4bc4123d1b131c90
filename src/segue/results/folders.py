"""Folders of results that appear whole or not at all, and never take a file of somebody else away."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segue.errors import OutputError
from segue.files import writing

_LIST = ".written.json"
"""In every such folder: the files that belong to it."""


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A new folder that becomes ``path`` when the block ends well.

    An older ``path`` is replaced if a block like this wrote all of its files.

    Raises:
        OutputError: ``path`` is a file, or holds files that no such block wrote.
        WriteError: Disk full or read-only; an older ``path`` is untouched.
    """
    _refuse_foreign(path)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.part")
    old = path.with_name(f".{path.name}.{os.getpid()}.old.part")
    try:
        with writing(path):
            fresh.mkdir(parents=True)
            yield fresh
            names = [one.relative_to(fresh).as_posix() for one in _files(fresh)]
            (fresh / _LIST).write_text(json.dumps(names), encoding="utf-8")
            if path.exists():
                os.replace(path, old)
            os.replace(fresh, path)
    finally:
        for folder in (fresh, old):
            shutil.rmtree(folder, ignore_errors=True)


def _refuse_foreign(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path} is a file, expected a folder. Give another name.")
    foreign = sorted(set(_files(path)) - _own(path)) if path.is_dir() else []
    if foreign:
        more = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
        raise OutputError(
            f"{foreign[0]}{more} is in the way: Segue did not write this file, so Segue does not remove it. "
            "Move the file away, or give another folder."
        )


def _own(path: Path) -> set[Path]:
    try:
        names = json.loads((path / _LIST).read_text(encoding="utf-8"))
        return {path / _LIST, *(path / str(name) for name in names)}
    except (OSError, ValueError, TypeError):
        return set()


def _files(path: Path) -> list[Path]:
    return [one for one in path.rglob("*") if not one.is_dir()]
