"""Processor, threads, memory and disks of this computer. Nothing here needs torch or a network."""

import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from segue import threads

_FLAGS = {
    "avx2": ("avx2",),
    "fma": ("fma",),
    "avx512": ("avx512f",),
    "vnni": ("avx512_vnni", "avx_vnni"),
    "bf16": ("avx512_bf16",),
    "amx": ("amx_tile",),
    "neon": ("neon", "asimd"),
    "dot products": ("asimddp",),
}
"""What is told -> any of these in the system's list."""
_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "GOMP_SPINCOUNT",
    "SEGUE_CACHE",
)


@dataclass(frozen=True, slots=True)
class Processor:
    """The processor."""

    name: str
    architecture: str
    processors: int
    """That this process may use."""
    flags: dict[str, bool] | None
    """Instructions that decide on speed and on int8; ``None`` where the system does not list them."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Threads of a library that is loaded."""

    library: str
    threads: int


@dataclass(frozen=True, slots=True)
class Room:
    """Memory, or a disk."""

    what: str
    free_bytes: int | None
    total_bytes: int | None


@dataclass(frozen=True, slots=True)
class Cache:
    """Where converted networks and results of probes are kept."""

    folder: str | None
    writable: bool
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Machine:
    """All of it."""

    system: str
    python: str
    processor: Processor
    pools: tuple[Pool, ...]
    """While nothing runs."""
    owned: tuple[Pool, ...]
    """While ``segue track`` runs with as many threads as the system offers."""
    variables: dict[str, str]
    """That are set in the environment and change how many threads there are, or where the cache is."""
    rooms: tuple[Room, ...]
    cache: Cache

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def examine_machine(folder: Path) -> Machine:
    """What this computer has now.

    Args:
        folder: Where results would be written; its disk is looked at.
    """
    before = _pools()
    with threads.owned(threads.current()):
        owned = _pools()
    cache = _cache()
    return Machine(
        system=platform.platform(),
        python=f"{platform.python_version()} ({sys.executable})",
        processor=_processor(),
        pools=before,
        owned=owned,
        variables={name: os.environ[name] for name in _VARIABLES if name in os.environ},
        rooms=(_memory(), _disk("disk of the working folder", folder)),
        cache=cache,
    )


def _processor() -> Processor:
    lines = _lines("/proc/cpuinfo")
    said = dict(reversed([_split(line) for line in lines]))
    listed = said.get("flags", said.get("Features"))
    flags = None
    if listed is not None:
        known = set(listed.split())
        flags = {name: bool(known & set(any_of)) for name, any_of in _FLAGS.items()}
    name = said.get("model name") or platform.processor() or platform.machine()
    return Processor(name, platform.machine(), threads.processors(), flags)


def _pools() -> tuple[Pool, ...]:
    import cv2

    pools = [Pool("OpenCV and FFmpeg", int(cv2.getNumThreads()))]
    torch = sys.modules.get("torch")
    if torch is not None:
        pools.append(Pool("torch", int(torch.get_num_threads())))
    pools.append(Pool("OpenVINO", threads.current()))
    from threadpoolctl import threadpool_info

    for info in threadpool_info():
        if info["user_api"] == "blas":
            name = f"{info['internal_api']} ({Path(info['filepath']).name})"
            pools.append(Pool(f"BLAS: {name}", int(info["num_threads"])))
    return tuple(pools)


def _memory() -> Room:
    said = dict(_split(line) for line in _lines("/proc/meminfo"))

    def size(key: str) -> int | None:
        value = said.get(key, "").split()
        return int(value[0]) * 1024 if value else None

    return Room("memory", size("MemAvailable"), size("MemTotal"))


def _disk(what: str, folder: Path) -> Room:
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        usage = shutil.disk_usage(place)
    except OSError:
        return Room(what, None, None)
    return Room(what, usage.free, usage.total)


def _cache() -> Cache:
    from segue.nn.backends.cache import default_folder

    graphs = default_folder()
    if graphs is None:
        return Cache(None, False, 0, 0)
    folder = graphs.parent
    sizes = []
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            if path.is_file():
                sizes.append(path.stat().st_size)
        except OSError:
            continue
    return Cache(str(folder), _writable(folder), len(sizes), sum(sizes))


def _writable(folder: Path) -> bool:
    """Whether a file could be made there, or the folder itself, without making any."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _lines(path: str) -> list[str]:
    """Of a file of the system; none where there is no such file."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if ":" in line]


def _split(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key.strip(), value.strip()
