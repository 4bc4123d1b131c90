"""Tiny datasets in every layout, written by the package's own writers, and ways to damage them."""

from pathlib import Path

from fakes.scenes_flat import flat_scenes
from segue.synthetic.catalog import find_writer, write_dataset

_CITYSCAPES_CLIP = 30
_YOUTUBE_STEP = 5


def write_tree(
    layout: str,
    root: Path,
    videos: int = 2,
    frames: int = 4,
    size_hw: tuple[int, int] = (32, 48),
) -> Path:
    """A complete dataset with so many videos in each split.

    ``frames`` are those that a split of YouTube-VOS holds, every fifth of the scene; clips of Cityscapes always have
    their 30.
    """
    writer = find_writer(layout)
    if layout.startswith("youtube-vos"):
        frames = (frames - 1) * _YOUTUBE_STEP + 1
    if layout == "cityscapes":
        frames = _CITYSCAPES_CLIP
    scenes = flat_scenes(writer.kind, videos * len(writer.splits), frames, size_hw)
    write_dataset(layout, root, scenes)
    return root


def remove(path: Path) -> None:
    """Take a file away."""
    path.unlink()


def truncate(path: Path) -> None:
    """Keep the first half of a file, as a broken download does."""
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
