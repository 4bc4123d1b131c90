"""Small moving pictures: coloured squares on grey noise, with the truth."""

from pathlib import Path

import numpy as np
from PIL import Image

from segue.types import Frame, Labels

SIZE_HW = (38, 53)
COLOURS = {1: (210, 40, 40), 2: (40, 60, 220)}


def scene(num_frames: int, seed: int = 0) -> list[tuple[Frame, Labels]]:
    """Object 1 walks right from frame 0, object 2 walks left and is there from frame 5."""
    rng = np.random.default_rng(seed)
    return [_picture(t, rng) for t in range(num_frames)]


def _picture(t: int, rng: np.random.Generator) -> tuple[Frame, Labels]:
    labels = np.zeros(SIZE_HW, np.uint8)
    labels[5:15, (2 + t) % 40 : (2 + t) % 40 + 10] = 1
    if t >= 5:
        labels[22:32, max(0, 40 - t) : max(0, 40 - t) + 8] = 2
    frame = np.full((*SIZE_HW, 3), 120.0)
    for number, colour in COLOURS.items():
        frame[labels == number] = colour
    noisy = frame + rng.normal(0, 25, frame.shape)
    return noisy.clip(0, 255).astype(np.uint8), labels


def write_frames(folder: Path, num_frames: int, seed: int = 0) -> list[Labels]:
    """The scene as PNG files ``00000.png`` ...; returns the truth."""
    folder.mkdir(parents=True)
    pictures = scene(num_frames, seed)
    for index, (frame, _) in enumerate(pictures):
        Image.fromarray(frame).save(folder / f"{index:05d}.png")
    return [labels for _, labels in pictures]
