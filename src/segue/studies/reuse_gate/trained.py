"""Rows whose weights ship nowhere: each has a short training of its own, which rows of one name share."""

from pathlib import Path

from segue.data.davis import davis_sequences
from segue.errors import InputError, NotFoundError
from segue.nn.weights import shipped_weights, ships
from segue.studies.reuse_gate.settings import LearnedSettings, MeasureSettings
from segue.studies.setup import merge, read_config
from segue.studies.training import Training
from segue.training.loop import WEIGHTS, Watch
from segue.training.tasks.catalog import RunSettings

_FOLDER = "trained"
_SPLIT = "train"


def training_of(settings: MeasureSettings, learned: LearnedSettings) -> RunSettings:
    """The training of a row: its file in ``configs/``, the row's changes, and the data at hand.

    Raises:
        NotFoundError: There is no ``configs`` folder.
        SettingsError: A change that does not fit.
    """
    values = merge(read_config(learned.config), learned.changes)
    values = merge(values, {"data": {"root": str(_root(settings)), "split": _SPLIT}})
    begin = learned.begins_with
    if begin in settings.weights or ships(begin):
        values["initial"] = str(settings.weights.get(begin) or shipped_weights(begin))
    return Training().settings(values)


def missing_footage(settings: MeasureSettings) -> str:
    """Why there is nothing to train with; "" if there is, or nothing is trained."""
    learned = settings.training
    if learned is None or learned.gives in settings.weights:
        return ""
    try:
        davis_sequences(_root(settings), _SPLIT)
    except (NotFoundError, InputError):
        return f"no split {_SPLIT} in {_root(settings).name} to train with (training_root=PATH)"
    return ""


def learn(settings: MeasureSettings, folder: Path, watch: Watch) -> MeasureSettings:
    """The settings with the weights of the row's training, which is done first if it has not been.

    Args:
        settings: Of a row; without a training, or with its weights given, they come back as they are.
        folder: Of the row; trainings lie beside the rows.
        watch: Told about the steps.

    Raises:
        SettingsError: There is a training of that name with other settings; the differences are named.
    """
    learned = settings.training
    if learned is None or learned.gives in settings.weights:
        return settings
    place = folder.parent / _FOLDER / learned.name
    Training().scores(training_of(settings, learned), place, watch)
    weights = {**settings.weights, learned.gives: place / WEIGHTS}
    return settings.model_copy(update={"weights": weights})


def _root(settings: MeasureSettings) -> Path:
    return settings.training_root or settings.data.root
