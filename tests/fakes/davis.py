"""Writes a tiny data set in the DAVIS layout."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def moving_square(
    num_frames: int, start: int = 2, size_hw: tuple[int, int] = (40, 60)
) -> np.ndarray:
    """Labels ``time height width``: a square of 12 pixels, one pixel further right per frame."""
    labels = np.zeros((num_frames, *size_hw), np.uint8)
    for time in range(num_frames):
        labels[time, 10:22, start + time : start + time + 12] = 1
    return labels


def write_masks(folder: Path, labels: Sequence[np.ndarray], value: int = 255) -> None:
    """Grey PNGs ``00000.png``, ... with the object drawn in ``value``."""
    folder.mkdir(parents=True, exist_ok=True)
    for time, frame in enumerate(labels):
        Image.fromarray(((frame > 0) * value).astype(np.uint8)).save(folder / f"{time:05}.png")


def write_davis(
    root: Path,
    sequences: Mapping[str, Sequence[np.ndarray]],
    split: str = "val",
    *,
    names_only: bool = False,
) -> Path:
    """A data set of these sequences; the list holds frames and masks (2016) or names (2017)."""
    lines = []
    for name, labels in sequences.items():
        write_masks(root / "Annotations/480p" / name, labels)
        frames = root / "JPEGImages/480p" / name
        frames.mkdir(parents=True)
        for time, frame in enumerate(labels):
            picture = np.repeat(frame[:, :, None] * 200, 3, axis=2).astype(np.uint8)
            Image.fromarray(picture).save(frames / f"{time:05}.jpg")
            files = f"{name}/{time:05}"
            lines.append(f"/JPEGImages/480p/{files}.jpg /Annotations/480p/{files}.png")
    lists = root / "ImageSets" / ("2017" if names_only else "480p")
    lists.mkdir(parents=True, exist_ok=True)
    (lists / f"{split}.txt").write_text("\n".join(sequences if names_only else lines) + "\n")
    return root
