"""What stands along a street: houses, greenery, walls, fences, lamps, signs and lights. Origins are on the ground."""

from dataclasses import replace

import numpy as np

from segue.synthetic.figures import Figure, class_of, draw_colour, part
from segue.synthetic.materials import pick
from segue.synthetic.shapes import (
    blob,
    cushion,
    disc,
    divide,
    face,
    limb,
    patch,
    rectangle,
    solid,
    upright,
)
from segue.synthetic.stage import Colour, Ripple, Surface
from segue.synthetic.vehicles import lit, painted

_METAL: Colour = (0.42, 0.44, 0.45)


def house(rng: np.random.Generator, length: float) -> Figure:
    """A house of that length along the street, with windows, often shops and a roof."""
    class_id = class_of("building")
    half, floors = 5.0, int(rng.integers(2, 6))
    height = 3.2 * floors
    wall, plaster = pick(rng, "facade"), rng.uniform(0.65, 1.05) + rng.normal(0, 0.04)
    warmth = rng.uniform(-0.06, 0.22)
    colour = (plaster * (1 + warmth / 2), plaster, plaster * (1 - warmth))
    walls = solid((half, -length / 2, length / 2, 0.0), (half, -length / 2, length / 2, height))
    surfaces = painted(
        walls, wall, colour, class_id=class_id, gradient=(0.0, 0.3 / height), shift=(0.0, 0.0)
    )
    if rng.random() < 0.5:
        shops = pick(rng, "shops")
        for side in ("left", "right"):
            corners = patch(walls[side], 0.0, 0.0, 1.0, 1 / floors)
            light = lit((0.95, 0.95, 0.95), side)
            surfaces.append(
                face(corners, material=shops, colour=light, density=80.0, class_id=class_id)
            )
    if rng.random() < 0.6:
        ridge = height + rng.uniform(1.5, 3.0)
        roof = solid(
            (half + 0.4, -length / 2, length / 2, height), (0.5, -length / 2, length / 2, ridge)
        )
        tiles = draw_colour(rng, 0.25, 0.6)
        surfaces += painted(
            roof, "bricks 0", (tiles[0] * 1.3, tiles[1], tiles[2]), class_id=class_id
        )
    return tuple(surfaces)


def tree(rng: np.random.Generator) -> Figure:
    """A tree whose crown stirs in the wind."""
    height = rng.uniform(3.5, 7.0)
    lean = rng.uniform(-0.3, 0.3)
    tint = rng.uniform(0.65, 1.15) * np.array([rng.uniform(0.8, 1.25), 1.0, rng.uniform(0.7, 1.0)])
    wind = Ripple((0.06, 0.06), (1.2, 1.5), (0.0, rng.uniform(0, 6.3)), rng.uniform(0.1, 0.4))
    crowns = []
    for number in range(int(rng.integers(2, 4))):
        size = tuple(rng.uniform(0.8, 1.5, 2) * height / 5)
        place = (lean + rng.uniform(-0.5, 0.5), height * (0.75 + 0.16 * number))
        crown = part(blob(rng, size, place, 9, 0.22), pick(rng, "leaves"), tuple(tint))
        tint = tint * 1.12
        crowns.append(replace(crown, ripple=wind, density=40.0))
    trunk = part(limb((0.0, 0.0), (lean, height * 0.8), 0.16, 0.08), "bark 0", (1.0, 1.0, 1.0))
    return _classed((trunk, *crowns), "vegetation")


def bush(rng: np.random.Generator) -> Figure:
    """A bush."""
    size = (rng.uniform(0.5, 1.5), rng.uniform(0.4, 0.9))
    shape = blob(rng, size, (0.0, size[1] * 0.7), 9, 0.2)
    return _classed((part(shape, pick(rng, "leaves"), draw_colour(rng, 0.7, 1.1)),), "vegetation")


def barrier(rng: np.random.Generator, kind: str, length: float) -> Figure:
    """A wall or a fence of that length along the street, seen from both sides."""
    height = rng.uniform(1.6, 2.6) if kind == "wall" else rng.uniform(1.0, 1.5)
    colour = draw_colour(rng, 0.5, 1.1)
    material = pick(rng, "stones", "bricks") if kind == "wall" else pick(rng, "planks")
    if kind == "wall":
        edges = solid((0.12, -length / 2, length / 2, 0.0), (0.12, -length / 2, length / 2, height))
        return _classed(tuple(painted(edges, material, colour)), kind)
    steps = np.arange(0, length, 0.25)
    tips = np.stack([steps, height + 0.1 * (np.arange(len(steps)) % 2)], axis=1)
    outline = np.concatenate([[(0.0, 0.0)], tips, [(length, height), (length, 0)]])
    frame = np.array([[0, 0, 0], [0, 1.0, 0], [1.0, 0, -length / 2]])
    pickets = Surface((outline,), frame, material, colour, two_sided=True)
    return _classed((pickets,), kind)


