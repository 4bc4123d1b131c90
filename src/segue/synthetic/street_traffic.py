"""Who uses a street: parked and moving vehicles, riders, people on foot."""

import numpy as np

from segue.synthetic.camera import Curve, Path, draw_wave
from segue.synthetic.figures import person
from segue.synthetic.street_plan import KERB, LANE, LOOP, Cast, Layout
from segue.synthetic.vehicles import VEHICLES, bicycle, motorcycle, rider


def park(rng: np.random.Generator, cast: Cast, layout: Layout, side: float) -> None:
    """Vehicles along the kerb, bicycles on the sidewalk."""
    edge = layout.edge(side)
    if abs(edge) - LANE / 2 - LANE * (side < 0) > 2:
        z, crowd = rng.uniform(0, 8), rng.uniform(0.3, 0.95)
        while z < LOOP - 7:
            kind = str(rng.choice(["car", "truck"], p=[0.94, 0.06]))
            allowed = not layout.waiting or z > 26
            if allowed and rng.random() < crowd:
                yaw = np.pi * (side < 0) + rng.normal(0, 0.02)
                path = Path(x=Curve(edge - side * 1.15), z=Curve(z), yaw=Curve(yaw))
                _add_vehicle(rng, cast, kind, path)
            z += rng.uniform(5.5, 8.5) + 2.5 * (kind == "truck")
    for _ in range(int(rng.integers(0, 4))):
        x, z = edge + side * rng.uniform(0.8, 1.6), rng.uniform(8, LOOP)
        name = str(rng.choice(["bicycle", "motorcycle"], p=[0.7, 0.3]))
        figure = bicycle(rng) if name == "bicycle" else motorcycle(rng)
        path = Path(x=Curve(x), y=Curve(KERB), z=Curve(z), yaw=Curve(rng.uniform(-1.2, 1.2)))
        cast.place(cast.thing(name, figure), path)


def _add_vehicle(
    rng: np.random.Generator, cast: Cast, kind: str, path: Path, loop: float = LOOP
) -> None:
    surfaces = cast.thing(kind, VEHICLES[kind](rng))
    half_length = max(abs(float(surface.frame[2, 2])) for surface in surfaces)
    cast.stand(surfaces, path, (1.1 if kind == "car" else 1.4, half_length), loop)


def drive(rng: np.random.Generator, cast: Cast, layout: Layout) -> None:
    """Traffic: one or two ahead, others coming towards the camera, and across if it waits."""
    kinds, shares = ["car", "truck", "bus", "train"], [0.68, 0.12, 0.13, 0.07]
    z = rng.uniform(9, 16)
    for _ in range(0 if layout.waiting else int(rng.integers(0, 3))):
        pace = draw_wave(rng, rng.uniform(0.5, 2.0), (50.0, 120.0))
        path = Path(
            x=Curve(0.0, 0.0, (draw_wave(rng, 0.15, (40.0, 80.0)),)),
            z=Curve(z, layout.speed, (pace,)),
        )
        _add_vehicle(rng, cast, str(rng.choice(kinds[:3])), path, 0.0)
        z += rng.uniform(16, 25)
    lanes = round((-LANE / 2 - layout.left) // LANE)
    for lane in range(1, lanes + 1):
        speed, z = -rng.uniform(0.1, 0.6), rng.uniform(14, 40)
        kind = "train" if rng.random() < 0.25 else "car"
        while z < LOOP - 20:
            path = Path(x=Curve(-lane * LANE), z=Curve(z, speed), yaw=Curve(np.pi))
            _add_vehicle(rng, cast, kind, path)
            kind = str(rng.choice(kinds, p=shares))
            z += rng.uniform(20, 40)
    for _ in range(int(rng.integers(1, 4)) if layout.waiting else 0):
        towards = float(rng.choice([-1.0, 1.0]))
        start, speed = rng.uniform(-25, 15), rng.uniform(0.25, 0.6)
        path = Path(
            x=Curve(towards * start, towards * speed),
            z=Curve(16.5 - 2 * towards),
            yaw=Curve(-towards * np.pi / 2),
        )
        _add_vehicle(rng, cast, str(rng.choice(kinds[:3], p=[0.7, 0.15, 0.15])), path, 0.0)
    for _ in range(int(rng.integers(1, 4))):
        _ride(rng, cast, layout)


def _ride(rng: np.random.Generator, cast: Cast, layout: Layout) -> None:
    """Someone on a bicycle or a motorcycle, by the side of the lane or across the crossing."""
    name = str(rng.choice(["bicycle", "motorcycle"], p=[0.65, 0.35]))
    machine = cast.thing(name, bicycle(rng) if name == "bicycle" else motorcycle(rng))
    figure = (*machine, *cast.thing("rider", rider(rng, 0.4 if name == "bicycle" else 0.0)))
    x = float(rng.choice([1.5, layout.left + 1.0]))
    speed = rng.uniform(0.1, 0.4) * np.sign(x)
    lean = rng.uniform(0.9, 1.25) * np.sign(-x)
    path = Path(
        x=Curve(x),
        z=Curve(rng.uniform(9, 60), speed),
        yaw=Curve(lean),
        roll=Curve(0.0, 0.0, (draw_wave(rng, 0.05, (15.0, 40.0)),)),
    )
    loop = LOOP
    if layout.waiting:
        side = float(rng.choice([-1.0, 1.0]))
        path = Path(
            x=Curve(-side * rng.uniform(0, 9), side * rng.uniform(0.12, 0.3)),
            z=Curve(rng.uniform(9, 12)),
            yaw=Curve(0.0 if side > 0 else np.pi),
        )
        loop = 0.0
    cast.stand(figure, path, (0.7, 0.35), loop)


def walk(rng: np.random.Generator, cast: Cast, layout: Layout) -> None:
    """People on the sidewalks, and on the crossing if the car waits."""
    for _ in range(int(rng.integers(4, 14))):
        side = float(rng.choice([-1.0, 1.0]))
        edge = layout.edge(side)
        x = edge + side * rng.uniform(0.8, layout.walk - 0.3)
        path = Path(
            x=Curve(x, 0.0, (draw_wave(rng, 0.2, (40.0, 90.0)),)),
            y=Curve(KERB),
            z=Curve(rng.uniform(6, LOOP), rng.uniform(-0.1, 0.1)),
            yaw=Curve(rng.choice([0.0, np.pi]) + rng.uniform(-0.7, 0.7)),
        )
        cast.stand(cast.thing("person", person(rng, rng.uniform(0.1, 0.4))), path, (0.4, 0.3))
    for _ in range(int(rng.integers(2, 6)) if layout.waiting else 0):
        side = float(rng.choice([-1.0, 1.0]))
        start, speed = rng.uniform(-2, 8), rng.uniform(0.06, 0.13)
        path = Path(
            x=Curve(-side * start, side * speed),
            z=Curve(rng.uniform(9, 12.3)),
            yaw=Curve(0.0 if side > 0 else np.pi),
        )
        cast.stand(cast.thing("person", person(rng, rng.uniform(0.3, 0.5))), path, (0.4, 0.3), 0.0)
