"""Scenes of equal objects that cross and hide one another: only their ways tell which one is which.

Copies stand apart in frame 0, have changed sides in frame 39, and go back from there, to and fro. A drawn scene is
measured before it is used, on small silhouettes; ways are drawn again until everything holds that ``_holds`` asks
for, and after ``_TRIES`` of them other copies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import cv2
import numpy as np
from jaxtyping import Bool, Float64, Int64

from segue.errors import SettingsError
from segue.synthetic.camera import Camera, Curve, Path, draw_wave, starting_at
from segue.synthetic.figures import Figure, shaded
from segue.synthetic.materials import draw_materials
from segue.synthetic.objects import EYE, FIGURES, PLACES, Place, draw_background, with_shadow
from segue.synthetic.render import silhouettes
from segue.synthetic.stage import Body, CompiledStage, Stage

CROSSING = 40
"""Frames in which every pair crosses: the length of a video that begins and ends with all copies in view."""
HIDDEN = 0.5
"""Share of the farther one that the nearer one of each pair hides, in at least two of these frames."""
VISIBLE = 0.01
"""Share of the frame that each copy shows in the first and in the last of them."""

Silhouettes = Bool[np.ndarray, "frames copies height width"]

_CATEGORIES = ("animal", "bird", "fish", "person", "toy")
"""Bodies compact enough to hide one another."""
_CASTS, _TRIES = 6, 24
_SMALL = 96.0
"""Side of a square with as many pixels as the silhouettes that are measured."""
_TURN = np.pi / (CROSSING - 1)
"""Radians per frame of a way from one side to the other."""


@dataclass(frozen=True, slots=True)
class _Cast:
    """Who is to be seen, before it is drawn how they move."""

    place: Place
    category: str
    figures: tuple[Figure, ...]
    size: tuple[float, float]
    """Width and height of a figure, in metres."""
    area: float
    """Of its outline, in square metres."""
    yaw: float
    """All copies face one side."""


def draw_lookalikes(rng: np.random.Generator, size_hw: tuple[int, int], copies: int) -> Stage:
    """The record of a scene with so many copies of one object; the same generator state gives the same scene.

    Args:
        rng: Draws everything.
        size_hw: Height and width of the frames.
        copies: From 2.

    Raises:
        SettingsError: Frames too narrow for the copies to stand apart.
    """
    for _ in range(_CASTS):
        stage = _draw(rng, size_hw, copies)
        if stage:
            return stage
    height, width = size_hw
    raise SettingsError(
        f"{copies} look-alikes cannot stand apart and cross in frames of {height}x{width}. Give wider frames, such as "
        "480x854."
    )


def _draw(rng: np.random.Generator, size_hw: tuple[int, int], copies: int) -> Stage | None:
    """A scene, or ``None`` if these copies found no ways that hold."""
    cast = _draw_cast(rng, copies)
    camera, background = _draw_camera(rng, size_hw), draw_background(rng, cast.place)
    light = Curve(
        rng.uniform(-0.15, 0.1), 0.0, (draw_wave(rng, rng.uniform(0, 0.1), (40.0, 90.0)),)
    )
    noise, noise_seed = rng.uniform(0.5, 3.0), int(rng.integers(1 << 32))
    material_seed = int(rng.integers(1 << 32))
    for bodies in _attempts(rng, cast, camera):
        stage = Stage(
            (*background, *bodies),
            (cast.category,) * copies,
            camera,
            {},
            light,
            noise=noise,
            noise_seed=noise_seed,
        )
        if _holds(stage):
            named = [surface.material for body in stage.bodies for surface in body.surfaces]
            return replace(stage, textures=draw_materials(material_seed, named))
    return None


def _draw_cast(rng: np.random.Generator, copies: int) -> _Cast:
    category = str(rng.choice(_CATEGORIES))
    places = [place for place in PLACES if category in place.categories]
    place = places[rng.integers(len(places))]
    figure = FIGURES[category](rng)
    figures = tuple(
        _copy(figure, rng.uniform(0, 40), rng.uniform(0.94, 1.06)) for _ in range(copies)
    )
    size, area = _extent(figure)
    return _Cast(place, category, figures, size, area, float(rng.choice([0.0, np.pi])))


def _copy(figure: Figure, later: float, light: float) -> Figure:
    """The figure in other light, as it swings and bends so many frames later."""
    surfaces = []
    for surface in figure:
        swing, ripple = surface.swing, surface.ripple
        if swing:
            swing = replace(swing, phase=swing.phase + swing.speed * later)
        if ripple:
            first, second = (phase + ripple.speed * later for phase in ripple.phase)
            ripple = replace(ripple, phase=(first, second))
        colour = shaded(surface.colour, light)
        surfaces.append(replace(surface, colour=colour, swing=swing, ripple=ripple))
    return tuple(surfaces)


def _extent(figure: Figure) -> tuple[tuple[float, float], float]:
    """Width, height and area of a figure's outline, measured at 64 pixels per metre."""
    outlines = [o + s.frame[:2, 2] for s in figure for o in s.outlines]
    points = np.concatenate(outlines)
    low, high = points.min(axis=0), points.max(axis=0)
    columns, rows = np.ceil((high - low) * 64).astype(int) + 2
    filled = np.zeros((rows, columns), np.uint8)
    for outline in outlines:
        cv2.fillPoly(filled, [np.rint((outline - low) * 64).astype(np.int32)], 1)
    width, height = (high - low).tolist()
    return (width, height), float(filled.sum()) / 64**2


