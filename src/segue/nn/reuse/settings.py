"""Settings of the reuse gate, the same for every host."""

from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field

from segue.settings import Settings

Share = Annotated[float, Field(ge=0, le=1)]


class ReuseSettings(Settings):
    """When a frame is carried over instead of computed, and how."""

    threshold: Share = 0.7
    """The dial: an object whose gate says more than this is carried over. 1 computes every frame, 0 none."""
    path: Literal["translate", "copy", "fusion"] = "translate"
    """How it is carried over: by the host's cheap path, by copying its last mask, or by copying where the gate is
    nearly certain (``copy_threshold``) and by the cheap path otherwise."""
    copy_threshold: Share = 0.95
    """Of ``fusion``: copied above it, the paper's second threshold."""

    def at(self, threshold: float) -> "ReuseSettings":
        """The same settings with another threshold.

        Raises:
            SettingsError: It is not in [0, 1].
        """
        return self if threshold == self.threshold else _at(self, threshold)


class WindowReuseSettings(ReuseSettings):
    """The same for a host that looks through windows."""

    longest: Annotated[int, Field(ge=1)] = 8
    """Looks in a row after which a frame is computed, unasked: the host learns from computed frames only."""


@lru_cache(maxsize=64)  # asked for on every frame
def _at(settings: ReuseSettings, threshold: float) -> ReuseSettings:
    return type(settings).parse({**settings.model_dump(), "threshold": threshold})
