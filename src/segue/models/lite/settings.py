"""Settings of segue-lite that may change without training again."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from segue.nn.backends.catalog import BackendName
from segue.nn.reuse.settings import Share, WindowReuseSettings
from segue.settings import Settings


class LiteReuseSettings(WindowReuseSettings):
    """The reuse gate of segue-lite."""

    threshold: Share = 0.8
    """An object is carried over where a look through a window is said to be worth this share of a computed frame."""


class LiteSettings(Settings):
    """How segue-lite keeps its memory."""

    update_every: Annotated[int, Field(ge=1)] = 4
    """Frames between two updates of the target model."""
    memory_rate: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Weight of a new frame in the moving memory."""
    anchor_share: Annotated[float, Field(ge=0, le=1)] = 0.4
    """Share of the given masks, against the moving memory, in the adaptive target model."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.6
    """An object whose confidence is lower is not learned from on that frame."""
    reach: Annotated[float, Field(gt=0)] | None = 0.2
    """How far from its last place, in its own sizes, a part of an object may appear; ``None``: anywhere.

    In DAVIS-2016 train 99.5 % of all parts of true masks lie within 0.17 sizes of the mask before.
    """
    augment: bool = True
    """Learn given masks also on a smaller, a mirrored and a larger view of the frame."""
    reuse: LiteReuseSettings | None = LiteReuseSettings()
    """The reuse gate; ``None``: every frame is computed, and nothing asks whether it should be."""
    gate: Path | None = None
    """Weights of the gate; ``None``: those that ship."""
    backend: BackendName = "auto"
    """What computes the network; ``auto``: OpenVINO on the CPU, torch elsewhere."""
    precision: Literal["float32", "int8"] = "float32"
    """``int8``: convolutions in eight bits, which needs ranges beside the weights, see ``docs/runtime.md``."""
    seed: int = 0
    """Kept in the run record; segue-lite itself draws nothing at random."""
