"""A model that proposes objects without a network, and can begin a video as well."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fakes.finder import FinderModel, FinderSettings
from fakes.scenes import COLOURS
from segue.types import Frame, Mask, Proposals


class LookerSettings(FinderSettings):
    seen: tuple[int, ...] = tuple(COLOURS)


class ColourProposer(FinderModel):
    """Proposes what has the colour of one of the scene's objects; surer of the first."""

    name = "looker"
    reach = (2, 1)

    def __init__(self, seen: Sequence[int] = tuple(COLOURS)) -> None:
        super().__init__(LookerSettings(seen=tuple(seen)))
        self.seen = seen
        self.windows: list[list[bool]] = []
        """Of each call: which frames of the window were there."""

    def propose(self, window: Sequence[Frame | None]) -> Proposals:
        self.windows.append([frame is not None for frame in window])
        frame = window[self.reach[0]]
        assert frame is not None
        shown = {i: like(frame, COLOURS[i]) for i in self.seen}
        shown = {i: mask for i, mask in shown.items() if np.count_nonzero(mask) > 20}
        return proposals(list(shown.values()), [0.9 if i == 1 else 0.6 for i in shown])


def like(frame: Frame, colour: tuple[int, int, int]) -> Mask:
    """Pixels that are nearer to a colour than to the others of the scene, and to its grey."""
    smooth = cv2.medianBlur(frame, 3).astype(int)
    others = [(120, 120, 120), *COLOURS.values()]
    distances = [np.abs(smooth - other).sum(2) for other in others]
    near: Mask = np.argmin(distances, 0) == others.index(colour)
    return near


def proposals(
    masks: Sequence[Mask], scores: Sequence[float], size_hw: tuple[int, int] = (38, 53)
) -> Proposals:
    """Proposals with boxes that fit."""
    boxes = []
    for mask in masks:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        boxes.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    return Proposals(
        np.array(masks, np.bool_).reshape(-1, *(masks[0].shape if masks else size_hw)),
        np.array(scores, np.float32),
        np.array(boxes, np.float32).reshape(-1, 4),
    )


def build(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> ColourProposer:
    return ColourProposer(LookerSettings.parse(settings).seen)


class BrightProposer(ColourProposer):
    """Takes the brightest quarter of every frame for its only object; finds nothing where all is black."""

    name = "bright"

    def propose(self, window: Sequence[Frame | None]) -> Proposals:
        frame = window[self.reach[0]]
        assert frame is not None
        grey = frame.mean(2)
        mask = grey > max(np.quantile(grey, 0.75), 1)
        return proposals([mask], [0.9]) if mask.any() else proposals([], [], frame.shape[:2])


def build_bright(
    name: str, *, settings: Mapping[str, Any], weights: Path | None, device: str
) -> BrightProposer:
    return BrightProposer()