def lamp(rng: np.random.Generator, towards: float) -> Figure:
    """A street lamp whose arm reaches ``towards`` the road (-1 left, 1 right)."""
    height = rng.uniform(5.5, 7.5)
    arm = limb((0.0, height), (1.4 * towards, height + 0.3), 0.06, 0.05)
    return _classed(
        (
            part(limb((0.0, 0.0), (0.0, height), 0.1, 0.06), "rough 0", _METAL),
            part(arm, "rough 0", _METAL),
            part(cushion(0.6, 0.16, (1.5 * towards, height + 0.27)), "paint 0", (0.8, 0.8, 0.75)),
        ),
        "pole",
    )


def sign(rng: np.random.Generator) -> Figure:
    """A traffic sign on its pole: an order, a warning, a direction or a notice."""
    top = rng.uniform(2.2, 2.9)
    kind = int(rng.integers(4))
    triangle = disc(0.48, (0.0, top))[[2, 12, 21]]
    outer = (
        disc(0.38, (0.0, top)),
        triangle,
        rectangle(-0.45, top - 0.4, 0.45, top + 0.4),
        disc(0.38, (0.0, top)),
    )
    rim: Colour = ((0.95, 0.12, 0.12), (0.95, 0.15, 0.1), (0.12, 0.28, 0.9), (0.1, 0.3, 0.95))[kind]
    middle = outer[kind].mean(axis=0)
    inner = middle + (outer[kind] - middle) * (0.68, 0.62, 0.85, 0.55)[kind]
    plate = (
        part(outer[kind], "paint 0", rim),
        part(inner, pick(rng, "strokes"), (1.1, 1.1, 1.1) if kind < 2 else (0.9, 0.95, 1.2)),
    )
    pole = part(limb((0.0, 0.0), (0.0, top), 0.045, 0.045), "rough 0", _METAL)
    return (*_classed((pole,), "pole"), *_classed(plate, "traffic sign"))


def traffic_light(rng: np.random.Generator) -> Figure:
    """A traffic light on its pole, red or green."""
    low = rng.uniform(2.2, 2.8)
    box = part(rectangle(-0.2, low, 0.2, low + 1.1), "rough 0", (0.12, 0.13, 0.12))
    lamps: tuple[Colour, ...] = ((0.1, 1.1, 0.4), (0.35, 0.28, 0.08), (0.3, 0.06, 0.06))
    if rng.random() < 0.5:
        lamps = ((0.05, 0.25, 0.12), (0.35, 0.28, 0.08), (1.3, 0.12, 0.08))
    lenses = tuple(
        part(disc(0.12, (0.0, low + 0.22 + 0.33 * number)), "paint 0", colour)
        for number, colour in enumerate(lamps)
    )
    pole = part(limb((0.0, 0.0), (0.0, low), 0.07, 0.07), "rough 0", _METAL)
    return (*_classed((pole,), "pole"), *_classed((box, *lenses), "traffic light"))


def bin_or_box(rng: np.random.Generator) -> Figure:
    """A bin or a box, which no class names: void."""
    half, height = rng.uniform(0.25, 0.4), rng.uniform(0.7, 1.3)
    body = solid((half, -half, half, 0.0), (half * 1.05, -half, half, height))
    return tuple(painted(body, pick(rng, "rough", "planks"), draw_colour(rng, 0.15, 0.9)))


def hills(rng: np.random.Generator, distance: float) -> Figure:
    """A far line of wooded hills."""
    x = np.linspace(-3 * distance, 3 * distance, 160)
    ridge = np.full_like(x, 0.02 * distance)
    for _ in range(6):
        turn = rng.uniform(2, 20) / distance
        ridge += rng.uniform(0, 0.016) * distance * np.sin(turn * x + rng.uniform(0, 6.3))
    top = np.stack([x, np.maximum(ridge, 0.0)], axis=1)
    outline = np.concatenate([[(x[0], -0.1 * distance)], [(x[-1], -0.1 * distance)], top[::-1]])
    colour = (0.75, 0.85, 0.8)
    woods = Surface(
        (outline,), upright(0.0, 0.0, distance), "leaves 0", colour, 800 / distance, two_sided=True
    )
    return _classed((woods,), "vegetation")


def bonnet(corner: float) -> Figure:
    """The bonnet of the car that carries the camera, in the camera's axes; void."""
    x = np.linspace(-1, 1, 30)
    rim = np.stack([x * corner, -0.12 * corner * x**4], axis=1)
    outline = np.concatenate([[(-corner, -3.0), (corner, -3.0)], rim[::-1]])
    return (
        Surface(
            (divide(outline, 0.5),), upright(), "paint 0", (0.2, 0.21, 0.23), gradient=(0.0, 0.6)
        ),
    )


def _classed(figure: Figure, name: str) -> Figure:
    return tuple(replace(surface, class_id=class_of(name)) for surface in figure)
