"""Writes scenes in the DAVIS layouts, see ``segue.data.davis``."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from segue.synthetic.scene import Scene, SceneFrame
from segue.synthetic.writing import renumbering, write_jpeg, write_lines, write_palette_png
from segue.types import VOID, Labels

_Label = Callable[[SceneFrame], Labels]


def write_davis2016(root: Path, scenes: Sequence[Scene], split: str) -> None:
    """One split of DAVIS-2016: the objects of the first frame, all drawn as 255; frames and masks in the list."""
    lines = []
    for scene in scenes:
        for name in _write(root, scene, _one_object(scene)):
            files = f"480p/{scene.name}/{name}"
            lines.append(f"/JPEGImages/{files}.jpg /Annotations/{files}.png")
    write_lines(root / "ImageSets" / "480p" / f"{split}.txt", lines)


def write_davis2017(root: Path, scenes: Sequence[Scene], split: str) -> None:
    """One split of DAVIS-2017: the objects of the first frame, numbered from 1 without gaps; names in the list."""
    for scene in scenes:
        _write(root, scene, _of_first_frame(scene))
    write_lines(root / "ImageSets" / "2017" / f"{split}.txt", [scene.name for scene in scenes])


def write_davis2017_unsupervised(root: Path, scenes: Sequence[Scene], split: str) -> None:
    """One split of DAVIS-2017 with the masks of the unsupervised challenge: every object, whenever it appears."""
    for scene in scenes:
        _write(root, scene, _every_object, "Annotations_unsupervised")
    write_lines(root / "ImageSets" / "2017" / f"{split}.txt", [scene.name for scene in scenes])


def _write(root: Path, scene: Scene, label: _Label, annotations: str = "Annotations") -> list[str]:
    """Frames and masks of a scene; returns the names of the frames."""
    names = [f"{index:05}" for index in range(scene.num_frames)]
    for name, frame in zip(names, scene.frames(), strict=True):
        write_jpeg(root / "JPEGImages/480p" / scene.name / f"{name}.jpg", frame.image)
        write_palette_png(root / annotations / "480p" / scene.name / f"{name}.png", label(frame))
    return names


def _of_first_frame(scene: Scene) -> _Label:
    first = next(iter(scene.frames())).instances
    numbers = renumbering(np.unique(first[first > 0]).tolist())
    return lambda frame: numbers[frame.instances]


def _one_object(scene: Scene) -> _Label:
    label = _of_first_frame(scene)
    return lambda frame: np.where(label(frame) > 0, np.uint8(VOID), np.uint8(0))


def _every_object(frame: SceneFrame) -> Labels:
    return frame.instances.astype(np.uint8)
