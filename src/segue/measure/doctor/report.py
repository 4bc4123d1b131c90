"""Machine and software together: what would run where, and what is wrong."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from segue.errors import SegueError
from segue.exporting.loading import open_export
from segue.measure.doctor.machine import Machine, examine_machine
from segue.measure.doctor.software import Software, examine_software
from segue.models.catalog import MODELS, outside
from segue.nn.exported.probe import try_probes

_DEFAULT = "segue-lite"
_LEAST_MEMORY = 2 << 30
_LEAST_DISK = 1 << 28
_NEEDED = ("av", "numpy", "cv2", "torch")
"""Packages without which nothing runs."""

Settings = Mapping[str, Mapping[str, Any]]
"""Model -> its settings as they ship; ``backend`` and ``precision`` are among them where the model has them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model would run."""

    model: str
    weights: bool
    """Whether weights ship and are there."""
    backend: str
    """``openvino``, ``torch``, or ``none``."""
    int8: bool
    """Whether the model can compute in eight bits."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An export that was looked at."""

    folder: str
    model: str | None
    precision: str | None
    graphs: Mapping[str, float]
    """Graph -> how far its probe is from what was exported."""
    problem: str = ""


@dataclass(frozen=True)
class Report:
    """What a doctor says, and a report of a bug needs."""

    machine: Machine
    software: Software
    places: tuple[Place, ...]
    exports: tuple[Checked, ...]
    problems: tuple[str, ...]
    """Sentences about what keeps Segue from working as it should."""
    notes: tuple[str, ...]
    """Sentences about what makes it slower, or is good to know."""

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "machine": self.machine.to_json(),
            "software": self.software.to_json(),
            "models": [asdict(place) for place in self.places],
            "exports": [
                {**asdict(export), "graphs": dict(export.graphs)} for export in self.exports
            ],
            "problems": list(self.problems),
            "notes": list(self.notes),
        }


def examine(settings: Settings, exports: Iterable[Path] = (), folder: Path = Path()) -> Report:
    """Look at this computer; no network is asked, and no model is built.

    Args:
        settings: Of the models that ship.
        exports: Folders whose files are compared with their digests, and whose probes are computed.
        folder: Where results would be written.
    """
    software = examine_software()  # first, so that the threads of what it imports are seen
    machine = examine_machine(folder)
    places = tuple(_places(software, settings))
    checked = tuple(_checked(path) for path in exports)
    problems = (*_problems(machine, software, places), *(e.problem for e in checked if e.problem))
    return Report(machine, software, places, checked, problems, tuple(_notes(machine, software)))


def _places(software: Software, settings: Settings) -> Iterator[Place]:
    there = {device.runtime for device in software.devices}
    weights = Path(__file__).parents[2] / "weights"
    for name in MODELS:
        chosen = settings.get(name, {})
        backend = "openvino" if "backend" in chosen and "openvino" in there else "torch"
        yield Place(
            name,
            (weights / f"{name}.safetensors").is_file(),
            backend if "torch" in there else "none",
            "precision" in chosen and (weights / f"{name}.int8.safetensors").is_file(),
        )


def _checked(folder: Path) -> Checked:
    try:
        export = open_export(folder)
        results = tuple(try_probes(folder, export.manifest))
    except SegueError as error:
        return Checked(str(folder), None, None, {}, f"{error} {error.option}".rstrip())
    wrong = [result.sentence for result in results if not result.passed]
    graphs = {result.graph: result.difference for result in results}
    manifest = export.manifest
    problem = f"{folder}: {wrong[0]}" if wrong else ""
    return Checked(str(folder), manifest.model, manifest.precision, graphs, problem)


def _problems(machine: Machine, software: Software, places: tuple[Place, ...]) -> Iterator[str]:
    for package in _NEEDED:
        if package in software.failures:
            yield (
                f"{package} does not load ({software.failures[package]}), and nothing runs without it. Install Segue "
                "again in a fresh environment."
            )
    if not next(place for place in places if place.model == _DEFAULT).weights:
        yield f"The weights of {_DEFAULT} are not there. Install Segue again."
    for room in machine.rooms:
        least = _LEAST_MEMORY if room.what == "memory" else _LEAST_DISK
        if room.free_bytes is not None and room.free_bytes < least:
            yield (
                f"Of the {room.what} {room.free_bytes / 1e9:.1f} GB are free, and {least / 1e9:.1f} GB are wanted. "
                "Free some, or work on smaller frames."
            )
    missing = [name for name in ("h264", "mpeg4") if software.decoders.get(name) is False]
    if missing:
        yield f"FFmpeg does not decode {' and '.join(missing)}. Install PyAV from its own wheel."
    yield from outside().problems.values()


def _notes(machine: Machine, software: Software) -> Iterator[str]:
    if "openvino" in software.failures:
        yield (
            f"OpenVINO does not load ({software.failures['openvino']}), so torch computes, which is slower. Run: pip "
            "install openvino."
        )
    flags = machine.processor.flags
    if flags is not None and machine.processor.architecture in ("x86_64", "AMD64"):
        if not flags["avx2"]:
            yield (
                "This processor is older than AVX2: networks compute several times slower than on a newer one, and "
                "int8 is not tested there."
            )
        elif not flags["vnni"] and not flags["amx"]:
            yield (
                "This processor has no instructions for bytes (VNNI or AMX), so int8 is no faster than float32 here."
            )
    if not machine.cache.writable:
        yield (
            f"The cache {machine.cache.folder} cannot be written, so networks are converted on each run. Set "
            "SEGUE_CACHE to a folder that can be written."
        )
    if software.versions.get("onnxruntime") is None:
        yield "ONNX Runtime is not installed. Only exports in the format onnx need it: pip install 'segue[onnx]'."
