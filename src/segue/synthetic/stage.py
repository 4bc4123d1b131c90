"""The record of a scene: flat surfaces on moving bodies, seen by a camera. Nothing in it changes once it is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from segue.synthetic.camera import STILL, Camera, Curve, Motion, Path
from segue.synthetic.texture import Texture, TexturePool

Points = Float64[np.ndarray, "points 2"]
"""Places on a surface, in metres: to the right and up as seen from its front."""

Numbers = Float[np.ndarray, " points"]

Matrices = Float64[np.ndarray, "surfaces 3 3"]

Colour = tuple[float, float, float]
"""Factors of red, green and blue."""


@dataclass(frozen=True, slots=True)
class Ripple:
    """A wave that runs through a surface: first it shifts points sideways, then up and down.

    Two shears keep the deformation exactly invertible.
    """

    amplitude: tuple[float, float]
    """Metres sideways, metres up and down."""
    turn: tuple[float, float]
    """Radians per metre up (for the first) and sideways (for the second)."""
    phase: tuple[float, float]
    speed: float
    """Radians per frame."""

    def row(self) -> tuple[float, ...]:
        """All numbers in one row."""
        return (*self.amplitude, *self.turn, *self.phase, self.speed)


@dataclass(frozen=True, slots=True)
class Swing:
    """A part that swings about a joint, as a leg does."""

    amplitude: float
    speed: float
    phase: float
    joint: tuple[float, float]

    def row(self) -> tuple[float, ...]:
        """All numbers in one row."""
        return (self.amplitude, self.speed, self.phase, *self.joint)


@dataclass(frozen=True, slots=True)
class Surface:
    """A flat piece of a body. It is seen from its front only, unless ``two_sided``."""

    outlines: tuple[Points, ...]
    """Closed polygons; what lies inside an even number of them is a hole."""
    frame: Float64[np.ndarray, "3 3"]
    """Columns: right, up and origin of the surface in the axes of its body."""
    material: str = ""
    colour: Colour = (1.0, 1.0, 1.0)
    density: float = 40.0
    """Texels per metre."""
    shift: tuple[float, float] = (0.0, 0.0)
    """Place of the origin in the texture, in texels."""
    gradient: tuple[float, float] = (0.0, 0.0)
    """Gain of light per metre to the right and up."""
    class_id: int = 0
    thing: int = 0
    """Number of the object it belongs to, counted from 1; 0 for none."""
    ripple: Ripple | None = None
    swing: Swing | None = None
    two_sided: bool = False
    shadow: bool = False
    """True if it darkens what lies behind it instead of hiding it."""


@dataclass(frozen=True, slots=True)
class Body:
    """Surfaces that move together; they are painted in their order."""

    surfaces: tuple[Surface, ...]
    path: Path = STILL
    layer: int = 0
    """Higher layers are painted over lower ones; within a layer, nearer bodies over farther ones."""
    loop: float = 0.0
    """If positive, the body comes again every so many metres along z: only the one ahead of the camera is there."""
    attached: bool = False
    """True if it moves with the camera."""


@dataclass(frozen=True)
class Stage:
    """Everything that was drawn for a scene."""

    bodies: tuple[Body, ...]
    categories: tuple[str, ...]
    """Category of thing 1, 2, ..."""
    camera: Camera
    textures: Mapping[str, Texture]
    light: Curve
    """Logarithm of the brightness."""
    haze: Colour = (0.8, 0.85, 0.9)
    haze_per_metre: float = 0.0
    shade: float = 0.55
    """Light that is left in a shadow."""
    noise: float = 2.0
    """Standard deviation of the sensor's noise, in grey levels."""
    noise_seed: int = 0
    blur: float = 0.7
    """Standard deviation of the lens's blur, in pixels."""


NEAR = 0.15
"""Metres in front of the camera where surfaces are cut off."""
NOISE_SIDE = 256
"""Side of the square of sensor noise that is laid over a frame, each time from another corner."""
BEHIND = 16.0
"""Metres behind the camera after which a looping body is taken ahead."""


_NO_RIPPLE = Ripple((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), 0.0)
_NO_SWING = Swing(0.0, 0.0, 0.0, (0.0, 0.0))


@dataclass(frozen=True, slots=True)
class Pose:
    """Where everything is in one frame."""

    frame: int
    matrices: Matrices
    """From places on a surface to pixels; the third number is the depth in metres."""
    depth: Float64[np.ndarray, " bodies"]
    """Distance of each body along the camera's axis, in metres."""
    rounds: Float64[np.ndarray, " bodies"]
    """How far along z each looping body was taken ahead, in metres."""


