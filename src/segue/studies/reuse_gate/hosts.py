"""The models of these studies: which weights they need, and how a gate from outside is put in."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from segue.errors import SettingsError, WeightsError
from segue.models.catalog import find, load_model
from segue.models.frtm.model import FrtmModel
from segue.models.interface import VideoModel
from segue.models.reuse.build import gate_name
from segue.models.reuse.model import GatedModel
from segue.nn.weights import shipped_weights
from segue.studies.reuse_gate.settings import MeasureSettings

GateOverride = Callable[[int, int], float]
"""``(object id, frame index) -> how alike``, in place of the learned gate."""

LITE_GATE = gate_name("segue-lite")


def weights_of(settings: MeasureSettings) -> dict[str, Path]:
    """The files that the model of a row is made from, by name.

    Raises:
        WeightsError: Some were not given and do not ship.
    """
    own = settings.trained_as or settings.model
    names = [own, *_besides(settings).values()]
    return {name: settings.weights.get(name) or shipped_weights(name) for name in names}


def _besides(settings: MeasureSettings) -> Mapping[str, str]:
    """Settings of the model that name further files of weights -> the names of these weights."""
    if not settings.reuse or settings.trained_as:
        return {}
    return find(settings.model).more_weights


def missing_weights(settings: MeasureSettings) -> str:
    """Why the model of a row cannot be made; "" if it can, after its training if it has one."""
    learned = settings.training
    try:
        if learned and learned.gives not in settings.weights:
            begin = learned.begins_with
            if begin and begin not in settings.weights:
                shipped_weights(begin)
            known = {**settings.weights, learned.gives: Path()}
            settings = settings.model_copy(update={"weights": known})
        weights_of(settings)
    except WeightsError:
        lacking = learned.begins_with if learned and learned.begins_with else ""
        return f"no trained weights of {lacking or settings.trained_as or settings.model}"
    return ""


def fingerprints(settings: MeasureSettings) -> dict[str, str]:
    """What tells weights of one name apart."""
    files = weights_of(settings).items()
    return {name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for name, path in files}


def load_host(settings: MeasureSettings, override: GateOverride | None = None) -> VideoModel[Any]:
    """The model of a row, ready to run.

    Args:
        settings: Of the row.
        override: In place of its gate.

    Raises:
        SettingsError: A setting that the model does not have, or a gate that cannot be replaced.
        NotFoundError: A file of weights is not there.
        WeightsError: Weights that are damaged or do not fit.
    """
    files = weights_of(settings)
    values: dict[str, Any] = {**settings.options}
    values["reuse"] = settings.reuse and settings.reuse.model_dump()
    values |= {setting: files[name] for setting, name in _besides(settings).items()}
    model = _load(settings, files[settings.trained_as or settings.model], values)
    if override is None:
        return model
    if isinstance(model, GatedModel):
        return GatedModel(model.host, model.propagator, model.reuse, override)
    if not isinstance(model, FrtmModel):
        raise SettingsError(f"The gate of {settings.model} cannot be replaced. Use gate=learned.")
    return FrtmModel(model.name, model.network, model.settings, model.device, override)


def _load(settings: MeasureSettings, weights: Path, values: dict[str, Any]) -> VideoModel[Any]:
    return load_model(settings.model, device=settings.device, weights=weights, settings=values)
