"""Writes street scenes in the CamVid layout of SegNet, see ``segue.data.camvid``."""

from collections.abc import Sequence
from pathlib import Path

from segue.data.semantic_classes import CAMVID_CLASSES
from segue.media.png import write_png
from segue.synthetic.scene import Scene
from segue.synthetic.writing import stored_values, write_jpeg

# The 32 classes of CamVid are joined to 11 in the same way.
_NAMES = {
    "sidewalk": "pavement",
    "wall": "building",
    "traffic light": "sign-symbol",
    "traffic sign": "sign-symbol",
    "vegetation": "tree",
    "terrain": "tree",
    "person": "pedestrian",
    "rider": "bicyclist",
    "truck": "car",
    "bus": "car",
    "train": "car",
    "motorcycle": "bicyclist",
    "bicycle": "bicyclist",
}
_VALUES = stored_values(CAMVID_CLASSES, _NAMES)


def write(root: Path, scenes: Sequence[Scene], split: str) -> None:
    """One split: every frame of every scene with its labels, a drive per scene."""
    for scene in scenes:
        for index, frame in enumerate(scene.frames()):
            name = f"{scene.name}_{index:06}"
            write_jpeg(root / split / f"{name}.jpg", frame.image)
            write_png(root / f"{split}annot" / f"{name}.png", _VALUES[frame.classes])
