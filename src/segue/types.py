"""The vocabulary of arrays, and what a model says about one frame.

Axis words are fixed: ``batch time channels height width objects classes``. Frames cross the border of the library as
RGB ``uint8``; label maps hold one object id per pixel, 0 for background and 255 for void.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float32, UInt8

BACKGROUND = 0
VOID = 255
MAX_OBJECTS = 254

Frame = UInt8[np.ndarray, "height width 3"]
"""One RGB image, values 0..255."""

Labels = UInt8[np.ndarray, "height width"]
"""Object (or class) id per pixel: 0 background, 1..254 objects, 255 void."""

GivenLabels = UInt8[np.ndarray, "given_height given_width"]
"""Labels from outside, whose size has yet to be compared with the frame's."""

Mask = Bool[np.ndarray, "height width"]
"""One object, true where it is."""

SoftMask = Float32[np.ndarray, "height width"]
"""Probability per pixel in [0, 1]."""


Pixels = float | int
"""A length or place in pixels."""


@dataclass(frozen=True, slots=True)
class Click:
    """A pixel of a frame that a user pointed at."""

    x: Pixels
    """Column, 0 is the leftmost."""
    y: Pixels
    """Row, 0 is the topmost."""
    include: bool = True
    """Whether it belongs to the object; False: it does not."""


BoxXYXY = tuple[Pixels, Pixels, Pixels, Pixels]
"""Left, top, right, bottom in pixels; right and bottom lie outside."""
Stroke = Sequence[tuple[Pixels, Pixels]]
"""x and y of points along a line that a user drew over an object."""


@dataclass(frozen=True, slots=True)
class ObjectScore:
    """How sure a model is of one object on one frame."""

    confidence: float
    """Mean probability of the pixels given to the object; for an absent object, one minus its highest probability."""
    absent: bool = False
    """True if no pixel was given to the object."""
    gate: float | None = None
    """What the reuse gate says: how like the last computed frame this one is; ``None`` without a gate."""
    reused: bool | None = None
    """True if the object was carried over from the last computed frame; ``None`` without a gate."""
    category: str | None = None
    """What the object is, of a model that names it."""
    box_xyxy: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom in pixels of the frame, of a model that finds boxes; masks have their own extent."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says about one frame."""

    labels: Labels
    """Object id per pixel, at the size of the frame."""
    scores: Mapping[int, ObjectScore] = field(default_factory=dict)
    """One entry per object known so far, present or absent."""
    probabilities: Mapping[int, SoftMask] | None = field(default=None, compare=False)
    """Object id -> probability per pixel, at the size of the frame, of a model that has them.

    May be computed when it is asked for, so that it costs nothing where nobody asks.
    """

    def mask(self, object_id: int) -> Mask:
        """Pixels of one object, shape ``height width``."""
        found: Mask = self.labels == object_id
        return found

    def __repr__(self) -> str:
        height, width = self.labels.shape
        return f"Prediction({height}x{width}, objects {sorted(self.scores)})"


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """What a model takes for objects on one frame, the surest first; masks may overlap."""

    masks: Bool[np.ndarray, "objects height width"]
    """At the size of the frame."""
    scores: Float32[np.ndarray, " objects"]
    """How sure the model is that this is an object, 0 to 1."""
    boxes_xyxy: Float32[np.ndarray, "objects 4"]
    """Left, top, right, bottom in pixels of the frame."""

    def __len__(self) -> int:
        return len(self.scores)
