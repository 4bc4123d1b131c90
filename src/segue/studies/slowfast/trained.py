"""The networks of these studies: a second stage each, shared by all rows that name it; and the first stage if asked."""

from pathlib import Path
from typing import Any

from segue.data.catalog import find_layout
from segue.errors import InputError, NotFoundError
from segue.files import write_json
from segue.models.slowfast.settings import LITE
from segue.studies.setup import merge, read_config
from segue.studies.slowfast.detector import keep_detector
from segue.studies.slowfast.settings import BOTH, RowSettings
from segue.training.loop import WEIGHTS, Watch
from segue.training.run import read_settings, run
from segue.training.tasks.slowfast import TrainingSettings

FOLDER = "trained"
"""Beside the rows."""
_MAPS = "maps"
_RECORD = "complete.json"
_SECOND_STAGE = "slowfast/unsupervised.toml"
_EPOCHS = 20


def missing_footage(settings: RowSettings) -> str:
    """Why there is nothing to train with; "" if there is, or nothing is trained."""
    if not settings.module and not settings.train_detector:
        return ""
    footage, root = settings.footage, _root(settings)
    try:
        find_layout(footage.layout).sequences(root, footage.split)
    except (NotFoundError, InputError):
        return (
            f"no split {footage.split} of {footage.layout} in {root.name} to train with "
            "(footage.root=PATH footage.layout=NAME)"
        )
    return ""


def learn(settings: RowSettings, seed: int, rows: Path, watch: Watch) -> Path:
    """Weights of the network of a row; trained if they are not there.

    Args:
        settings: Of the row.
        seed: Of the training; the detector has one seed for all.
        rows: Holds the folders of the rows; trainings lie beside them.
        watch: Told about the steps.

    Raises:
        SettingsError: There is a training of that name with other settings, or from another detector.
        WeightsError: The detector is another network's.
        TrainingError: The loss is not finite, or a worker died.
        WriteError: Disk full; the last checkpoint stays.
    """
    folder = rows / FOLDER
    detector = keep_detector(settings, folder, _first_stage(settings, folder, watch))
    if not settings.module:
        return detector
    place = folder / f"{settings.network_name}-seed-{seed}"
    training = second_stage(settings, seed, detector, folder / _MAPS)
    return _trained(training, place, watch)


def second_stage(settings: RowSettings, seed: int, detector: Path, maps: Path) -> TrainingSettings:
    """The training of a row.

    Args:
        settings: Of the row.
        seed: Of the run.
        detector: Weights to begin with.
        maps: A folder for features that all trainings share.

    Raises:
        NotFoundError: There is no ``configs`` folder.
        SettingsError: A change that does not fit.
    """
    values = merge(read_config(_SECOND_STAGE), settings.training)
    length = {"steps": settings.steps} if settings.steps else {"epochs": _EPOCHS}
    own: dict[str, Any] = {
        "data": {"footage": [_footage(settings)]},
        "model": {**settings.network_options, "name": settings.model, "initial": str(detector)},
        "loop": {"seed": seed, "device": settings.device},
        "stages": [{**length, "frozen": list(settings.frozen)}],
    }
    if settings.learning_rate is not None:
        own["optimiser"] = {"learning_rate": settings.learning_rate}
    if settings.share_maps and set(BOTH) <= set(settings.frozen):
        own["objective"] = {"maps": str(maps)}
    return TrainingSettings.parse(merge(values, own))


def _first_stage(settings: RowSettings, folder: Path, watch: Watch) -> Path | None:
    if not settings.train_detector:
        return None
    lite = settings.model == LITE
    config = "slowfast-detector-lite.toml" if lite else "slowfast/detector.toml"
    initial = None if settings.detector is None else str(settings.detector.resolve())
    own = {
        "data": {"footage": [_footage(settings)], "stills": []},
        "model": {**settings.options, "name": settings.model, "module": False, "initial": initial},
        "loop": {"device": settings.device},
    }
    values = merge(merge(read_config(config), own), settings.first_stage)
    return _trained(TrainingSettings.parse(values), folder / "first-stage", watch)


def _trained(training: TrainingSettings, place: Path, watch: Watch) -> Path:
    weights, record = place / WEIGHTS, place / _RECORD
    if not record.is_file() or read_settings(place) != training:
        run(training, place, watch)
        write_json(record, {"complete": True})
    return weights


def _footage(settings: RowSettings) -> dict[str, str]:
    footage = settings.footage
    return {"layout": footage.layout, "root": str(_root(settings)), "split": footage.split}


def _root(settings: RowSettings) -> Path:
    return (settings.footage.root or settings.data.root).resolve()
