"""Scenes of a few moving things before a background: what video object segmentation is about."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from segue.synthetic.camera import Camera, Curve, Path, draw_wave, starting_at
from segue.synthetic.figures import (
    Figure,
    animal,
    ball,
    bird,
    class_of,
    draw_colour,
    fish,
    owned,
    part,
    person,
    shadow_of,
    toy,
)
from segue.synthetic.materials import draw_materials, pick
from segue.synthetic.shapes import blob, cushion, disc, flat, limb, rectangle, upright
from segue.synthetic.stage import Body, Stage, Surface
from segue.synthetic.vehicles import bicycle, rider

EYE = 1.4
"""Height of the camera above the ground, in metres."""
_WALL = 14.0
"""Distance of the background, in metres."""
_BACKDROP, _DISTANT, _SHADOWS, _THINGS = range(4)


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of background and the things that are found there."""

    wall: tuple[str, ...]
    ground: tuple[str, ...]
    """Empty if things float before the wall."""
    categories: tuple[str, ...]
    shadows: bool = True


PLACES = (
    Place(("sky", "leaves", "sky"), ("grass", "asphalt", "slabs"), ("animal", "person", "ball", "cyclist", "bird")),
    Place(("bricks", "knit", "planks", "checks"), ("planks", "slabs", "knit"), ("toy", "ball", "person", "animal")),
    Place(("water",), (), ("fish", "fish", "toy")),
    Place(("sky", "leaves", "fur"), (), ("bird", "bird", "ball", "toy"), False),
)  # fmt: skip

_FLOATING = ("bird", "fish", "toy")


def _cyclist(rng: np.random.Generator) -> Figure:
    return (*bicycle(rng), *rider(rng, 0.4))


FIGURES: dict[str, Callable[[np.random.Generator], Figure]] = {
    "animal": animal,
    "ball": ball,
    "bird": bird,
    "cyclist": _cyclist,
    "fish": fish,
    "person": lambda rng: person(rng, rng.uniform(0.3, 0.6)),
    "toy": toy,
}


def draw_objects(rng: np.random.Generator, size_hw: tuple[int, int]) -> Stage:
    """The record of a scene with one to five objects; the same generator state gives the same scene."""
    place = PLACES[rng.choice(len(PLACES), p=(0.4, 0.3, 0.15, 0.15))]
    camera = _draw_camera(rng, size_hw)
    bodies = draw_background(rng, place)
    categories: list[str] = []
    for thing in range(1, int(rng.integers(1, 6)) + 1):
        twin = thing > 1 and rng.random() < 0.25
        if not twin:
            look = int(rng.integers(1 << 32))
            categories.append(place.categories[rng.integers(len(place.categories))])
        else:
            categories.append(categories[-1])
        figure = FIGURES[categories[-1]](np.random.default_rng(look))
        bodies += _set_out(rng, place, camera, figure, categories[-1], thing)
    if rng.random() < 0.45:
        bodies.append(_foreground(rng, place, camera))
    names = [surface.material for body in bodies for surface in body.surfaces]
    return Stage(
        tuple(bodies),
        tuple(categories),
        camera,
        draw_materials(int(rng.integers(1 << 32)), names),
        light=Curve(
            rng.uniform(-0.2, 0.15), 0.0, (draw_wave(rng, rng.uniform(0, 0.2), (20.0, 90.0)),)
        ),
        noise=rng.uniform(0.5, 4.0),
        noise_seed=int(rng.integers(1 << 32)),
        blur=rng.uniform(0.5, 0.9),
    )


