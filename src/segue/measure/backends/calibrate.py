"""The ranges that int8 needs, found while a model works on training frames."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from segue.errors import SettingsError
from segue.measure.backends.check import setting_names
from segue.measure.backends.clips import Clip
from segue.models.catalog import load_model
from segue.models.interface import ungated
from segue.nn.backends.calibrating import CalibratingBackend
from segue.nn.backends.catalog import using
from segue.nn.backends.int8 import Ranges


def calibrate_model(
    name: str, clips: Iterable[Clip], *, weights: Path | None, settings: Mapping[str, Any]
) -> tuple[Ranges, int]:
    """Ranges of a model's convolutions, and the number of frames that they were found on.

    Args:
        name: A model that can compute in eight bits.
        clips: Training data; never what the model is judged on.
        weights: As in ``load_model``.
        settings: As in ``load_model``.

    Raises:
        SettingsError: The model cannot compute in eight bits, or there is no such model.
        InputError: There are no frames.
    """
    backend = CalibratingBackend()
    with using(backend):
        model = load_model(name, weights=weights, settings=settings)
    if "precision" not in setting_names(model):
        raise SettingsError(
            f"{name} computes in float32 only, so there is nothing to calibrate. Models with a setting precision can."
        )
    host, frames = ungated(model), 0
    for clip in clips:
        runner = clip.runner(host)
        for frame in clip.frames():
            runner.feed(frame)
            frames += 1
    return backend.ranges(), frames
