"""Scenes made by hand: two flat rectangles that move right over a flat ground, exact in every pixel."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from segue.synthetic.catalog import SceneKind
from segue.synthetic.scene import WORLD_CLASSES, Scene, SceneFrame, SceneObject

CATEGORIES = {"objects": ("animal", "ball"), "street": ("car", "person")}
_COLOURS = ((200, 60, 40), (40, 90, 210))


@dataclass(frozen=True)
class FlatScene:
    """Object 1 is there from the first frame, object 2 from the middle frame on; nothing overlaps."""

    name: str
    num_frames: int = 4
    size_hw: tuple[int, int] = (32, 48)
    kind: SceneKind = "objects"
    shift: int = 0
    """Pixels by which this scene differs from others."""

    @property
    def objects(self) -> tuple[SceneObject, ...]:
        return tuple(SceneObject(i, name) for i, name in enumerate(CATEGORIES[self.kind], start=1))

    def frames(self) -> Iterator[SceneFrame]:
        for time in range(self.num_frames):
            yield self._frame(time)

    def _frame(self, time: int) -> SceneFrame:
        height, width = self.size_hw
        image = np.full((height, width, 3), 120, np.uint8)
        instances = np.zeros((height, width), np.uint16)
        classes = np.zeros((height, width), np.uint8)
        if self.kind == "street":
            classes[: height // 4] = WORLD_CLASSES.index("sky")
            classes[height // 4 :] = WORLD_CLASSES.index("road")
        flow = np.zeros((height, width, 2), np.float32)
        left = self._left(time)
        for item, colour, top in zip(self.objects, _COLOURS, (0.3, 0.65), strict=True):
            if item.object_id == 2 and time < self.num_frames // 2:
                continue
            rows = slice(int(top * height), int((top + 0.25) * height))
            box = rows, slice(left, left + width // 4)
            image[box] = colour
            instances[box] = item.object_id
            if self.kind == "street":
                classes[box] = WORLD_CLASSES.index(item.category)
            if time < self.num_frames - 1:
                flow[(*box, 0)] = self._left(time + 1) - left
        return SceneFrame(image, instances, classes, flow)

    def _left(self, time: int) -> int:
        """Left edge of both rectangles; from the middle of the picture they jump back."""
        return (2 + self.shift + time) % (self.size_hw[1] // 2)


def flat_scenes(
    kind: SceneKind, videos: int, frames: int = 4, size_hw: tuple[int, int] = (32, 48)
) -> list[Scene]:
    """As ``segue.synthetic.world.scenes``, without a seed."""
    return [FlatScene(f"{kind}_{i:02}", frames, size_hw, kind, shift=i) for i in range(videos)]
