"""Writes scenes in the layout of ``fakes.toy_layout``."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segue.synthetic.scene import Scene
from segue.synthetic.writing import write_jpeg, write_palette_png


def write(root: Path, scenes: Sequence[Scene], split: str) -> None:
    """Every frame with its mask."""
    for scene in scenes:
        for index, frame in enumerate(scene.frames()):
            place = root / "toys" / split / scene.name / f"{index:05}"
            write_jpeg(place.with_suffix(".jpg"), frame.image)
            write_palette_png(place.with_suffix(".png"), frame.instances.astype(np.uint8))
