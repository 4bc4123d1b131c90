"""Models from the folders of exports."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.errors import SettingsError, WeightsError
from segue.models.catalog import MODELS, find
from segue.nn.exported.manifest import CONSTANTS, Manifest, check_files, read_manifest
from segue.nn.exported.probe import ProbeResult, probe_folder, probed

_FIXED = ("backend", "precision")
"""Settings that an export has decided."""


@dataclass(frozen=True)
class Export:
    """A folder that is an export, and whole."""

    folder: Path
    manifest: Manifest

    def settings(self, changed: Mapping[str, Any]) -> dict[str, Any]:
        """All settings of the model that differ from its defaults.

        Args:
            changed: Those that are set beside the export's.

        Raises:
            SettingsError: One that the export has decided.
        """
        for key in _FIXED:
            if key in changed:
                raise SettingsError(
                    f"{key}={changed[key]} cannot be set for {self.folder}: its graphs are "
                    f"{self.manifest.precision} for {self.manifest.graph_format}. Leave it out, or export the model "
                    "again."
                )
        return {**self.manifest.settings, **changed}


def is_export(name: str) -> bool:
    """Whether the name of a model is the path of a folder: one that is there, or one that is written like a path."""
    return name not in MODELS and (Path(name).is_dir() or "/" in name or "\\" in name)


def open_export(folder: Path) -> Export:
    """An export, its files checked.

    Raises:
        NotFoundError: The folder is no export.
        WeightsError: It is damaged, incomplete or of a newer format.
        SettingsError: It is of a model that this version does not have.
    """
    manifest = read_manifest(folder)
    find(manifest.model)
    check_files(folder, manifest)
    return Export(folder, manifest)


def failed_probes(export: Export) -> tuple[ProbeResult, ...]:
    """Graphs that do not compute here what was exported; tried once on each computer.

    Raises:
        SettingsError: What computes the graphs is not installed.
        WeightsError: The file of the probe cannot be read.
    """
    from segue.nn.backends.cache import default_folder

    results = probed(export.folder, export.manifest, probe_folder(default_folder()))
    return tuple(result for result in results if not result.passed)


def stand_in(export: Export) -> Path | None:
    """The weights of this installation that were exported, if they are here; the model computes the same with them."""
    from segue.nn.weights import shipped_weights

    manifest = export.manifest
    if not manifest.weights:
        return None
    try:
        same = all(
            _digest(shipped_weights(name)) == digest for name, digest in manifest.weights.items()
        )
        return shipped_weights(_own(manifest)) if same else None
    except WeightsError:
        return None


def load_exported(
    folder: str | Path, *, settings: Mapping[str, Any] | None = None, probe: bool = True
) -> Any:
    """The model of an export; its graphs compute what the network does.

    Args:
        folder: What ``export_model`` wrote.
        settings: Settings of the model that differ from the export's.
        probe: Whether graphs are tried on this computer, unless they were before. One that fails computes nothing:
            the model with the same weights stands in, in float32 and with torch, if it is installed.

    Returns:
        What ``load_model`` returns for the model, or ``load_click_model``.

    Raises:
        NotFoundError: The folder is no export.
        WeightsError: It is damaged, incomplete, of a newer format, or fails its probe and nothing can stand in.
        SettingsError: As in ``load_model``; a setting that the export has decided; or what computes its graphs is not
            installed.
    """
    export = open_export(Path(folder))
    failed = failed_probes(export) if probe else ()
    if failed:
        return _replaced(export, failed, settings or {})
    return load_graphs(export, settings or {})


def load_graphs(export: Export, settings: Mapping[str, Any]) -> Any:
    """The model of an export, whatever the probes say; see ``load_exported``."""
    from segue.nn.backends.catalog import using
    from segue.nn.exported.backend import ExportedBackend

    manifest = export.manifest
    with (
        using(ExportedBackend(export.folder, manifest), whole=True),
        _constants(export.folder),
        warnings.catch_warnings(),
    ):
        weights = export.folder / CONSTANTS / f"{_own(manifest)}.safetensors"
        return built(
            manifest.model,
            weights if weights.is_file() else None,
            export.settings(settings),
        )


def built(name: str, weights: Path | None, settings: Mapping[str, Any]) -> Any:
    """A model of the table on the CPU, for videos or for clicks."""
    if find(name).goes_through_videos:
        from segue.models.catalog import load_model

        return load_model(name, weights=weights, settings=settings)
    from segue.models.click.build import load_click_model

    return load_click_model(weights=weights, settings=settings)


def refusal(export: Export, failed: tuple[ProbeResult, ...]) -> WeightsError:
    """What is said where nothing stands in for graphs that fail their probe."""
    return WeightsError(
        f"{failed[0].sentence} Nothing else here can compute {export.manifest.model} with the same weights. Export it "
        "in fp32 on this computer."
    )


def replacement(export: Export, failed: tuple[ProbeResult, ...]) -> str:
    """What is said where the installed model stands in."""
    return (
        f"{failed[0].sentence} {export.manifest.model} of this installation computes instead, with the same weights, "
        f"in float32 and with torch; {export.folder} is not used."
    )


def _replaced(export: Export, failed: tuple[ProbeResult, ...], settings: Mapping[str, Any]) -> Any:
    weights = stand_in(export)
    if weights is None:
        raise refusal(export, failed)
    warnings.warn(replacement(export, failed), RuntimeWarning, stacklevel=3)
    return built(export.manifest.model, weights, {**export.settings(settings), "backend": "torch"})


def _own(manifest: Manifest) -> str:
    """The name of the model's own weights; others, of a gate, come after."""
    return next(iter(manifest.weights), manifest.model)


def _digest(path: Path) -> str:
    from segue.nn.exported.manifest import digest_of

    return digest_of(path)


@contextmanager
def _constants(folder: Path) -> Iterator[None]:
    from segue.nn.weights import constants_from

    with constants_from(folder / CONSTANTS):
        yield
