"""A folder of converted networks, so that each is converted once per computer."""

import hashlib
import os
import time
import warnings
from contextlib import suppress
from pathlib import Path

from segue.errors import WriteError
from segue.files import write_bytes

_DIGEST_SIZE = 32
_SUFFIX = ".segue-graph"
_KEPT_SECONDS = 60 * 24 * 3600
"""Files that nobody has read for so long are of older weights or versions, or of a run that was killed."""


class GraphCache:
    """Contents by key, shared by all processes of a user.

    A file appears whole or not at all, and holds a digest of its content: what is damaged counts as not there. A
    folder that cannot be written is read from; one warning says so.

    Args:
        folder: Where the files are, made when it is needed; ``None``: nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def load(self, key: str) -> bytes | None:
        """The content of a key; ``None`` if there is none, or it is damaged."""
        if self._folder is None:
            return None
        path = self._folder / f"{key}{_SUFFIX}"
        try:
            data = path.read_bytes()
        except OSError:
            return None
        digest, content = data[:_DIGEST_SIZE], data[_DIGEST_SIZE:]
        if hashlib.sha256(content).digest() != digest:
            return None
        with suppress(OSError):
            os.utime(path)
        return content

    def store(self, key: str, content: bytes) -> None:
        """Keep a content; what was not read for long makes room."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            data = hashlib.sha256(content).digest() + content
            write_bytes(self._folder / f"{key}{_SUFFIX}", data)
            _drop_old(self._folder)
        except (OSError, WriteError) as error:
            warnings.warn(
                f"Converted networks cannot be kept in {self._folder} ({error}). They are made anew on each run, which "
                "takes some seconds. Set SEGUE_CACHE to a folder that can be written.",
                RuntimeWarning,
                stacklevel=2,
            )
            self._folder = None


def default_folder() -> Path | None:
    """``$SEGUE_CACHE``, else the folder for caches of this user; ``None`` for a user without a home."""
    chosen, common = os.environ.get("SEGUE_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if chosen:
        return Path(chosen) / "graphs"
    if common:
        return Path(common) / "segue" / "graphs"
    try:
        return Path.home() / ".cache" / "segue" / "graphs"
    except RuntimeError:
        return None


def _drop_old(folder: Path) -> None:
    oldest = time.time() - _KEPT_SECONDS
    for path in folder.glob(f"*{_SUFFIX}*"):
        # Another process may drop the same file, or hold it open.
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
