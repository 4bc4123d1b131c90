"""Settings of SlowFast VOS; those of the first group belong to the weights."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from segue.nn.backends.catalog import BackendName
from segue.settings import Settings

Norm = Literal["shared", "per-level"]
Border = Literal["zeros", "mirror"]
Answer = Literal["union", "instances"]

LITE = "slowfast-lite"

CONFIGURATIONS: dict[str, tuple[int, int]] = {
    "1-1": (1, 1),
    "3-3": (3, 3),
    "7-7": (7, 7),
    "1-7": (1, 7),
    "3-7": (3, 7),
}
"""The paper's five: name -> frames of the slow and of the fast path."""


class NetworkSettings(Settings):
    """What the weights were trained for."""

    slow: Annotated[int, Field(ge=1)] = 3
    """Frames that the slow, wide path sees: odd, in the middle of those of the fast path."""
    fast: Annotated[int, Field(ge=1)] = 7
    """Frames that the fast, narrow path sees: odd, at least as many as ``slow``."""
    module: bool = True
    """``false``: the detector alone, which sees one frame."""
    norm: Norm = "shared"
    """Statistics of the module's batch norms: one set for all levels of the pyramid, as in the released code, or one
    per level (ours), which takes away a difference between training and use."""
    residual: bool = False
    """Add what the module says to the features of the frame, times a gain per channel that starts at 0 (ours): a new
    module then changes nothing. In the paper its output replaces the features."""

    @field_validator("slow", "fast")
    @classmethod
    def _is_odd(cls, frames: int) -> int:
        if frames % 2 == 0:
            raise ValueError(
                f"a path sees an odd number of frames; give {frames - 1} or {frames + 1}"
            )
        return frames

    @model_validator(mode="after")
    def _fast_sees_more(self) -> "NetworkSettings":
        if self.slow > self.fast:
            raise ValueError(
                f"the slow path cannot see more frames than the fast one, got slow = {self.slow} and fast = {self.fast}"
            )
        return self

    @property
    def window(self) -> int:
        """Frames that one answer depends on."""
        return self.fast if self.module else 1

    @property
    def trained_with(self) -> dict[str, str]:
        """What a weights file says of these settings."""
        if not self.module:
            return {"module": "false"}
        return {
            "module": "true",
            "slow": str(self.slow),
            "fast": str(self.fast),
            "norm": self.norm,
            "residual": str(self.residual).lower(),
        }


class SlowFastSettings(NetworkSettings):
    """How SlowFast VOS runs."""

    border: Border = "zeros"
    """What the module sees before the first and after the last frame: nothing (the released code), or the frames near
    that end in reverse order (the released code when it fine-tunes)."""
    short_side: Annotated[int, Field(ge=32)] = 800
    """Frames are resized so that the shorter side has so many pixels ..."""
    long_side: Annotated[int, Field(ge=32)] = 1333
    """... or the longer one so many, whichever is smaller."""
    score: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Instances that are less sure are left out."""
    overlap: Annotated[float, Field(gt=0, le=1)] = 0.5
    """IoU of two boxes from which on the less sure one is left out."""
    most: Annotated[int, Field(ge=1, le=254)] = 10
    """Instances per frame, the surest ones."""
    answer: Answer = "union"
    """What a prediction shows: all instances as object 1, or each by its rank in that frame, the surest as 1."""
    backend: BackendName = "auto"
    """What computes the network; ``auto``: OpenVINO on the CPU, torch elsewhere."""
    random_weights: bool = False
    """Run with untrained weights: masks mean nothing, timings do."""
    seed: int = 0
    """Of the random weights."""

    def working_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """Height and width to which frames of some size are resized, before padding."""
        short, long = sorted(size_hw)
        scale = min(self.short_side / short, self.long_side / long)
        height, width = (max(1, math.floor(side * scale)) for side in size_hw)
        return height, width


_LITE: dict[str, Any] = {
    "norm": "per-level",
    "residual": True,
    "short_side": 256,
    "long_side": 448,
}


def variant(name: str, values: Mapping[str, Any]) -> SlowFastSettings:
    """Settings of ``slowfast`` or ``slowfast-lite`` with some values changed.

    Raises:
        SettingsError: An unknown setting, or a value out of range.
    """
    return SlowFastSettings.parse({**(_LITE if name == LITE else {}), **values})