class CompiledStage:
    """A stage as arrays, one row per surface."""

    def __init__(self, stage: Stage) -> None:
        bodies = stage.bodies
        self.stage = stage
        self.pool = TexturePool(stage.textures)
        rng = np.random.default_rng(stage.noise_seed)
        sides = (NOISE_SIDE, NOISE_SIDE, 3)
        grain = rng.normal(0, stage.noise, sides) if stage.noise else np.zeros(sides)
        self.noise = np.rint(grain).astype(np.int16)
        surfaces = [surface for body in bodies for surface in body.surfaces]
        owner = [number for number, body in enumerate(bodies) for _ in body.surfaces]
        self.owner = np.array(owner, np.int64)
        self._motion = Motion([body.path for body in bodies])
        self._loop = np.array([body.loop for body in bodies])
        self._attached = np.array([body.attached for body in bodies])
        self._layer = np.array([body.layer for body in bodies])
        self._frame = np.stack([surface.frame for surface in surfaces])
        self._swing = np.array([(surface.swing or _NO_SWING).row() for surface in surfaces])
        self.ripple = np.array([(surface.ripple or _NO_RIPPLE).row() for surface in surfaces]).T
        self.ripples = np.array([surface.ripple is not None for surface in surfaces])
        self.shadow = np.array([surface.shadow for surface in surfaces])
        self.two_sided = np.array([surface.two_sided for surface in surfaces])
        self.class_id = np.array([surface.class_id for surface in surfaces], np.uint8)
        self.thing = np.array([surface.thing for surface in surfaces], np.int64)
        look = [(*s.colour, *s.gradient, s.density, *s.shift) for s in surfaces]
        self.look = np.ascontiguousarray(np.array(look, np.float32).T)
        index = self.pool.index
        self.texture = np.array([index.get(surface.material, 0) for surface in surfaces], np.int64)
        outlines = [(row, o) for row, surface in enumerate(surfaces) for o in surface.outlines]
        self.points = np.concatenate([outline for _, outline in outlines]).T
        self.lengths = np.array([len(outline) for _, outline in outlines])
        self.outline_row = np.array([row for row, _ in outlines], np.int64)
        self.point_row = np.repeat(self.outline_row, self.lengths)
        self._radius = np.zeros(len(surfaces))
        reach = np.hypot(*self.points) + np.abs(self.ripple[:2, self.point_row]).sum(axis=0)
        np.maximum.at(self._radius, self.point_row, reach)

    def pose(self, frame: int, rounds: Float64[np.ndarray, " bodies"] | None = None) -> Pose:
        """Where everything is in one frame.

        Args:
            frame: Number of the frame.
            rounds: ``Pose.rounds`` of another frame, to keep looping bodies where they were in it.
        """
        linear, position = self._motion.at(frame)
        view = self.stage.camera.view(frame)
        if rounds is None:
            loop = np.where(self._loop > 0, self._loop, 1.0)
            rounds = np.ceil((view.position[2] - BEHIND - position[:, 2]) / loop) * self._loop
        position[:, 2] += rounds
        seen = position - np.where(self._attached[:, None], 0, view.position)
        place = linear[self.owner] @ (self._frame @ self._swings(frame))
        place[:, :, 2] += seen[self.owner]
        matrix = np.where(self._attached[self.owner, None, None], view.own, view.matrix)
        return Pose(frame, matrix @ place, seen @ view.matrix[2], rounds)

    def paint_order(self, pose: Pose) -> Int64[np.ndarray, " painted"]:
        """Surfaces from the first painted to the last, without those that cannot be seen.

        These show their back or edge, lie behind the camera, or are smaller than a pixel.
        """
        # Pixels count downwards: a front has a negative determinant.
        facing = -np.linalg.det(pose.matrices) / self.stage.camera.focal**2
        shown = np.where(self.two_sided, np.abs(facing), facing) > 1e-3
        shown &= self._may_be_seen(pose.matrices)
        order = np.lexsort((-pose.depth[self.owner], self._layer[self.owner]))
        painted: Int64[np.ndarray, " painted"] = order[shown[order]]
        return painted

    def _may_be_seen(self, matrices: Matrices) -> Bool[np.ndarray, " surfaces"]:
        """False for surfaces whose circle around the origin is out of view or smaller than a pixel."""
        height, width = self.stage.camera.size_hw
        sides = [(1, 0, 1), (-1, 0, width), (0, 1, 1), (0, -1, height), (0, 0, 1)]
        rims = np.array(sides, np.float64) @ matrices
        reach = self._radius[:, None] * np.hypot(rims[..., 0], rims[..., 1])
        inside = (rims[..., 2] + reach > (0, 0, 0, 0, NEAR)).all(axis=1)
        depth = matrices[:, 2, 2]
        middle = matrices[:, :2, 2:] / np.maximum(depth, NEAR)[:, None, None]
        growth = np.abs(matrices[:, :2, :2] - middle * matrices[:, 2:, :2]).max(axis=(1, 2))
        large = (growth * self._radius > 0.4 * depth) | (depth < reach[:, 4] + 1)
        seen: Bool[np.ndarray, " surfaces"] = inside & large
        return seen

    def rippled(
        self, u: Numbers, v: Numbers, rows: Int64[np.ndarray, " points"], frame: int
    ) -> tuple[Numbers, Numbers]:
        """Places on rippling surfaces after the ripple of a frame."""
        across, up, turn_across, turn_up, phase_across, phase_up, speed = self.ripple[:, rows]
        u = u + across * np.sin(turn_across * v + phase_across + speed * frame)
        v = v + up * np.sin(turn_up * u + phase_up + speed * frame)
        return u, v

    def unrippled(
        self, u: Numbers, v: Numbers, rows: Int64[np.ndarray, " points"], frame: int
    ) -> tuple[Numbers, Numbers]:
        """The inverse of ``rippled``."""
        across, up, turn_across, turn_up, phase_across, phase_up, speed = self.ripple[:, rows]
        v = v - up * np.sin(turn_up * u + phase_up + speed * frame)
        u = u - across * np.sin(turn_across * v + phase_across + speed * frame)
        return u, v

    def _swings(self, frame: int) -> Matrices:
        amplitude, speed, phase, x, y = self._swing.T
        angle = amplitude * np.sin(speed * frame + phase)
        cosine, sine = np.cos(angle), np.sin(angle)
        turn = np.zeros((len(angle), 3, 3))
        turn[:, 0, 0] = turn[:, 1, 1] = cosine
        turn[:, 1, 0], turn[:, 0, 1] = sine, -sine
        turn[:, 0, 2] = x - cosine * x + sine * y
        turn[:, 1, 2] = y - sine * x - cosine * y
        turn[:, 2, 2] = 1
        return turn
