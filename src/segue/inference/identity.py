"""What a job was asked to do, as plain values: a resumed job has to be the same one."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from segue.types import Labels

_SAMPLE_BYTES = 1 << 24
"""Of a video that are hashed, at most."""
_SAMPLE_FILES = 1000
_BLOCKS = 16
"""In which a large file is read, evenly from its head to its tail."""
_FREE = frozenset({"settings.backend"})
"""What may change between two runs of a job: the memory is the same record, whatever computes."""


def identify_files(files: Sequence[Path]) -> dict[str, Any]:
    """Number, size and a hash of a video's files: names, sizes and content, where it is much a sample of it.

    Up to 16 MB are hashed whole. Of more, blocks from the first to the last byte are, of up to 1000 files from the
    first to the last. Where the folder lies does not count, so that it may be moved between two runs.
    """
    digest = hashlib.sha256()
    sizes = [file.stat().st_size for file in files]
    for file, size in zip(files, sizes, strict=True):
        digest.update(f"{file.name}:{size};".encode())
    whole = sum(sizes) <= _SAMPLE_BYTES
    seen = files if whole else _spread(files, _SAMPLE_FILES)
    for file in seen:
        for block in _sample(file, _SAMPLE_BYTES if whole else _SAMPLE_BYTES // len(seen)):
            digest.update(block)
    return {"files": len(files), "bytes": sum(sizes), "sha256": digest.hexdigest()[:16]}


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


def _spread(files: Sequence[Path], most: int) -> Sequence[Path]:
    """Files from the first to the last, evenly."""
    if len(files) <= most:
        return files
    return [files[number * (len(files) - 1) // (most - 1)] for number in range(most)]


def _sample(file: Path, most: int) -> Iterator[bytes]:
    """The file whole, or blocks of that many bytes together."""
    with file.open("rb", buffering=0) as stream:
        size = file.stat().st_size
        if size <= most:
            yield stream.readall()
            return
        block = most // _BLOCKS
        for number in range(_BLOCKS):
            stream.seek(number * (size - block) // (_BLOCKS - 1))
            yield stream.read(block)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _show(values: Mapping[str, Any], key: str) -> str:
    return str(values[key]) if values.get(key) is not None else "not set"
