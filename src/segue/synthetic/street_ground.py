"""The sky over a street, and the ground: road, markings, sidewalks, grass."""

import numpy as np

from segue.synthetic.camera import STILL, Curve, Path
from segue.synthetic.figures import class_of
from segue.synthetic.materials import pick
from segue.synthetic.roadside import hills
from segue.synthetic.shapes import flat, rectangle, upright
from segue.synthetic.stage import BEHIND, Colour, Surface
from segue.synthetic.street_plan import (
    GROUND,
    HILLS,
    KERB,
    LANE,
    LOOP,
    MARKS,
    SKY,
    Cast,
    Layout,
)

_FAR = 20000.0
"""Distance of the sky, in metres."""
_FOLLOWING = 0.01
"""A loop so short that what is far away seems to keep its distance."""
_TILE = 6.4
"""Metres of ground after which its texture repeats."""


def lay_ground(rng: np.random.Generator, cast: Cast, layout: Layout) -> None:
    """Sky, hills, grass, sidewalks, road and its markings."""
    sky = Surface(
        (rectangle(-4 * _FAR, -_FAR, 4 * _FAR, 4 * _FAR),),
        upright(0.0, 0.0, _FAR),
        pick(rng, "sky"),
        density=0.03,  # the texture is eight kilometres high: it ends above the view
        shift=(0.0, 246.0),
        class_id=class_of("sky"),
    )
    cast.place((sky,), STILL, SKY, _FOLLOWING)
    cast.place(hills(rng, _FAR), STILL, HILLS, _FOLLOWING)

    def strip(
        left: float, right: float, y: float, name: str, material: str, colour: Colour
    ) -> None:
        outline = rectangle(left, -BEHIND, right, 400.0)
        ground = Surface((outline,), flat(y), material, colour, class_id=class_of(name))
        cast.place((ground,), STILL, GROUND, _TILE)

    shade = rng.uniform(0.38, 0.6)
    grass = rng.uniform(0.6, 1.0)
    strip(-150.0, 150.0, -0.02, "terrain", "grass 0", (grass, grass, grass * 0.9))
    paving, tint = pick(rng, "slabs", "slabs", "bricks", "asphalt"), rng.uniform(0.6, 0.95)
    for low, high in (
        (layout.left - layout.walk, layout.left),
        (layout.right, layout.right + layout.walk),
    ):
        strip(low, high, KERB, "sidewalk", paving, (tint, tint * 0.97, tint * 0.92))
    strip(layout.left, layout.right, 0.0, "road", "asphalt 0", (shade, shade, shade * 1.04))
    for x, towards in ((layout.left, -1.0), (layout.right, 1.0)):
        frame = np.array([[0, 0, x], [0, 1.0, 0], [-towards, 0, 0]])
        edge = rectangle(-400.0, 0.0, 400.0, KERB)
        kerb = Surface((edge,), frame, "rough 0", (0.75, 0.74, 0.72), class_id=class_of("sidewalk"))
        cast.place((kerb,), STILL, GROUND, _TILE)
    _mark(rng, cast, layout)


def _mark(rng: np.random.Generator, cast: Cast, layout: Layout) -> None:
    """Lines, repaired patches, rails and the crossing on the road."""
    road = class_of("road")
    white: Colour = (1.0, 1.0, 0.97)
    middle = -LANE / 2
    dashes = tuple(
        rectangle(middle - 0.08, z, middle + 0.08, z + 3) for z in np.arange(-18, 153, 9.0)
    )
    lines = (rectangle(layout.left + 0.3, -18.0, layout.left + 0.42, 300.0),)
    for outlines, period in ((dashes, 9.0), (lines, _TILE)):
        paint = Surface(outlines, flat(0.003), "asphalt 0", white, class_id=road)
        cast.place((paint,), STILL, MARKS, period)
    for _ in range(int(rng.integers(3, 12))):
        x, z = rng.uniform(layout.left, layout.right - 1.5), rng.uniform(0, LOOP)
        tint = rng.uniform(0.3, 0.55)
        cover = rectangle(0.0, 0.0, rng.uniform(0.6, 1.5), rng.uniform(0.8, 6))
        spot = Surface((cover,), flat(), "asphalt 1", (tint, tint, tint), class_id=road)
        cast.place((spot,), Path(x=Curve(x), z=Curve(z)), MARKS)
    z = 9.0 if layout.waiting else rng.uniform(0, LOOP)
    bars = tuple(
        rectangle(x, 0.0, x + 0.5, 3.5)
        for x in np.arange(layout.left + 0.5, layout.right - 0.5, 1.0)
    )
    stripes = Surface(bars, flat(0.003), "asphalt 0", white, class_id=road)
    cast.place((stripes,), Path(z=Curve(z)), MARKS)
    if layout.waiting:
        side_road = rectangle(-60.0, 0.0, 60.0, 8.0)
        tar = Surface((side_road,), flat(), "asphalt 0", (0.45, 0.45, 0.47), class_id=road)
        cast.place((tar,), Path(z=Curve(12.5)), GROUND, 0.0)
