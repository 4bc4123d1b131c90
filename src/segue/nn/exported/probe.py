"""A small input of every graph with what has to come out, tried once on each computer.

A processor or a version may compute a graph wrongly without a word: bytes that overflow, an operator that was changed.
"""

import hashlib
import json
import platform
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from segue.errors import WeightsError, WriteError
from segue.files import write_json
from segue.nn.exported.graphs import ArrayGraph, open_graph
from segue.nn.exported.manifest import MANIFEST, Manifest, digest_of
from segue.nn.openvino_runtime import Array


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a graph gave for its probe."""

    graph: str
    difference: float
    """The largest of all outputs."""
    tolerance: float
    problem: str = ""
    """Why nothing was computed."""

    @property
    def passed(self) -> bool:
        """Whether the graph may be used here."""
        return not self.problem and self.difference <= self.tolerance

    @property
    def sentence(self) -> str:
        """What is wrong with it."""
        if self.problem:
            return self.problem
        return (
            f"The graph {self.graph} fails its probe on this computer: its output differs by {self.difference:.2g} "
            f"from what was exported, allowed is {self.tolerance:g}."
        )


def probed(folder: Path, manifest: Manifest, cache: Path | None) -> tuple[ProbeResult, ...]:
    """The probes of all graphs: from the cache, or tried now.

    Args:
        folder: The export.
        manifest: Its manifest; its files are as they were exported.
        cache: Where results are kept; ``None``: nowhere. A folder that cannot be written costs a warning.

    Raises:
        SettingsError: What computes such graphs is not installed.
        WeightsError: The file of the probe cannot be read.
    """
    key = _key(folder, manifest)
    kept = _kept(cache, key)
    if kept is not None:
        return kept
    results = tuple(try_probes(folder, manifest))
    if cache is not None:
        _keep(cache, key, results)
    return results


def try_probes(folder: Path, manifest: Manifest) -> Iterator[ProbeResult]:
    """Compute the probe of each graph.

    Raises:
        SettingsError: What computes such graphs is not installed.
        WeightsError: The file of the probe cannot be read.
    """
    path = folder / manifest.probe.file
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} cannot be read ({error}). Export the model again.") from None
    for name, record in manifest.graphs.items():
        inputs = [tensors[f"{name}/inputs/{port.name}"] for port in record.inputs]
        expected = [tensors[f"{name}/outputs/{port.name}"] for port in record.outputs]
        tolerance = manifest.probe.tolerance
        try:
            graph = open_graph(folder / record.file, manifest.graph_format)
            found = worst(graph, inputs, expected)
        except WeightsError as error:
            yield ProbeResult(name, float("inf"), tolerance, str(error))
        else:
            yield ProbeResult(name, found, tolerance)


def worst(graph: ArrayGraph, inputs: list[Array], expected: list[Array]) -> float:
    """The largest difference of an output of a graph from what is expected."""
    found = graph(*inputs)
    if len(found) != len(expected):
        return float("inf")
    return max(map(difference, found, expected), default=0.0)


def difference(found: Array, expected: Array) -> float:
    """How far an output is from what is expected, 0 for the same.

    Of numbers with a point the length of the difference, over the length of what is expected; of whole numbers the
    share that differs. Infinite for another shape, or where something is not a number.
    """
    if found.shape != expected.shape:
        return float("inf")
    if not np.issubdtype(expected.dtype, np.floating):
        return float(np.mean(found != expected)) if expected.size else 0.0
    apart = float(np.linalg.norm(found.astype(np.float64) - expected))
    length = float(np.linalg.norm(expected.astype(np.float64)))
    return apart / max(length, 1e-6) if np.isfinite(apart) else float("inf")


def probe_folder(graphs: Path | None) -> Path | None:
    """Where results are kept, beside the folder of converted networks."""
    return None if graphs is None else graphs.parent / "probes"


def machine() -> str:
    """The processor, as far as it decides what is computed: name and instructions."""
    try:
        said = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    lines = said.split("\n\n")[0].splitlines()
    wanted = ("model name", "flags", "Features")
    return "\n".join(line for line in lines if line.startswith(wanted)) or platform.machine()


def _key(folder: Path, manifest: Manifest) -> str:
    package = "onnxruntime" if manifest.graph_format == "onnx" else "openvino"
    said = (digest_of(folder / MANIFEST), machine(), *map(_installed, ("segue", package)))
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _kept(cache: Path | None, key: str) -> tuple[ProbeResult, ...] | None:
    """Results of an earlier try that passed; what failed is tried again, as the cause may be gone."""
    if cache is None:
        return None
    try:
        said = json.loads((cache / f"{key}.json").read_text(encoding="utf-8"))
        results = tuple(ProbeResult(**one) for one in said["probes"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return results if all(result.passed for result in results) else None


def _keep(cache: Path, key: str, results: tuple[ProbeResult, ...]) -> None:
    if not all(result.passed for result in results):
        return
    document: Mapping[str, object] = {
        "probes": [
            {"graph": r.graph, "difference": r.difference, "tolerance": r.tolerance}
            for r in results
        ]
    }
    try:
        cache.mkdir(parents=True, exist_ok=True)
        write_json(cache / f"{key}.json", document)
    except (OSError, WriteError) as error:
        warnings.warn(
            f"The result of a probe cannot be kept in {cache} ({error}). The probe is tried on each run. Set "
            "SEGUE_CACHE to a folder that can be written.",
            RuntimeWarning,
            stacklevel=2,
        )
