"""Writes street scenes in the VSPW layout, see ``segue.data.vspw``."""

from collections.abc import Sequence
from pathlib import Path

from segue.data.semantic_classes import VSPW_CLASSES
from segue.synthetic.scene import Scene
from segue.synthetic.writing import (
    stored_values,
    write_jpeg,
    write_lines,
    write_metadata,
    write_palette_png,
)

_NAMES = {
    "sidewalk": "path",
    "fence": "handrail_or_fence",
    "traffic light": "traffic_light",
    "traffic sign": "billboard_or_Bulletin_Board",
    "vegetation": "tree",
    "terrain": "grass",
    "rider": "person",
}
_VALUES = stored_values(VSPW_CLASSES, _NAMES)


def write(root: Path, scenes: Sequence[Scene], split: str) -> None:
    """One split with its list: frames as JPEG, masks as palette PNG (none in ``test``)."""
    for scene in scenes:
        folder = root / "data" / scene.name
        for index, frame in enumerate(scene.frames(), start=1):
            write_jpeg(folder / "origin" / f"{index:08}.jpg", frame.image)
            if split != "test":
                write_palette_png(folder / "mask" / f"{index:08}.png", _VALUES[frame.classes])
    write_lines(root / f"{split}.txt", [scene.name for scene in scenes])
    numbers = {label.name: label.value for label in VSPW_CLASSES.labels}
    write_metadata(root / "label_num_dic_final.json", numbers)
