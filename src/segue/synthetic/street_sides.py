"""Both sides of a street: houses or green, and what stands on the sidewalk."""

import numpy as np

from segue.synthetic.camera import Curve, Path
from segue.synthetic.roadside import (
    barrier,
    bin_or_box,
    bush,
    house,
    lamp,
    sign,
    traffic_light,
    tree,
)
from segue.synthetic.shapes import flat, rectangle
from segue.synthetic.stage import BEHIND, Surface
from segue.synthetic.street_plan import HOUSES, KERB, LOOP, SHADOWS, Cast, Layout


def build_side(rng: np.random.Generator, cast: Cast, layout: Layout, side: float) -> None:
    """Houses or green along one side, and what stands on its sidewalk."""
    edge = layout.edge(side)
    back = edge + side * layout.walk
    z = 22.0 if layout.waiting else 0.0
    end = LOOP - BEHIND if layout.waiting else LOOP
    green = rng.uniform(0.15, 0.5)
    while z < end - 6:
        length = min(rng.uniform(9, 20), end - z)
        if rng.random() < green:
            _plant(rng, cast, back, side, z, length)
        else:
            setback = rng.choice([0.0, 0.0, 2.5])
            path = Path(x=Curve(back + side * (5 + setback)), z=Curve(z + length / 2))
            cast.place(house(rng, length), path, HOUSES)
            if side > 0:
                reach = rectangle(
                    -5 - setback - rng.uniform(1.0, 3.5), -length / 2, 0.0, length / 2
                )
                cast.place((Surface((reach,), flat(), shadow=True, two_sided=True),), path, SHADOWS)
        z += length
    for _ in range(int(rng.integers(10, 18))):
        x, place = edge + side * rng.uniform(0.35, 0.7), rng.uniform(0, LOOP)
        if layout.waiting and place < 22:
            place = rng.uniform(7, 9)
        _furnish(rng, cast, Path(x=Curve(x), y=Curve(KERB), z=Curve(place)), side)


def _plant(
    rng: np.random.Generator, cast: Cast, back: float, side: float, z: float, length: float
) -> None:
    """A gap between houses: a wall or a fence, trees and bushes behind it."""
    kind = str(rng.choice(["wall", "fence", ""], p=[0.35, 0.45, 0.2]))
    if kind:
        style, pieces = int(rng.integers(1 << 32)), max(1, round(length / 4))
        for number in range(pieces):
            step = length / pieces
            piece = barrier(np.random.default_rng(style), kind, step)
            cast.place(piece, Path(x=Curve(back), z=Curve(z + (number + 0.5) * step)))
    for _ in range(int(rng.integers(2, 6))):
        x = back + side * rng.uniform(1.0, 9)
        path = Path(x=Curve(x), z=Curve(z + rng.uniform(0, length)))
        cast.place(tree(rng) if rng.random() < 0.65 else bush(rng), path)


def _furnish(rng: np.random.Generator, cast: Cast, path: Path, side: float) -> None:
    kind = rng.choice(5, p=[0.32, 0.2, 0.22, 0.12, 0.14])
    if kind == 0:
        cast.stand(tree(rng), path, (1.5, 1.2))
    elif kind == 4:
        cast.place(bin_or_box(rng), path)
    else:
        figure = (lamp(rng, -side), sign(rng), traffic_light(rng))[int(kind) - 1]
        cast.place(figure, path)
