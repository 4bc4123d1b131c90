"""The detector that all rows begin with: one file in the study's folder, so that no row begins with another."""

import hashlib
import json
from pathlib import Path

from segue.errors import NotFoundError, SettingsError
from segue.files import write_json, writing
from segue.models.slowfast.build import create_network
from segue.models.slowfast.pretrained import start_from_detector
from segue.models.slowfast.settings import variant
from segue.nn.weights import save_weights, shipped_weights, ships
from segue.studies.slowfast.settings import RowSettings

_NAME = "detector.safetensors"
_RECORD = "detector.json"


def missing_detector(settings: RowSettings) -> str:
    """Why there is nothing to begin with; "" if there is.

    Raises:
        NotFoundError: A detector was named, and is not there.
    """
    path = settings.detector
    if path is not None and not path.is_file():
        raise NotFoundError(f"No detector {path}. Name its weights: detector=FILE.")
    if path is None and not settings.train_detector and not ships(settings.model):
        return f"no trained detector of {settings.model} (detector=FILE)"
    return ""


def keep_detector(settings: RowSettings, folder: Path, trained: Path | None = None) -> Path:
    """The detector alone, in the folder of the trainings; made there from what was given, if it is not.

    Args:
        settings: Of a row.
        folder: Of the trainings.
        trained: Weights of a detector that the study trained.

    Raises:
        SettingsError: The trainings there began with another one.
        WeightsError: The file is damaged, or holds another network.
        WriteError: The system refuses.
    """
    source = trained or settings.detector or shipped_weights(settings.model)
    found, path, record = fingerprint(source), folder / _NAME, folder / _RECORD
    if path.is_file() and record.is_file():
        before = json.loads(record.read_text())["fingerprint"]
        if before != found:
            raise SettingsError(
                f"{folder} holds trainings that began with another detector ({before}) than {source} ({found}). Give "
                "another folder, or the same detector to go on."
            )
        return path
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    network = create_network(
        settings.model, variant(settings.model, {**settings.options, "module": False})
    )
    start_from_detector(network, settings.model, source)
    own = network.settings.trained_with
    save_weights(network, path, model_name=settings.model, metadata=own)
    write_json(record, {"source": source.name, "fingerprint": found})
    return path


def fingerprint(path: Path) -> str:
    """What tells files of weights apart."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
