"""Smooth motion: numbers, poses and the camera as pure functions of the frame number.

Axes of the world are x right, y up, z away from a camera that stands at the origin; lengths are metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

Wave = tuple[float, float, float]
"""Amplitude, radians per frame, phase."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A smooth number: ``start + rate * frame`` plus sine waves."""

    start: float = 0.0
    rate: float = 0.0
    waves: tuple[Wave, ...] = ()

    def at(self, frame: int) -> float:
        """The number in one frame."""
        waves = sum(size * np.sin(turn * frame + phase) for size, turn, phase in self.waves)
        return float(self.start + self.rate * frame + waves)


def starting_at(value: float, *waves: Wave) -> Curve:
    """The curve of these waves that has the value in frame 0."""
    return Curve(value - Curve(waves=waves).at(0), 0.0, waves)


def draw_wave(rng: np.random.Generator, amplitude: float, period: tuple[float, float]) -> Wave:
    """A sine wave of the given amplitude, a period in frames between the two numbers, and any phase."""
    turn = 2 * np.pi / rng.uniform(*period)
    return (amplitude, float(turn), float(rng.uniform(0, 2 * np.pi)))


@dataclass(frozen=True, slots=True)
class Path:
    """Position, rotation (radians) and the logarithm of the size of something that moves."""

    x: Curve = Curve()
    y: Curve = Curve()
    z: Curve = Curve()
    yaw: Curve = Curve()
    pitch: Curve = Curve()
    roll: Curve = Curve()
    size: Curve = Curve()


STILL = Path()


class Motion:
    """Many paths, evaluated at once."""

    def __init__(self, paths: Sequence[Path]) -> None:
        curves = [
            curve
            for path in paths
            for curve in (path.x, path.y, path.z, path.yaw, path.pitch, path.roll, path.size)
        ]
        most = max((len(curve.waves) for curve in curves), default=0)
        still: Wave = (0.0, 0.0, 0.0)
        waves = [(*curve.waves, *[still] * (most - len(curve.waves))) for curve in curves]
        self._start = np.array([curve.start for curve in curves])
        self._rate = np.array([curve.rate for curve in curves])
        self._amplitude, self._turn, self._phase = np.moveaxis(
            np.array(waves, np.float64).reshape(len(curves), most, 3), 2, 0
        )

    def at(
        self, frame: int
    ) -> tuple[Float64[np.ndarray, "paths 3 3"], Float64[np.ndarray, "paths 3"]]:
        """Rotation times size, and position, of every path in one frame."""
        waves = self._amplitude * np.sin(self._turn * frame + self._phase)
        values = self._start + self._rate * frame + waves.sum(axis=1)
        x, y, z, yaw, pitch, roll, size = values.reshape(-1, 7).T
        rotation = _turn(yaw, 0, 2) @ _turn(pitch, 2, 1) @ _turn(roll, 0, 1)
        return rotation * np.exp(size)[:, None, None], np.stack([x, y, z], axis=1)


def _turn(
    angle: Float64[np.ndarray, " paths"], first: int, second: int
) -> Float64[np.ndarray, "paths 3 3"]:
    """Rotations that take axis ``first`` towards axis ``second``."""
    matrix = np.zeros((len(angle), 3, 3))
    matrix[:, range(3), range(3)] = 1
    matrix[:, first, first] = matrix[:, second, second] = np.cos(angle)
    matrix[:, second, first] = np.sin(angle)
    matrix[:, first, second] = -matrix[:, second, first]
    return matrix


@dataclass(frozen=True, slots=True)
class View:
    """The camera in one frame: ``pixel = matrix @ (point - position)``, divided by its third number."""

    position: Float64[np.ndarray, "3"]
    matrix: Float64[np.ndarray, "3 3"]
    own: Float64[np.ndarray, "3 3"]
    """The same for points given in the camera's own axes."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera on a path; the size of the path is its zoom."""

    path: Path
    size_hw: tuple[int, int]
    horizon: float = 0.5
    """Where the optical axis meets the image, as a share of its height."""

    @property
    def focal(self) -> float:
        """Focal length in pixels at zoom 1: that of KITTI for KITTI's frames, wider views for squarer ones."""
        height, width = self.size_hw
        return 1.05 * float(np.sqrt(height * width))

    def half_view(self, depth: float) -> tuple[float, float]:
        """Half the height and half the width of the view at a depth, in metres."""
        height, width = self.size_hw
        return depth * height / (2 * self.focal), depth * width / (2 * self.focal)

    def view(self, frame: int) -> View:
        """The camera in one frame."""
        height, width = self.size_hw
        linear, position = Motion([self.path]).at(frame)
        zoom = float(np.exp(self.path.size.at(frame)))
        focal = self.focal * zoom
        centre = (width - 1) / 2, height * self.horizon - 0.5
        own = np.array([[self.focal, 0, centre[0]], [0, -self.focal, centre[1]], [0, 0, 1.0]])
        zoomed = np.array([[focal, 0, centre[0]], [0, -focal, centre[1]], [0, 0, 1.0]])
        return View(position[0], zoomed @ (linear[0].T / zoom), own)
