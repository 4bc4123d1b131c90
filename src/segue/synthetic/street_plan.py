"""The plan of a street: its cross-section, the order of painting, and the list of what stands and moves there."""

from dataclasses import dataclass, replace

import numpy as np

from segue.synthetic.camera import Curve, Path
from segue.synthetic.figures import Figure, class_of, owned
from segue.synthetic.shapes import disc, flat
from segue.synthetic.stage import Body, Surface

LOOP = 136.0
"""Metres after which the street repeats."""
LANE = 3.5
"""Width of a lane, in metres."""
KERB = 0.13
"""Height of the sidewalk, in metres."""

SKY, HILLS, GROUND, MARKS, SHADOWS, HOUSES, THINGS, BONNET = range(8)
"""Layers, from the first painted to the last."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A cross-section of the street, in metres from the middle of the camera's lane."""

    left: float
    """Where the road ends."""
    right: float
    walk: float
    """Width of the sidewalks."""
    waiting: bool
    """True if the car stands before a crossing."""
    speed: float
    """Metres per frame."""

    def edge(self, side: float) -> float:
        """Where the road ends on the left (-1) or the right (1)."""
        return self.left if side < 0 else self.right


class Cast:
    """Collects bodies, and numbers those that are objects."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.categories: list[str] = []

    def place(self, surfaces: Figure, path: Path, layer: int = THINGS, loop: float = LOOP) -> None:
        """Adds a body."""
        self.bodies.append(Body(surfaces, path, layer, loop))

    def stand(
        self, figure: Figure, path: Path, half_size: tuple[float, float], loop: float = LOOP
    ) -> None:
        """Adds a body with a shadow under it of the given half width and half length."""
        outline = disc(1.15, (0.25, 0.0)) * np.array(half_size)
        shadow = Surface((outline,), flat(), shadow=True, two_sided=True)
        self.place((shadow,), replace(path, y=Curve(), roll=Curve()), SHADOWS, loop)
        self.place(figure, path, loop=loop)

    def thing(self, category: str, figure: Figure) -> Figure:
        """The figure as a new object."""
        self.categories.append(category)
        return owned(figure, len(self.categories), class_of(category))
