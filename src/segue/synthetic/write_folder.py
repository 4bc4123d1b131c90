"""Writes scenes as plain folders of frames and masks, see ``segue.data.folder``."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segue.synthetic.scene import Scene
from segue.synthetic.writing import write_jpeg, write_palette_png


def write(root: Path, scenes: Sequence[Scene], split: str) -> None:
    """Every frame, and a mask with every object; the layout has no splits, so the name of one changes nothing."""
    for scene in scenes:
        for index, frame in enumerate(scene.frames()):
            place = Path(scene.name, f"{index:05}")
            write_jpeg(root / "JPEGImages" / place.with_suffix(".jpg"), frame.image)
            labels = frame.instances.astype(np.uint8)
            write_palette_png(root / "Annotations" / place.with_suffix(".png"), labels)
