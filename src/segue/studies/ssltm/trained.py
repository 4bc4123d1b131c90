"""The networks of these studies: a training each, shared by all rows that name it."""

from pathlib import Path
from typing import Any

from segue.data.catalog import find_layout
from segue.errors import InputError, NotFoundError
from segue.files import write_json
from segue.studies.setup import merge, read_config
from segue.studies.ssltm.settings import RowSettings
from segue.training.loop import WEIGHTS, Watch
from segue.training.run import read_settings, run
from segue.training.tasks.ssltm import TrainingSettings

FOLDER = "trained"
"""Beside the rows."""
_MAPS = "maps"
_RECORD = "complete.json"


def missing_footage(settings: RowSettings) -> str:
    """Why there is nothing to train with; "" if there is."""
    try:
        find_layout(settings.data.layout).sequences(settings.root, settings.footage.split)
    except (NotFoundError, InputError):
        return (
            f"no split {settings.footage.split} in {settings.root.name} to train with "
            "(footage.root=PATH footage.split=NAME)"
        )
    return ""


def place_of(settings: RowSettings, seed: int, rows: Path) -> Path:
    """The folder of a training.

    Args:
        settings: Of a row.
        seed: One of its seeds.
        rows: Holds the folders of the rows.
    """
    return rows / FOLDER / f"{settings.network}-seed-{seed}"


def learn(settings: RowSettings, seed: int, rows: Path, watch: Watch) -> Path:
    """Weights of the network of a row; trained if they are not there, and gone on with where that was cut off.

    Args:
        settings: Of the row.
        seed: Of the training.
        rows: Holds the folders of the rows; trainings lie beside them.
        watch: Told about the steps.

    Raises:
        SettingsError: There is a training of that name with other settings.
        InputError: The label budget leaves no label, or nothing is left without one for a teacher.
        TrainingError: The loss is not finite, or a worker died.
        WriteError: Disk full; the last checkpoint stays.
    """
    place = place_of(settings, seed, rows)
    training = training_of(settings, seed, rows / FOLDER / _MAPS)
    record = place / _RECORD
    if not record.is_file() or read_settings(place) != training:
        run(training, place, watch)
        write_json(record, {"complete": True})
    return place / WEIGHTS


def training_of(settings: RowSettings, seed: int, maps: Path) -> TrainingSettings:
    """The training of a row.

    Args:
        settings: Of the row.
        seed: Of the run.
        maps: A folder for maps that all trainings share.

    Raises:
        NotFoundError: There is no ``configs`` folder.
        SettingsError: A change that does not fit.
    """
    values = dict(read_config(f"ssltm/{_config(settings)}.toml"))
    (stage,) = values["stages"]
    del values["model"]  # a row has all of its network's settings
    data = {key: value for key, value in values["data"].items() if key != "labels"}
    own: dict[str, Any] = {
        "variant": settings.variant,
        "model": settings.model,
        "loop": {"seed": seed, "device": settings.device},
        "stages": [{**stage, "steps": settings.steps or stage["steps"]}],
    }
    if settings.share_maps:
        own["objective"] = {"maps": str(maps.resolve())}
    values = {
        **merge(values, _parts_of(settings.steps) if settings.steps else {}),
        "data": {
            **data,
            "layout": settings.data.layout,
            "root": str(settings.root),
            "split": settings.footage.split,
            "labels": settings.labels.model_dump(mode="json", exclude_none=True),
        },
    }
    return TrainingSettings.parse(merge(merge(values, settings.training), own))


def _config(settings: RowSettings) -> str:
    """The file in ``configs/ssltm``: they differ in how is learned, and in what is said of centres."""
    if settings.learn != "supervised":
        return settings.learn
    centred = settings.variant.startswith("ssltm") and settings.model.get("centres") != 0
    return "gcc" if centred else "ocr"


def _parts_of(steps: int) -> dict[str, Any]:
    """What the configs time by the steps of a run, in the same parts of it."""
    return {"centres": {"start": max(1, steps // 5)}, "teacher": {"ramp": steps // 10}}