def _draw_camera(rng: np.random.Generator, size_hw: tuple[int, int]) -> Camera:
    """A camera that turns, shifts and shakes a little, so that the background moves and the copies stay in view."""
    path = Path(
        x=starting_at(0.0, draw_wave(rng, rng.uniform(0.05, 0.2), (60.0, 160.0))),
        y=starting_at(EYE, draw_wave(rng, rng.uniform(0.0, 0.05), (60.0, 160.0))),
        yaw=starting_at(
            0.0,
            draw_wave(rng, rng.uniform(0.02, 0.06), (50.0, 160.0)),
            draw_wave(rng, rng.uniform(0.0, 0.002), (3.0, 9.0)),
        ),
        pitch=starting_at(0.0, draw_wave(rng, rng.uniform(0.0, 0.015), (50.0, 160.0))),
        roll=starting_at(0.0, draw_wave(rng, rng.uniform(0.0, 0.015), (50.0, 160.0))),
        size=starting_at(0.0, draw_wave(rng, rng.uniform(0.0, 0.03), (50.0, 160.0))),
    )
    return Camera(path, size_hw)


def _attempts(rng: np.random.Generator, cast: _Cast, camera: Camera) -> Iterator[list[Body]]:
    """The copies on ways of their own, drawn anew each time: smaller, and closer to the plainest ways."""
    share = rng.uniform(0.03, 0.05) if len(cast.figures) == 2 else rng.uniform(0.02, 0.03)
    for number in range(_TRIES):
        share = max(share * 0.97, 1.6 * VISIBLE)
        bodies = _set_out(rng, cast, camera, share, freedom=0.95**number)
        if bodies:
            yield bodies


def _set_out(
    rng: np.random.Generator, cast: _Cast, camera: Camera, share: float, freedom: float
) -> list[Body]:
    """Bodies of the copies, from left to right in frame 0; none where the view is narrower than a copy.

    Args:
        rng: Draws the ways.
        cast: The copies.
        camera: Sees them.
        share: Of the frame, that a copy in the middle of the depths covers.
        freedom: How far ways may be from the plainest, up to 1.
    """
    count = len(cast.figures)
    middle = rng.uniform(4.4, 5.2)
    size = middle * np.sqrt(share / cast.area) / 1.05  # Camera.focal
    depths = middle + rng.permutation(np.linspace(-0.3, 0.3, count))
    half_height, half_width = camera.half_view(middle)
    reach = half_width * 0.9 - 0.6 * cast.size[0] * size
    if reach <= 0:
        return []
    gap = 2 * reach / (count - 1)
    homes = np.linspace(-reach, reach, count)
    jitter = 0.1 * freedom * min(gap, half_width / 2)
    starts, ends = (homes + jitter * rng.uniform(-1, 1, count) for _ in range(2))
    level = EYE + rng.uniform(-0.25, 0.25) * half_height
    bodies = []
    for number, figure in enumerate(cast.figures):
        start, end = starts[number], ends[count - 1 - number]
        detours = freedom * half_width * rng.uniform(-1, 1, 2) * (0.45, 0.25)
        x = _across(start, end, detours[0], detours[1])
        rise = freedom * rng.uniform(0.05, 0.3) * cast.size[1] * size
        y = starting_at(level, draw_wave(rng, rise, (30.0, 80.0)))
        path = Path(
            x=x,
            y=Curve() if cast.place.ground and cast.category not in ("bird", "toy") else y,
            z=Curve(float(depths[number])),
            yaw=Curve(cast.yaw),
            roll=Curve(0.0, 0.0, (draw_wave(rng, rng.uniform(0.01, 0.06), (15.0, 50.0)),)),
            size=Curve(float(np.log(size)), 0.0, (draw_wave(rng, 0.03, (30.0, 60.0)),)),
        )
        bodies += with_shadow(cast.place, figure, cast.category, number + 1, path)
    return bodies


