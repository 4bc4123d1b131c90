"""Street scenes as a driving camera sees them: a road without end between houses, with traffic and people.

Everything along the road repeats after a while: what has been passed waits ahead again.
"""

import numpy as np

from segue.synthetic.camera import Camera, Curve, Path, draw_wave
from segue.synthetic.materials import draw_materials
from segue.synthetic.roadside import bonnet
from segue.synthetic.stage import Body, Stage
from segue.synthetic.street_ground import lay_ground
from segue.synthetic.street_plan import BONNET, LANE, Cast, Layout
from segue.synthetic.street_sides import build_side
from segue.synthetic.street_traffic import drive, park, walk


def draw_street(rng: np.random.Generator, size_hw: tuple[int, int]) -> Stage:
    """The record of a street scene; the same generator state gives the same scene."""
    waiting = bool(rng.random() < 0.3)
    layout = Layout(
        left=-LANE / 2 - LANE * rng.integers(1, 3) - rng.choice([0.3, 2.3]),
        right=LANE / 2 + rng.choice([0.6, 2.4, 2.4]),
        walk=rng.uniform(2.2, 4.0),
        waiting=waiting,
        speed=0.0 if waiting else rng.uniform(0.25, 0.95),
    )
    cast = Cast()
    lay_ground(rng, cast, layout)
    for side in (-1.0, 1.0):
        build_side(rng, cast, layout, side)
        park(rng, cast, layout, side)
    drive(rng, cast, layout)
    walk(rng, cast, layout)
    camera = _draw_camera(rng, layout, size_hw)
    if rng.random() < 0.5:
        half_height, half_width = camera.half_view(1.0)
        rim = -2 * half_height * (1 - camera.horizon) * rng.uniform(0.78, 0.92)
        path = Path(y=Curve(rim), z=Curve(1.0))
        cast.bodies.append(Body(bonnet(1.1 * half_width), path, BONNET, attached=True))
    names = [surface.material for body in cast.bodies for surface in body.surfaces]
    haze = rng.uniform(0.7, 0.9)
    return Stage(
        tuple(cast.bodies),
        tuple(cast.categories),
        camera,
        draw_materials(int(rng.integers(1 << 32)), names),
        light=Curve(
            rng.uniform(-0.3, 0.2), 0.0, (draw_wave(rng, rng.uniform(0, 0.12), (30.0, 120.0)),)
        ),
        haze=(haze, haze * 1.03, haze * 1.07),
        haze_per_metre=rng.uniform(0.001, 0.008),
        shade=rng.uniform(0.4, 0.75),
        noise=rng.uniform(0.5, 3.5),
        noise_seed=int(rng.integers(1 << 32)),
        blur=rng.uniform(0.5, 0.8),
    )


def _draw_camera(rng: np.random.Generator, layout: Layout, size_hw: tuple[int, int]) -> Camera:
    shake = rng.uniform(0.0003, 0.002)
    pan = draw_wave(rng, rng.uniform(0.0, 0.12 if layout.waiting else 0.05), (60.0, 160.0))
    pace = draw_wave(rng, rng.uniform(0, 2.0) * layout.speed, (60.0, 120.0))
    path = Path(
        x=Curve(rng.uniform(-0.2, 0.2), 0.0, (draw_wave(rng, 0.12, (40.0, 90.0)),)),
        y=Curve(rng.uniform(1.3, 1.7), 0.0, (draw_wave(rng, 0.015, (6.0, 12.0)),)),
        z=Curve(0.0, layout.speed, (pace,)),
        yaw=Curve(0.0, 0.0, (pan, draw_wave(rng, shake, (4.0, 9.0)))),
        pitch=Curve(
            0.0, 0.0, (draw_wave(rng, 2 * shake, (5.0, 11.0)), draw_wave(rng, 0.006, (30.0, 60.0)))
        ),
        roll=Curve(0.0, 0.0, (draw_wave(rng, 0.008, (20.0, 50.0)),)),
        size=Curve(rng.uniform(-0.1, 0.15)),
    )
    return Camera(path, size_hw, horizon=rng.uniform(0.42, 0.5))
