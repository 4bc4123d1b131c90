"""Cars, trucks, buses and trams as boxes with windows and wheels; bicycles and motorcycles as flat figures.

Vehicles head along z; the middle of their ground is the origin. Two-wheelers head to the right.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from segue.synthetic.figures import SKIN, Figure, draw_colour, part, shaded
from segue.synthetic.materials import pick
from segue.synthetic.shapes import (
    Solid,
    cushion,
    disc,
    face,
    limb,
    patch,
    rectangle,
    solid,
    upright,
)
from segue.synthetic.stage import Colour, Surface, Swing

_SIDE_LIGHT = {"rear": 0.86, "front": 0.86, "left": 0.7, "right": 1.0, "top": 1.12}
_GLASS: Colour = (0.9, 0.95, 1.0)
_TYRE: Colour = (0.14, 0.14, 0.15)

_CABINS = np.array(
    [
        (-0.49, 0.22, -0.40, 0.05, 0),
        (-0.36, 0.20, -0.22, 0.04, 0),
        (-0.49, 0.25, -0.46, 0.08, 0),
        (-0.50, 0.36, -0.49, 0.22, 0.4),
    ]
)
"""Hatchback, saloon, estate, van: where the cabin and its roof begin and end, in shares of the length from the middle
of the car; metres by which it is taller."""

_TUBES = (
    ((-0.52, 0.34), (-0.12, 0.85)),
    ((-0.12, 0.8), (0.42, 0.85)),
    ((-0.02, 0.34), (0.44, 0.8)),
    ((0.52, 0.34), (0.38, 1.0)),
    ((-0.52, 0.34), (-0.02, 0.34)),
)
"""The frame of a bicycle."""


def lit(colour: Colour, side: str) -> Colour:
    """A colour as the sun lights the side of a solid."""
    return shaded(colour, _SIDE_LIGHT[side])


def painted(body: Solid, material: str, colour: Colour, **look: Any) -> list[Surface]:
    """All faces of a solid."""
    return [
        face(corners, material=material, colour=lit(colour, side), **look)
        for side, corners in body.items()
    ]


def _wheels(half_width: float, places: tuple[float, ...], radius: float) -> list[Surface]:
    """Wheels on both sides at the given z, and the tyres seen from behind and before."""
    surfaces = []
    for sign in (-1.0, 1.0):
        frame = np.array([[0, 0, sign * (half_width + 0.01)], [0, 1.0, 0], [sign, 0, 0]])
        tyres = tuple(disc(radius, (sign * z, radius)) for z in places)
        hubs = tuple(disc(radius * 0.6, (sign * z, radius)) for z in places)
        surfaces.append(Surface(tyres, frame, "rough 0", _TYRE))
        surfaces.append(Surface(hubs, frame, "strokes 0", (0.6, 0.6, 0.62), density=100.0))
    width = half_width * 0.25
    pair = tuple(
        rectangle(x - width / 2, 0.0, x + width / 2, radius * 1.2)
        for x in (-half_width + width, half_width - width)
    )
    for z in (min(places) - radius, max(places) + radius):
        surfaces.append(Surface(pair, upright(0.0, 0.0, z), "rough 0", _TYRE, two_sided=True))
    return surfaces


def car(rng: np.random.Generator) -> Figure:
    """A hatchback, saloon, estate or van."""
    colour, paint = draw_colour(rng, 0.1, 1.1), pick(rng, "paint")
    half, length = rng.uniform(0.82, 0.92), rng.uniform(3.7, 4.7)
    belt, height = rng.uniform(0.8, 0.95), rng.uniform(1.4, 1.65)
    rear, front, roof_rear, roof_front, taller = _CABINS[rng.integers(len(_CABINS))]
    height += taller
    body = solid((half, -length / 2, length / 2, 0.28), (half, -length / 2, length / 2, belt))
    cabin = solid(
        (half * 0.98, rear * length, front * length, belt),
        (half * 0.78, roof_rear * length, roof_front * length, height),
    )
    surfaces = _wheels(half, (-0.31 * length, 0.31 * length), 0.31)
    surfaces = [*surfaces[4:], *painted(body, paint, colour, gradient=(0.0, 0.25)), *surfaces[:4]]
    surfaces += _ends(body, pick(rng, "strokes"))
    surfaces += painted(cabin, paint, colour)
    for side, corners in cabin.items():
        if side == "top":
            continue
        panes = ((0.08, 0.46), (0.52, 0.92)) if side in ("left", "right") else ((0.07, 0.93),)
        surfaces += [
            face(patch(corners, left, 0.1, right, 0.88), material="glass 0", colour=_GLASS)
            for left, right in panes
        ]
    return tuple(surfaces)


def _ends(body: Solid, plate: str) -> list[Surface]:
    """Lights and plates at the rear and the front."""
    colours: dict[str, Colour] = {"rear": (0.95, 0.12, 0.1), "front": (1.2, 1.2, 1.1)}
    surfaces = []
    for side, colour in colours.items():
        for left, right in ((0.04, 0.19), (0.81, 0.96)):
            corners = patch(body[side], left, 0.6, right, 0.84)
            surfaces.append(face(corners, material="paint 0", colour=colour))
        middle = patch(body[side], 0.38, 0.3, 0.62, 0.5)
        surfaces.append(face(middle, material=plate, colour=(1.0, 1.0, 0.9), density=120.0))
        bumper = patch(body[side], 0.0, 0.0, 1.0, 0.18)
        surfaces.append(face(bumper, material="rough 0", colour=(0.2, 0.2, 0.2)))
    return surfaces


def truck(rng: np.random.Generator) -> Figure:
    """A truck: a cab and a box behind it."""
    paint, load = pick(rng, "paint"), pick(rng, "rough", "planks", "paint")
    length, height = rng.uniform(5.0, 7.5), rng.uniform(2.7, 3.4)
    rear, cab = -length / 2, length / 2 - 1.8
    colour = draw_colour(rng, 0.2, 1.1)
    box = solid((1.2, rear, cab - 0.2, 0.9), (1.2, rear, cab - 0.2, height))
    head = solid((1.1, cab, length / 2, 0.5), (1.05, cab, length / 2 - 0.3, 2.5))
    chassis = solid((0.9, rear, length / 2, 0.5), (0.9, rear, length / 2, 0.95))
    surfaces = _wheels(1.15, (rear + 0.9, rear + 2.0, cab + 0.7), 0.48)
    surfaces = [*surfaces[4:], *painted(chassis, "rough 0", (0.25, 0.25, 0.27)), *surfaces[:4]]
    # The part that is farther away comes first: seen from the rear this is the cab.
    surfaces += painted(head, paint, colour)
    surfaces += [
        face(patch(head[side], 0.1, 0.5, 0.9, 0.88), material="glass 0", colour=_GLASS)
        for side in ("left", "right", "front")
    ]
    surfaces += painted(box, load, draw_colour(rng, 0.4, 1.15), density=30.0)
    seam = patch(box["rear"], 0.49, 0.02, 0.51, 0.98)
    surfaces.append(face(seam, material="rough 0", colour=(0.3, 0.3, 0.3)))
    return (*surfaces, *_ends(chassis, "strokes 0"))


def bus(rng: np.random.Generator) -> Figure:
    """A bus."""
    colour = draw_colour(rng, 0.3, 1.2)
    return _coach(rng, colour, (1.25, rng.uniform(8, 11), 3.0), wheels=True)


def tram(rng: np.random.Generator) -> Figure:
    """A tram or train on the street, class "train"."""
    return _coach(rng, draw_colour(rng, 0.3, 1.2), (1.3, rng.uniform(13, 18), 3.3), wheels=False)


def _coach(
    rng: np.random.Generator, colour: Colour, size: tuple[float, float, float], wheels: bool
) -> Figure:
    half, length, height = size
    floor = 0.35 if wheels else 0.2
    body = solid((half, -length / 2, length / 2, floor), (half, -length / 2, length / 2, height))
    surfaces = painted(body, pick(rng, "paint"), colour, gradient=(0.0, 0.05))
    band = draw_colour(rng, 0.1, 1.1)
    doors = rng.integers(2, 4)
    for side, corners in body.items():
        if side == "top":
            continue
        stripe = patch(corners, 0.0, 0.06, 1.0, 0.22)
        surfaces.append(face(stripe, material="paint 1", colour=lit(band, side)))
        count = int(length / 1.4) if side in ("left", "right") else 1
        for number in range(count):
            left, right = (number + 0.06) / count, (number + 0.94) / count
            low = 0.1 if number % (doors + 2) == 1 and count > 1 else 0.42
            pane = patch(corners, left, low, right, 0.85)
            surfaces.append(face(pane, material="glass 1", colour=_GLASS))
    if wheels:
        round_parts = _wheels(half, (-0.3 * length, 0.32 * length), 0.46)
        surfaces = [*round_parts[4:], *surfaces, *round_parts[:4]]
    below = {side: patch(body[side], 0.0, 0.0, 1.0, 0.25) for side in ("rear", "front")}
    return (*surfaces, *_ends(below, "strokes 1"))


def bicycle(rng: np.random.Generator) -> Figure:
    """A bicycle from its side."""
    colour = draw_colour(rng, 0.2, 1.1)
    wheels = tuple(
        outline
        for x in (-0.52, 0.52)
        for outline in (disc(0.34, (x, 0.34)), disc(0.27, (x, 0.34)), disc(0.05, (x, 0.34)))
    )
    frame = [part(limb(start, end, 0.03, 0.03), "paint 0", colour) for start, end in _TUBES]
    rings = Surface(wheels, upright(), "rough 0", (0.25, 0.25, 0.25), two_sided=True)
    return (rings, *frame, part(cushion(0.26, 0.07, (-0.14, 0.92)), "rough 0", (0.2, 0.2, 0.2)))


def motorcycle(rng: np.random.Generator) -> Figure:
    """A motorcycle from its side."""
    colour = draw_colour(rng, 0.2, 1.2)
    wheels = tuple(
        outline
        for x in (-0.68, 0.68)
        for outline in (disc(0.33, (x, 0.33)), disc(0.18, (x, 0.33)), disc(0.1, (x, 0.33)))
    )
    return (
        Surface(wheels, upright(), "rough 0", (0.18, 0.18, 0.18), two_sided=True),
        part(limb((0.68, 0.33), (0.42, 1.0), 0.05, 0.05), "paint 0", (0.6, 0.6, 0.65)),
        part(cushion(0.75, 0.42, (-0.02, 0.42)), "strokes 0", (0.4, 0.4, 0.42)),
        part(limb((0.3, 0.82), (-0.75, 0.8), 0.17, 0.08), pick(rng, "paint"), colour),
        part(disc(0.09, (0.62, 0.8)), "paint 0", (1.2, 1.2, 1.1)),
    )


def rider(rng: np.random.Generator, pedals: float) -> Figure:
    """Someone on a two-wheeler; ``pedals`` is the angle of the legs in radians."""
    shirt, trousers, skin = draw_colour(rng), draw_colour(rng, 0.1, 0.7), SKIN[rng.integers(3)]
    cloth, speed, start = pick(rng, "knit", "stripes"), rng.uniform(0.4, 0.7), rng.uniform(0, 6.3)
    legs = [
        part(limb((-0.12, 0.95), (0.06, 0.25), 0.1, 0.06), "knit 0", trousers, turn)
        for turn in (Swing(sign * pedals, speed, start, (-0.12, 0.95)) for sign in (1, -1))
    ]
    helmet = disc(0.135, (0.2, 1.66))
    return (
        legs[0],
        part(limb((-0.14, 0.98), (0.12, 1.42), 0.14, 0.16), cloth, shirt),
        legs[1],
        part(disc(0.12, (0.22, 1.6), 1.15), "paint 0", skin),
        part(helmet[helmet[:, 1] > 1.63], "paint 1", draw_colour(rng)),
        part(limb((0.12, 1.38), (0.42, 1.0), 0.06, 0.045), cloth, shirt),
    )


VEHICLES: dict[str, Callable[[np.random.Generator], Figure]] = {
    "car": car,
    "truck": truck,
    "bus": bus,
    "train": tram,
}
"""Vehicles that are solids, by class."""
