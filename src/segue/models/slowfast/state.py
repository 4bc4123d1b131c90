"""The memory of a video, of constant size whatever its length."""

from dataclasses import dataclass

from segue.models.slowfast.stream import Map

Levels = tuple[Map, ...]
"""One map per level of the pyramid, the finest first."""
Past = tuple[tuple[tuple[Map, ...], ...], ...]
"""Level -> kind -> maps, the oldest first; see ``stream.KINDS``."""


@dataclass(frozen=True, slots=True)
class SlowFastState:
    """The memory of a video: the features of the frames that an answer still needs."""

    size_hw: tuple[int, int]
    frames: int
    """Frames seen so far."""
    features: tuple[Levels, ...]
    """Of the last frames, the oldest first; zeros or mirrored frames stand for those before the video."""
    past: Past
    """Maps within the module; empty before the module has begun."""
