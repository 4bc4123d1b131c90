"""What the store keeps of one frame besides its label map."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

Origin = Literal["none", "given", "forward", "backward", "both"]
"""What made a frame's labels: nothing yet (before the first mask), a mask of the user, or passes over the video."""
Reach = Literal["end", "next-given"]
"""How far a correction reaches: to the end, or in both directions to the next given mask or checked frame."""


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """One object (or class) on one frame."""

    confidence: float
    """See ``ObjectScore``."""
    absent: bool
    area: int
    """Pixels."""
    box_xyxy: tuple[int, int, int, int] | None = None
    """Extent of the mask, the far side excluded; ``None`` without pixels, and for classes."""
    centroid_xy: tuple[float, float] | None = None
    """Whole numbers are pixel centres; ``None`` as above."""
    gate: float | None = None
    """See ``ObjectScore``."""
    reused: bool | None = None
    """See ``ObjectScore``."""
    category: str | None = None
    """See ``ObjectScore``."""


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One frame."""

    index: int
    """In the source, from 0."""
    name: str
    """Of the frame, which its label file carries."""
    time: Fraction
    """Exact presentation time in seconds."""
    objects: Mapping[int, ObjectRecord] = field(default_factory=dict)
    """By object id (or class number)."""
    origin: Origin = "forward"
    reach: Reach | None = None
    """Reach of the correction that changed the frame; ``None`` without one."""
    edit: int = 0
    """Number of the latest change by the user that the labels know of."""
