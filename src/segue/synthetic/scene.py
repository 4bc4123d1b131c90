"""What the synthetic world gives: scenes of frames with exact instances, classes and motion."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from segue.types import Frame

SceneKind = Literal["objects", "street", "lookalikes"]
"""What videos show: things before a background, a street from a car, or copies of one object that cross."""

WORLD_CLASSES: tuple[str, ...] = (
    "void", "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign",
    "vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
)  # fmt: skip
"""Class ids of ``SceneFrame.classes``: 0 is void, 1..19 are the Cityscapes classes (trainId + 1)."""


@dataclass(frozen=True, slots=True)
class SceneFrame:
    """One frame and everything that is true of it."""

    image: Frame
    instances: UInt16[np.ndarray, "height width"]
    """Object id per pixel, 0 where there is none; ids are those of ``Scene.objects`` and keep to their object."""
    classes: UInt8[np.ndarray, "height width"]
    """Index into ``WORLD_CLASSES``."""
    flow: Float32[np.ndarray, "height width 2"]
    """Where each pixel's surface point lies in the next frame: ``(dx, dy)`` in pixels; zero in the last frame."""


@dataclass(frozen=True, slots=True)
class SceneObject:
    """One object of a scene."""

    object_id: int
    """1, 2, ..., in the order of first appearance."""
    category: str
    """A name from ``WORLD_CLASSES`` in streets; "animal", "ball", ... elsewhere."""


@runtime_checkable
class Scene(Protocol):
    """A video that can be rendered any number of times, frame by frame, to the same pixels."""

    @property
    def name(self) -> str:
        """What the video is called."""
        ...

    @property
    def num_frames(self) -> int:
        """Its length."""
        ...

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of its frames."""
        ...

    @property
    def objects(self) -> tuple[SceneObject, ...]:
        """Every object that is visible in at least one frame."""
        ...

    def frames(self) -> Iterator[SceneFrame]:
        """Frames in order; memory does not grow with their number."""
        ...
