"""Settings of TTVOS that may change without training again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segue.errors import SettingsError
from segue.nn.reuse.settings import ReuseSettings
from segue.settings import Settings


class TTVOSSettings(Settings):
    """How TTVOS runs; it fits nothing, so there is little to set."""

    reuse: ReuseSettings | None = None
    """Of gated variants: when a frame is carried over. ``None`` computes every frame, without looking at the gate."""
    host: Path | None = None
    """Of the gated variants: weights of the host, by default what ships with it."""
    random_weights: bool = False
    """Run with untrained weights and nothing downloaded: masks mean nothing, timings do."""
    seed: int = 0
    """Of the random weights; TTVOS itself draws nothing at random."""


def variant(name: str, values: Mapping[str, Any]) -> TTVOSSettings:
    """Settings of a variant with some values changed; those whose names begin with ``g-`` have a gate.

    Raises:
        SettingsError: An unknown setting, a value out of range, or settings of a gate for a variant without one.
    """
    if name.startswith("g-"):
        return TTVOSSettings.parse({"reuse": {}, **values})
    settings = TTVOSSettings.parse(values)
    if settings.reuse is not None or settings.host is not None:
        raise SettingsError(
            f"{name} has no reuse gate: leave out the settings reuse and host, or use g-{name}."
        )
    return settings
