"""Writes street scenes in the KITTI-MOTS layout, see ``segue.data.kitti_mots``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt16

from segue.data.kitti_mots import IGNORE_ID
from segue.data.mots_text import CAR, IDS_PER_CLASS, PEDESTRIAN, masks_of_ids, write_mots
from segue.media.png import write_png
from segue.synthetic.scene import WORLD_CLASSES, Scene, SceneFrame
from segue.synthetic.writing import make_folder, write_lines

_CLASSES = {"car": CAR, "person": PEDESTRIAN}
_SMALLEST_SHARE = 1 / 2000
"""Objects that cover less of the frame are too far away to be tracked and become ignore regions."""


def write(root: Path, scenes: Sequence[Scene], split: str) -> None:
    """One split with its seqmap: frames as PNG, cars and pedestrians as 16-bit PNG and as text.

    Sequences are named 0000, 0001, ...; numbers go on after those of other splits.
    """
    others = [path for path in root.glob("*.seqmap") if path.stem != split]
    first = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in others)
    lines = []
    for number, scene in enumerate(scenes, first):
        name = f"{number:04}"
        masks = []
        for index, frame in enumerate(scene.frames()):
            ids = track_ids(frame, _CLASSES)
            masks += masks_of_ids(index, ids)
            write_png(root / f"training/image_02/{name}/{index:06}.png", frame.image)
            write_png(root / f"instances/{name}/{index:06}.png", ids)
        text = root / f"instances_txt/{name}.txt"
        make_folder(text.parent)
        write_mots(text, masks)
        lines.append(f"{name} empty 000000 {scene.num_frames - 1:06}")
    write_lines(root / f"{split}.seqmap", lines)


def track_ids(frame: SceneFrame, classes: Mapping[str, int]) -> UInt16[np.ndarray, "height width"]:
    """``class * 1000 + object id`` for objects of these classes, the ignore id for those that are tiny."""
    ids = np.zeros(frame.instances.shape, np.uint16)
    for name, class_id in classes.items():
        objects = np.where(frame.classes == WORLD_CLASSES.index(name), frame.instances, 0)
        for object_id in np.unique(objects[objects > 0]).tolist():
            shape = objects == object_id
            tiny = np.count_nonzero(shape) < shape.size * _SMALLEST_SHARE
            ids[shape] = IGNORE_ID if tiny else class_id * IDS_PER_CLASS + object_id
    return ids
