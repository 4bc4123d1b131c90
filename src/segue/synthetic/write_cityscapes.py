"""Writes street scenes in the Cityscapes layout, see ``segue.data.cityscapes``."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import UInt16

from segue.data.cityscapes import FRAMES_AFTER, FRAMES_BEFORE
from segue.data.semantic_classes import CITYSCAPES_CLASSES
from segue.errors import InputError
from segue.media.png import write_png
from segue.synthetic.scene import WORLD_CLASSES, Scene, SceneFrame
from segue.types import VOID

_CLIP = FRAMES_BEFORE + 1 + FRAMES_AFTER
_CITIES = {
    "train": ("aachen", "hamburg"),
    "val": ("lindau", "frankfurt"),
    "test": ("berlin", "mainz"),
}
"""Of each split one city in which each clip counts from 0, and one in which the numbers run on."""
_CONTINUOUS_STEP = 294 - FRAMES_BEFORE  # the first annotated frame of Frankfurt is 294

_LABELS = tuple(
    next((label for label in CITYSCAPES_CLASSES.classes if label.name == name), None)
    for name in WORLD_CLASSES
)
_LABEL_IDS = np.array([label.value if label else 0 for label in _LABELS], np.uint8)
_TRAIN_IDS = np.array([VOID if label is None else label.index for label in _LABELS], np.uint8)


def write(root: Path, scenes: Sequence[Scene], split: str) -> None:
    """One split: a clip of 30 frames per scene, the 20th annotated; cities take turns.

    Raises:
        InputError: A scene has fewer than 30 frames.
    """
    for number, scene in enumerate(scenes):
        if scene.num_frames < _CLIP:
            raise InputError(
                f"Scene {scene.name} has {scene.num_frames} frames, a clip of Cityscapes needs "
                f"{_CLIP}. Make longer scenes."
            )
        turn, continuous = divmod(number, 2)
        city = _CITIES.get(split, _CITIES["train"])[continuous]
        drive, first = (0, (turn + 1) * _CONTINUOUS_STEP) if continuous else (turn, 0)
        for index, frame in enumerate(islice(scene.frames(), _CLIP)):
            name = f"{split}/{city}/{city}_{drive:06}_{first + index:06}"
            write_png(root / "leftImg8bit_sequence" / f"{name}_leftImg8bit.png", frame.image)
            if index == FRAMES_BEFORE:
                _write_annotated(root, name, frame)


def _write_annotated(root: Path, name: str, frame: SceneFrame) -> None:
    write_png(root / "leftImg8bit" / f"{name}_leftImg8bit.png", frame.image)
    truth = root / "gtFine"
    write_png(truth / f"{name}_gtFine_labelIds.png", _LABEL_IDS[frame.classes])
    write_png(truth / f"{name}_gtFine_labelTrainIds.png", _TRAIN_IDS[frame.classes])
    write_png(truth / f"{name}_gtFine_instanceIds.png", _instance_ids(frame))


def _instance_ids(frame: SceneFrame) -> UInt16[np.ndarray, "height width"]:
    """Label ids; in classes with instances ``label id * 1000 + n``, n from 0."""
    ids: UInt16[np.ndarray, "height width"] = _LABEL_IDS[frame.classes].astype(np.uint16)
    for label in filter(None, _LABELS):
        shape = ids == label.value
        if label.has_instances and shape.any():
            _, numbers = np.unique(frame.instances[shape], return_inverse=True)
            ids[shape] = label.value * 1000 + numbers
    return ids