def _draw_camera(rng: np.random.Generator, size_hw: tuple[int, int]) -> Camera:
    """A camera that is held still, or pans, zooms, rolls and shakes; it begins with a level view along z."""
    moved = rng.random() < 0.7
    strength = rng.uniform(0.3, 1.0) if moved else 0.05
    shake = rng.uniform(0, 0.004) if moved else 0.0

    def wander(amplitude: float) -> tuple[tuple[float, float, float], ...]:
        slow = draw_wave(rng, rng.uniform(0.2, 1.0) * amplitude * strength, (50.0, 160.0))
        return (slow, draw_wave(rng, rng.uniform(0, 1) * shake, (3.0, 9.0)))

    path = Path(
        x=starting_at(0.0, *wander(0.5)),
        y=starting_at(EYE, *wander(0.1)),
        yaw=starting_at(0.0, *wander(0.25)),
        pitch=starting_at(0.0, *wander(0.05)),
        roll=starting_at(0.0, *wander(0.05)),
        size=starting_at(0.0, *wander(0.2)),
    )
    return Camera(path, size_hw)


def draw_background(rng: np.random.Generator, place: Place) -> list[Body]:
    """A wall, the ground before it, and things that stand or hang there without being objects."""
    wall = pick(rng, *place.wall)
    colour = draw_colour(rng, 0.5, 1.1)
    if wall.startswith(("sky", "water", "leaves")):
        colour = (1.0, 1.0, 1.0)
    density = rng.uniform(20, 60) if not wall.startswith("sky") else 24.0
    backdrop = Surface(
        (rectangle(-80.0, -40.0, 80.0, 40.0),),
        upright(0.0, 0.0, _WALL),
        wall,
        colour,
        density,
        (0.0, 250.0),
    )
    bodies = [Body((backdrop,), layer=_BACKDROP)]
    if place.ground:
        ground = Surface(
            (rectangle(-80.0, -2.0, 80.0, _WALL),), flat(), pick(rng, *place.ground), draw_colour(rng, 0.5, 1.1), 50.0
        )  # fmt: skip
        bodies.append(Body((ground,), layer=_BACKDROP))
    for _ in range(int(rng.integers(0, 7))):
        x, z = rng.uniform(-10, 10), rng.uniform(9, _WALL - 0.5)
        surfaces = _scenery(rng, floating=not place.ground)
        path = Path(x=Curve(x), z=Curve(z), y=Curve(0.0 if place.ground else rng.uniform(-3, 5)))
        bodies.append(Body(surfaces, path, _DISTANT))
    return bodies


def _scenery(rng: np.random.Generator, floating: bool) -> Figure:
    """A tree, a bush, a post or a patch of another material."""
    kind = int(rng.integers(3))
    if floating or kind == 0:
        shape = blob(rng, tuple(rng.uniform(0.4, 1.6, 2)), (0.0, 0.5), 9, 0.2)
        return (part(shape, pick(rng, "leaves", "rough", "stones"), draw_colour(rng, 0.4, 1.1)),)
    if kind == 1:
        crown = blob(rng, tuple(rng.uniform(0.9, 1.8, 2)), (0.0, 3.2), 8, 0.2)
        trunk = limb((0.0, 0.0), (0.0, 2.6), 0.18, 0.12)
        return (
            part(trunk, "bark 0", (1.0, 1.0, 1.0)),
            part(crown, pick(rng, "leaves"), (0.9,) * 3),
        )
    height = rng.uniform(0.6, 1.6)
    box = cushion(rng.uniform(0.6, 2), height, (0.0, height / 2))
    return (part(box, pick(rng, "planks", "bricks", "checks"), draw_colour(rng, 0.4, 1.0)),)


def _foreground(rng: np.random.Generator, place: Place, camera: Camera) -> Body:
    """Something near that hides objects for a while: a trunk, a post, a plant."""
    depth = 2.2
    half_height, half_width = camera.half_view(depth)
    x = rng.choice([-1, 1]) * rng.uniform(0.4, 0.8) * half_width
    width = rng.uniform(0.06, 0.14) * half_width
    if place.ground:
        bar = limb((0.0, 0.0), (rng.uniform(-0.3, 0.3), 4.0), width, width * 0.8)
        surfaces = (part(bar, pick(rng, "bark", "bricks", "planks"), draw_colour(rng, 0.5, 1.0)),)
    else:
        plant = blob(rng, (width * 1.6, half_height * 0.9), (0.0, EYE - half_height * 0.7), 8, 0.25)
        surfaces = (part(plant, pick(rng, "leaves"), (0.8, 0.9, 0.8)),)
    return Body(surfaces, Path(x=Curve(x), z=Curve(depth)), _THINGS)


