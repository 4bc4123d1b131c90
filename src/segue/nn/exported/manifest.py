"""What the folder of an export holds: ``manifest.json`` as records, and the checks that the folder is whole."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from segue.errors import NotFoundError, WeightsError

MANIFEST = "manifest.json"
CONSTANTS = "constants"
"""Folder of the constants, ``NAME.safetensors`` by name of the weights."""
KIND = "segue-export"
VERSION = 1
"""Of the format. A change that older versions of Segue would misread raises the number."""

GraphFormat = Literal["openvino", "onnx"]
ExportPrecision = Literal["fp32", "fp16", "int8"]
SUFFIXES: dict[GraphFormat, str] = {"openvino": ".xml", "onnx": ".onnx"}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Port(_Record):
    """One input or output of a graph."""

    name: str
    dtype: str
    """As numpy calls it."""
    shape: tuple[int | None, ...]
    """``None``: any size."""


class GraphRecord(_Record):
    """One graph."""

    file: str
    """What a runtime is told to open; an OpenVINO graph has its weights in the ``.bin`` beside it."""
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


class ProbeRecord(_Record):
    """A small input of every graph, and what has to come out."""

    file: str
    """Safetensors with ``GRAPH/inputs/NAME`` and ``GRAPH/outputs/NAME``."""
    tolerance: float
    """Largest difference of an output; see ``segue.nn.exported.probe.difference``."""


class Manifest(_Record):
    """What ``manifest.json`` says."""

    kind: str
    version: int
    model: str
    """Its name in the table of models."""
    graph_format: GraphFormat
    precision: ExportPrecision
    settings: dict[str, Any]
    """Of the model, as far as they differ from its defaults."""
    graphs: dict[str, GraphRecord]
    probe: ProbeRecord
    weights: dict[str, str]
    """Name of the weights -> SHA-256 of the file that was exported."""
    files: dict[str, str]
    """Every other file, relative to the folder -> its SHA-256."""
    versions: dict[str, str]
    """Of the packages that made the export."""


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an export; its files are not looked at.

    Raises:
        NotFoundError: The folder is no export.
        WeightsError: The manifest is damaged, or of a newer format.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise NotFoundError(
            f"{folder} is no export: there is no {MANIFEST} in it. Give the folder that an export wrote, or the name "
            "of a model.",
            option="Make one with: segue export MODEL --out DIR.",
        )
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from None
    if not isinstance(said, dict) or said.get("kind") != KIND:
        raise NotFoundError(
            f"{folder} is no export: its {MANIFEST} is of something else. Give the folder that an export wrote."
        )
    version = said.get("version")
    if isinstance(version, int) and version > VERSION:
        raise WeightsError(
            f"{folder} is an export of format {version}, and this version of Segue reads formats up to {VERSION}. "
            "Update Segue, or export the model again with this version."
        )
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _damaged(path, f"{place}: {first['msg']}") from None


def check_files(folder: Path, manifest: Manifest) -> None:
    """Refuse an export of which files are missing, or are not those that were exported.

    Raises:
        WeightsError: The message names the file.
    """
    for name, digest in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise WeightsError(
                f"{folder} is incomplete: {name} is missing. Copy the whole folder, or export the model again."
            )
        if digest_of(path) != digest:
            raise WeightsError(
                f"{folder} is damaged: {name} is not the file that was exported, its SHA-256 differs. Copy the folder "
                "again, or export the model again."
            )
    missing = sorted({g.file for g in manifest.graphs.values()} - manifest.files.keys())
    if missing:
        raise _damaged(folder / MANIFEST, f"{missing[0]} has no digest")


def files_of(folder: Path) -> Mapping[str, str]:
    """Every file of a folder with its digest, but for the manifest and hidden ones."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = ((path.relative_to(folder).as_posix(), path) for path in paths)
    return {n: digest_of(path) for n, path in names if n != MANIFEST and path.name[0] != "."}


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(path: Path, reason: str) -> WeightsError:
    return WeightsError(f"{path} is damaged ({reason}). Export the model again.")
