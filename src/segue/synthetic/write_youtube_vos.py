"""Writes scenes in the YouTube-VOS layout, see ``segue.data.youtube_vos``.

A split holds every fifth frame; ``<split>_all_frames`` holds them all. ``valid`` and ``test`` get masks of the frames
in which an object starts; their whole truth, which the real dataset keeps to itself, is the split ``valid_truth``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segue.synthetic.scene import Scene, SceneObject
from segue.synthetic.writing import (
    renumbering,
    write_jpeg,
    write_metadata,
    write_palette_png,
)

_EVERY = 5


def write(root: Path, scenes: Sequence[Scene], split: str) -> None:
    """One split with its metadata.

    Every third category (in alphabetical order) is kept out of ``train``, together with videos that show nothing
    else, so that it is unseen in ``valid``.
    """
    unseen = _unseen_categories(scenes) if split == "train" else frozenset()
    videos = {}
    for scene in scenes:
        objects = [item for item in scene.objects if item.category not in unseen]
        if objects:
            videos[scene.name] = {"objects": _write_video(root, scene, objects, split)}
    write_metadata(root / split / "meta.json", {"videos": videos})


def _unseen_categories(scenes: Sequence[Scene]) -> frozenset[str]:
    return frozenset(sorted({item.category for scene in scenes for item in scene.objects})[1::3])


def _write_video(
    root: Path, scene: Scene, objects: Sequence[SceneObject], split: str
) -> dict[str, Any]:
    """Frames and masks of a video; returns its objects, numbered from 1, for ``meta.json``."""
    truth = "train" if split == "train" else f"{split}_truth"
    numbers = renumbering(item.object_id for item in objects)
    shown: dict[int, list[str]] = {number: [] for number in range(1, len(objects) + 1)}
    for index, frame in enumerate(scene.frames()):
        place = Path(scene.name, f"{index:05}")
        picture = Path("JPEGImages", place).with_suffix(".jpg")
        write_jpeg(root / f"{split}_all_frames" / picture, frame.image)
        if index % _EVERY:
            continue
        labels = numbers[frame.instances]
        mask = Path("Annotations", place).with_suffix(".png")
        write_jpeg(root / split / picture, frame.image)
        write_palette_png(root / truth / mask, labels)
        visible = [number for number in shown if (labels == number).any()]
        if truth != split and any(not shown[number] for number in visible):
            write_palette_png(root / split / mask, labels)
        for number in visible:
            shown[number].append(place.name)
    return {
        str(number): {"category": item.category, "frames": shown[number]}
        for number, item in enumerate(objects, start=1)
        if shown[number]
    }
