"""The tiny model of objects that also finds them: what has the colour of one of the scene's objects."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fakes.colour_model import ColourModel, ColourSettings, ColourState
from fakes.scenes import COLOURS
from segue.types import Frame, Labels, Prediction

_LIKE = 60


class FinderSettings(ColourSettings):
    finds: bool = False


class FinderModel(ColourModel):
    name = "finder"

    def start(
        self, frame: Frame, labels: Labels | None = None
    ) -> tuple[Prediction | None, ColourState]:
        if labels is None and isinstance(self.settings, FinderSettings) and self.settings.finds:
            labels = _found(frame)
        return super().start(frame, labels)


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> FinderModel:
    return FinderModel(FinderSettings.parse(settings))


def _found(frame: Frame) -> Labels:
    labels = np.zeros(frame.shape[:2], np.uint8)
    for number, colour in COLOURS.items():
        labels[np.abs(frame.astype(int) - colour).sum(2) < _LIKE] = number
    return labels
