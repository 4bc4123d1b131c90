"""Writes masks with ids, as palette files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def write_labels(folder: Path, labels: Sequence[np.ndarray] | Mapping[str, np.ndarray]) -> Path:
    """``00000.png``, ... or a file per name; 16-bit arrays become 16-bit grey files."""
    folder.mkdir(parents=True, exist_ok=True)
    named = labels if isinstance(labels, Mapping) else dict(_numbered(labels))
    for name, frame in named.items():
        image = Image.fromarray(frame)
        if frame.dtype == np.uint8:
            image.putpalette([value for index in range(256) for value in (index, 255 - index, 0)])
        image.save(folder / f"{name}.png")
    return folder


def rectangles(size_hw: tuple[int, int], **boxes: tuple[int, int, int, int]) -> np.ndarray:
    """A label map; ``id3=(top, left, bottom, right)`` draws object 3, later ones over earlier ones."""
    labels = np.zeros(size_hw, np.uint8)
    for name, (top, left, bottom, right) in boxes.items():
        labels[top:bottom, left:right] = int(name.removeprefix("id"))
    return labels


def _numbered(labels: Sequence[np.ndarray]) -> list[tuple[str, np.ndarray]]:
    return [(f"{index:05}", frame) for index, frame in enumerate(labels)]
