"""What a job was asked to do, as plain values: a resumed job has to be the same one."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from segue.types import Labels

_HEAD_BYTES = 1 << 20
_FREE = frozenset({"settings.backend"})
"""What may change between two runs of a job: the memory is the same record, whatever computes."""


def identify_files(files: Sequence[Path]) -> dict[str, Any]:
    """Number, size and a hash of a video's files: names, sizes, and the first megabyte of the first.

    Where the folder lies does not count, so that it may be moved between two runs.
    """
    digest = hashlib.sha256()
    total = 0
    for file in files:
        size = file.stat().st_size
        total += size
        digest.update(f"{file.name}:{size};".encode())
    if files:
        with files[0].open("rb") as stream:
            digest.update(stream.read(_HEAD_BYTES))
    return {"files": len(files), "bytes": total, "sha256": digest.hexdigest()[:16]}


def identify_masks(masks: Mapping[int, Labels]) -> dict[str, str]:
    """Frame number -> hash of the labels given on it, whatever file format they came in."""
    return {
        str(index): hashlib.sha256(repr(labels.shape).encode() + labels.tobytes()).hexdigest()[:16]
        for index, labels in sorted(masks.items())
    }


def hash_file(path: Path) -> str:
    """SHA-256 of a whole file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """One phrase per value that differs, such as ``max_side was 480, now is 320``; the backend may."""
    old, new = dict(_flat(before)), dict(_flat(now))
    return [
        f"{key} was {_show(old, key)}, now is {_show(new, key)}"
        for key in sorted((old.keys() | new.keys()) - _FREE)
        if old.get(key) != new.get(key)
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _show(values: Mapping[str, Any], key: str) -> str:
    return str(values[key]) if values.get(key) is not None else "not set"
