"""A run: settings from a TOML file or an earlier run's folder, a task built from them, a folder that holds it all."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from segue.errors import InputError, NotFoundError, OutputError, SettingsError
from segue.files import write_bytes
from segue.settings import override, read_toml
from segue.training import checkpoint
from segue.training.loop import Watch, train
from segue.training.plan import Plan
from segue.training.tasks.catalog import RunSettings, find_task

_RECORD = "run.json"
_MAY_DIFFER = frozenset(
    {
        "loop.workers",
        "loop.device",
        "loop.checkpoint_every",
        "loop.tensorboard",
        "model.backend",
        "model.precision",
    }
)
"""What changes nothing of the weights: how a trained network is computed is a matter of its use."""


def read_settings(source: str | Path, overrides: Iterable[str] = ()) -> RunSettings:
    """The settings of a run, checked.

    Args:
        source: A TOML file, or the folder of an earlier run.
        overrides: ``key.path=value`` each.

    Raises:
        NotFoundError: Neither file nor run.
        SettingsError: An unknown key, a wrong type, a value out of range, an unknown task.
    """
    values = override(_values(Path(source)), overrides)
    name = values.get("task")
    if not isinstance(name, str):
        raise SettingsError(f'{source} does not say what to train: add a line task = "segue-lite".')
    return find_task(name).settings().parse(values)


def plan_of(settings: RunSettings) -> Plan:
    """What the loop needs of the settings."""
    return Plan(settings.loop, settings.optimiser, settings.schedule, settings.stages)


def run(settings: RunSettings, folder: str | Path, watch: Watch | None = None) -> None:
    """Train into a folder; a run that was cut off goes on where it was.

    Raises:
        SettingsError: The folder holds a run with other settings; the differences are named.
        OutputError: The folder cannot be made.
        InputError: The data are not there or empty.
        TrainingError: See ``segue.training.loop.train``.
    """
    folder = Path(folder)
    values = settings.model_dump(mode="json")
    _compare(folder, values)
    record = {"settings": values, "torch": torch.__version__}
    entry = find_task(settings.task)
    if entry.prepares:
        _make(folder)
    task = entry.build(entry.prepare(settings, folder, watch))
    _make(folder)
    write_bytes(folder / _RECORD, (json.dumps(record, indent=2, sort_keys=True) + "\n").encode())
    train(task, plan_of(settings), folder, watch)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Cannot use {folder} as the folder of a run: {error.strerror}. Give another folder."
        ) from None


def _values(source: Path) -> dict[str, Any]:
    if source.is_dir():
        record = source / _RECORD
        if not record.is_file():
            raise NotFoundError(f"{source} is not the folder of a run: it holds no {_RECORD}.")
        try:
            values: dict[str, Any] = json.loads(record.read_text())["settings"]
        except (json.JSONDecodeError, KeyError) as error:
            raise InputError(f"{record} is damaged ({error}).") from None
        return values
    return read_toml(source)


def _compare(folder: Path, settings: Mapping[str, Any]) -> None:
    # Without a checkpoint there is nothing to go on with: the settings may have been what stopped the run.
    if not (folder / _RECORD).is_file() or not checkpoint.exists(folder):
        return
    before, now = _flat(_values(folder)), _flat(settings)
    names = [k for k in {**before, **now} if before.get(k) != now.get(k) and k not in _MAY_DIFFER]
    if names:
        told = "; ".join(f"{k} was {before.get(k)!r}, now {now.get(k)!r}" for k in names[:5])
        raise SettingsError(
            f"{folder} holds a run with other settings: {told}. Give another folder, or the same "
            "settings to go on."
        )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        parts: Any = {str(i): stage for i, stage in enumerate(value)} if key == "stages" else value
        if isinstance(parts, Mapping):
            flat |= _flat(parts, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