def _across(start: float, end: float, early: float, uneven: float) -> Curve:
    """A smooth way from one place to another in ``CROSSING`` frames, and back.

    Args:
        start: Where it begins, in metres.
        end: Where it turns.
        early: How far to the right of the plain way it is half-way.
        uneven: How far it is to the right of the plain way after a quarter, and to its left after three.
    """
    waves = (
        ((start - end) / 2, _TURN, np.pi / 2),
        (early, _TURN, 0.0),
        (uneven, 2 * _TURN, 0.0),
    )
    return Curve((start + end) / 2, 0.0, waves)


def _holds(stage: Stage) -> bool:
    """Whether the copies stand apart at both ends, keep in view, and each pair crosses and hides."""
    depths = _depths(stage)
    film = _small(stage)
    if not all(_stand_apart(silhouettes(film, film.pose(t)), depths) for t in (0, CROSSING - 1)):
        return False
    alone = np.stack([silhouettes(film, film.pose(t)) for t in range(CROSSING)])
    in_view = alone.sum(axis=(2, 3)) >= VISIBLE * alone[0, 0].size
    return bool(in_view.all()) and all(
        (hidden_shares(alone, depths, first, second) > HIDDEN * 1.1).sum() >= 2
        for first, second in combinations(range(len(depths)), 2)
    )


def _stand_apart(alone: Bool[np.ndarray, "copies height width"], depths: Sequence[float]) -> bool:
    shown = visible_areas(alone, depths)
    hardly_hidden = shown >= 0.95 * alone.sum(axis=(1, 2))
    return bool(hardly_hidden.all() and (shown >= 1.15 * VISIBLE * alone[0].size).all())


def visible_areas(
    frame: Bool[np.ndarray, "copies height width"], depths: Sequence[float]
) -> Int64[np.ndarray, " copies"]:
    """Pixels of each copy that no nearer one hides."""
    shown = np.zeros(len(depths), np.int64)
    covered = np.zeros(frame.shape[1:], bool)
    for copy in np.argsort(depths):
        shown[copy] = (frame[copy] & ~covered).sum()
        covered |= frame[copy]
    return shown


def hidden_shares(
    alone: Silhouettes, depths: Sequence[float], first: int, second: int
) -> Float64[np.ndarray, " frames"]:
    """Share of the farther one of two copies that the nearer one hides, in each frame."""
    both = (alone[:, first] & alone[:, second]).sum(axis=(1, 2))
    farther = first if depths[first] > depths[second] else second
    shares: Float64[np.ndarray, " frames"] = both / np.maximum(
        alone[:, farther].sum(axis=(1, 2)), 1
    )
    return shares


def _small(stage: Stage) -> CompiledStage:
    """The copies alone, without colours, in a small frame of the same shape."""
    height, width = stage.camera.size_hw
    scale = _SMALL / np.sqrt(height * width)
    small_hw = max(1, round(height * scale)), max(1, round(width * scale))
    bodies = tuple(body for body in stage.bodies if any(s.thing for s in body.surfaces))
    camera = replace(stage.camera, size_hw=small_hw)
    plain = {"": np.zeros((1, 1, 3), np.uint8)}
    return CompiledStage(replace(stage, bodies=bodies, camera=camera, textures=plain, noise=0.0))


def _depths(stage: Stage) -> list[float]:
    """Distance of each copy; paths keep it."""
    found = {s.thing: body.path.z.start for body in stage.bodies for s in body.surfaces if s.thing}
    return [found[thing] for thing in sorted(found)]
