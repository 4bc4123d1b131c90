"""Videos of a synthetic world in which every pixel's object, class and motion are known exactly.

A scene is drawn first, as a record of surfaces, paths and light, and rendered afterwards: a frame is a pure function
of the record and the frame's number. So a video does not depend on how many videos are asked for, nor a frame on how
many frames. Polygons are painted by OpenCV, whose rule for the pixels of an edge may change between its versions;
everything else rests on integers or is rounded once, so that machines agree.
"""

from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import UInt16

from segue.synthetic.lookalikes import draw_lookalikes
from segue.synthetic.objects import draw_objects
from segue.synthetic.render import Painted, colour, paint, photograph
from segue.synthetic.scene import Scene, SceneFrame, SceneKind, SceneObject
from segue.synthetic.stage import CompiledStage, Stage
from segue.synthetic.street import draw_street

_KINDS: dict[SceneKind, Callable[[np.random.Generator, tuple[int, int], int], Stage]] = {
    "objects": lambda rng, size_hw, _: draw_objects(rng, size_hw),
    "street": lambda rng, size_hw, _: draw_street(rng, size_hw),
    "lookalikes": lambda rng, size_hw, index: draw_lookalikes(rng, size_hw, 4 if index % 2 else 2),
}
"""A stage from a generator, the size of the frames and the number of the scene."""


@lru_cache(maxsize=2)
def _draw(kind: SceneKind, seed: int, index: int, size_hw: tuple[int, int]) -> CompiledStage:
    """The stage of a scene, kept for the next call: writers ask for the objects, then for the frames."""
    return CompiledStage(_KINDS[kind](np.random.default_rng([seed, index]), size_hw, index))


class SyntheticScene:
    """A video of the synthetic world; it holds its seed, and draws its record when it is rendered."""

    def __init__(
        self, kind: SceneKind, index: int, num_frames: int, seed: int, size_hw: tuple[int, int]
    ) -> None:
        self.name = f"{kind}-{seed}-{index:04d}"
        self.num_frames = num_frames
        self.size_hw = size_hw
        self._drawn = (kind, seed, index, size_hw)

    @cached_property
    def objects(self) -> tuple[SceneObject, ...]:
        """Every object that is visible in at least one frame; all frames are painted once, without colours."""
        stage = _draw(*self._drawn)
        ids = _Ids(stage)
        for frame in range(self.num_frames):
            ids.instances(paint(stage, stage.pose(frame)))
        return tuple(
            SceneObject(object_id, stage.stage.categories[thing - 1])
            for object_id, thing in enumerate(ids.seen, start=1)
        )

    def frames(self) -> Iterator[SceneFrame]:
        """Frames in order; memory does not grow with their number."""
        stage = _draw(*self._drawn)
        ids = _Ids(stage)
        for frame in range(self.num_frames):
            pose = stage.pose(frame)
            last = frame == self.num_frames - 1
            following = None if last else stage.pose(frame + 1, pose.rounds)
            painted = paint(stage, pose)
            image, flow = colour(stage, painted, pose, following)
            yield SceneFrame(
                photograph(stage, image, frame),
                ids.instances(painted),
                stage.class_id[painted.rows],
                flow,
            )

    def __repr__(self) -> str:
        height, width = self.size_hw
        return f"SyntheticScene({self.name}, {self.num_frames} frames of {height}x{width})"


class _Ids:
    """Gives things their ids in the order in which they are first seen."""

    def __init__(self, stage: CompiledStage) -> None:
        self._thing = stage.thing
        self._id = np.zeros(len(stage.stage.categories) + 1, np.uint16)
        self.seen: list[int] = []

    def instances(self, painted: Painted) -> UInt16[np.ndarray, "height width"]:
        """Object id per pixel."""
        for thing in np.unique(self._thing[painted.shown]).tolist():
            if thing and not self._id[thing]:
                self.seen.append(thing)
                self._id[thing] = len(self.seen)
        instances: UInt16[np.ndarray, "height width"] = self._id[self._thing][painted.rows]
        return instances


def scenes(
    kind: SceneKind,
    videos: int,
    frames: int,
    seed: int,
    size_hw: tuple[int, int],
) -> list[Scene]:
    """Videos of a synthetic world, rendered when iterated (ours).

    Args:
        kind: "objects": things before a background; "street": seen from a car; "lookalikes": copies of one object that
            cross and hide one another, two in videos 0, 2, ..., four in videos 1, 3, ..., apart at the start and after
            40 frames.
        videos: How many; each has a seed of its own, drawn from ``seed`` and its index.
        frames: Length of each video.
        seed: Any number from 0; the same seed gives the same pixels.
        size_hw: Height and width of the frames, any size; for look-alikes not too narrow, or rendering refuses.
    """
    return [SyntheticScene(kind, index, frames, seed, size_hw) for index in range(videos)]
