"""The table of models: name -> where it is built. Nothing is imported before it is asked for."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segue.models.interface import VideoModel
from segue.settings import look_up


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table."""

    build: str
    """``module:function``; called as ``function(name, settings=..., weights=..., device=...)``."""
    summary: str
    """Half a line for lists and help."""
    unweighted: Mapping[str, Any] = field(default_factory=dict)
    """Settings that build the model where no weights ship: to count and time it, not to use it."""


MODELS: dict[str, Entry] = {
    "segue-lite": Entry(
        "segue.models.lite.build:build",
        "the default: EfficientNet-Lite0, closed-form target model, made for CPUs",
    ),
    "frtm": Entry(
        "segue.models.frtm.build:build",
        "FRTM with ResNet-101, as in the paper",
        {"random_weights": True},
    ),
    "frtm-fast": Entry(
        "segue.models.frtm.build:build",
        "FRTM with ResNet-18 and fewer optimiser steps, as in the paper",
        {"random_weights": True},
    ),
}


def load_model(
    name: str = "segue-lite",
    *,
    device: str = "cpu",
    weights: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> VideoModel[Any]:
    """A model ready to segment videos.

    Args:
        name: A name from ``MODELS``.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        weights: A safetensors file; by default the weights that ship with the model.
        settings: Settings of the model that differ from its defaults.

    Raises:
        SettingsError: No model of that name, an unknown setting, or a device that is not there.
        NotFoundError: The weights file does not exist.
        WeightsError: The weights file is damaged or belongs to another model.
    """
    from segue.nn.device import check_device  # torch is not needed to read the table

    entry = find(name)
    check_device(device)
    module, _, function = entry.build.partition(":")
    build = getattr(importlib.import_module(module), function)
    model: VideoModel[Any] = build(
        name, settings=settings or {}, weights=Path(weights) if weights else None, device=device
    )
    return model


def find(name: str) -> Entry:
    """The table's line for a name.

    Raises:
        SettingsError: There is none; the message names the nearest.
    """
    return look_up(MODELS, "model", name)