def _set_out(
    rng: np.random.Generator,
    place: Place,
    camera: Camera,
    figure: Figure,
    category: str,
    thing: int,
) -> list[Body]:
    """An object on its path, and its shadow."""
    depth = rng.uniform(3.2, 6.5)
    half_height, half_width = camera.half_view(depth)
    x, facing = _draw_course(rng, half_width, thing)
    near_and_far = draw_wave(rng, rng.uniform(0, 1.0), (40.0, 120.0))
    size = Curve(rng.uniform(-0.1, 0.5), 0.0, (draw_wave(rng, rng.uniform(0, 0.15), (20.0, 60.0)),))
    sway = draw_wave(rng, rng.uniform(0.02, 0.12), (15.0, 60.0))
    y, roll = Curve(), Curve(0.0, 0.0, (draw_wave(rng, 0.04, (15.0, 40.0)),))
    if category in _FLOATING or not place.ground:
        height = EYE + rng.uniform(-0.4, 0.5) * half_height
        y = starting_at(height, draw_wave(rng, rng.uniform(0.1, 0.5) * half_height, (25.0, 90.0)))
        roll = Curve(0.0, 0.0, (sway,))
    if category == "ball":
        bounce = draw_wave(rng, rng.uniform(0.0, 0.5), (10.0, 25.0))
        lowest = 0.27 * np.exp(size.at(0)) + bounce[0]
        y = replace(y, start=max(y.start, lowest), waves=(*y.waves, bounce))
        roll = Curve(0.0, -facing * rng.uniform(0.05, 0.25))
    # Seen from behind, a flat figure is its own mirror image.
    path = Path(
        x,
        y,
        Curve(depth, 0.0, (near_and_far,)),
        Curve(0.0 if facing > 0 else np.pi),
        roll=roll,
        size=size,
    )
    return with_shadow(place, figure, category, thing, path)


def with_shadow(place: Place, figure: Figure, category: str, thing: int, path: Path) -> list[Body]:
    """A figure as an object on its path, and the shadow that it casts on the ground or on the wall behind it.

    Args:
        place: Where it is.
        figure: Its surfaces.
        category: What it is.
        thing: Its number in the stage, from 1.
        path: Of its origin.
    """
    things = owned(figure, thing, class_of(category))
    if not place.ground:
        shadows = shadow_of(figure, 0.12, -0.18) if place.shadows else ()
        return [Body((*shadows, *things), path, _THINGS)]
    spot = disc(0.3 if category in ("ball", "bird") else 0.5, (0.1, 0.0), 0.5)
    ground = replace(path, y=Curve(), roll=Curve())
    shadow = Surface((spot,), flat(), shadow=True, two_sided=True)
    return [Body((shadow,), ground, _SHADOWS), Body(things, path, _THINGS)]


def _draw_course(rng: np.random.Generator, half_width: float, thing: int) -> tuple[Curve, float]:
    """A way across the view and the side it faces: to and fro, through, or away and back again."""
    facing = float(rng.choice([-1.0, 1.0]))
    kind = 0 if thing == 1 else int(rng.integers(3))
    if kind == 0:  # within the view
        wave = draw_wave(rng, rng.uniform(0.1, 0.5) * half_width, (30.0, 90.0))
        return starting_at(rng.uniform(-0.35, 0.35) * half_width, wave), facing
    if kind == 1:  # into the view from outside, and through it
        speed = rng.uniform(0.02, 0.06) * half_width
        return Curve(-facing * rng.uniform(1.0, 2.0) * half_width, facing * speed), facing
    wave = draw_wave(rng, rng.uniform(1.3, 1.9) * half_width, (45.0, 100.0))  # out of it and back
    return Curve(rng.uniform(-0.3, 0.3) * half_width, 0.0, (wave,)), facing
