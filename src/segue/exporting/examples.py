"""Small videos that a model is shown, so that every graph is computed with inputs of several shapes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from segue.models.catalog import find
from segue.models.interface import LookaheadModel, ReusingModel, VideoModel, bounded
from segue.types import Frame, Labels, Prediction

_FRAMES = 6
_ALL_PIXELS = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A video with some objects that move."""

    size_hw: tuple[int, int]
    objects: int

    def frames(self) -> Iterator[tuple[Frame, Labels]]:
        """Frames with the masks of the objects; the same on every run."""
        height, width = self.size_hw
        rng = np.random.default_rng(height)
        ground = _texture(rng, height, width)
        skins = [_texture(rng, height // 2, width // 5) for _ in range(self.objects)]
        for step in range(_FRAMES):
            frame, labels = ground.copy(), np.zeros(self.size_hw, np.uint8)
            for number, skin in enumerate(skins):
                rows, columns = skin.shape[:2]
                top = height // 5 + step
                left = width // 20 + number * (width * 3 // 10) + 2 * step
                frame[top : top + rows, left : left + columns] = skin
                labels[top : top + rows, left : left + columns] = number + 1
            yield frame, labels


EXAMPLES = (Example((90, 154), 1), Example((123, 219), 2), Example((168, 120), 3))
"""Of sizes that no network takes as they are; each of another number of objects."""


def show(model: VideoModel[Any], example: Example) -> list[Prediction]:
    """What a model says of an example: it computes every frame first, then reuses frames if it can."""
    model = bounded(model, _ALL_PIXELS)
    given = find(model.name).begins_with != "nothing"
    found: list[Prediction | None] = []
    state: Any = None
    for number, (frame, labels) in enumerate(example.frames()):
        if number == 0:
            prediction, state = model.start(frame, labels if given else None)
        elif isinstance(model, ReusingModel) and model.reuse is not None:
            threshold = 1.0 if number < _FRAMES // 2 else 0.0
            prediction, state = model.step(frame, state, threshold=threshold)
        else:
            prediction, state = model.step(frame, state)
        found.append(prediction)
    if isinstance(model, LookaheadModel):
        found += model.finish(state)
    return [prediction for prediction in found if prediction is not None]


def _texture(rng: np.random.Generator, height: int, width: int) -> Frame:
    """Soft blobs of colour."""
    coarse = rng.integers(0, 256, (height // 8 + 2, width // 8 + 2, 3)).astype(np.float32)
    rows, columns = np.linspace(0, len(coarse) - 1.01, height), np.linspace(0, 1, width)
    columns = columns * (coarse.shape[1] - 1.01)
    top, left = rows.astype(int), columns.astype(int)
    down, right = (rows - top)[:, None, None], (columns - left)[None, :, None]
    upper = coarse[top][:, left] * (1 - right) + coarse[top][:, left + 1] * right
    lower = coarse[top + 1][:, left] * (1 - right) + coarse[top + 1][:, left + 1] * right
    mixed: Frame = (upper * (1 - down) + lower * down).astype(np.uint8)
    return mixed
