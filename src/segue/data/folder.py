"""Plain folders, without lists: masks alone, or frames and masks side by side.

ROOT may hold folders of masks, one per sequence, or the masks of one sequence. Frames are optional; where they are,
they lie in ROOT/JPEGImages and the masks in ROOT/Annotations. There are no splits: whatever is named, all is taken.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from segue.data.check import (
    ReadMask,
    check_files,
    check_numbers,
    check_sequence,
    check_sequences_named,
    visible,
)
from segue.data.layout import Layout
from segue.data.sample import VideoSequence
from segue.errors import NotFoundError
from segue.media.images import list_images
from segue.problems import Problem

_IMAGES = "JPEGImages"
_MASKS = "Annotations"
_FEW = 20


def folder_sequences(root: Path, split: str = "all") -> list[VideoSequence]:
    """A sequence per folder, in natural order; masks without frames have empty ``frame_paths``.

    Raises:
        NotFoundError: There is no such folder, or no mask in it.
    """
    if not root.is_dir():
        raise NotFoundError(f"No folder {root}. Give the folder that holds the masks.")
    masks = _masks_folder(root)
    folders = [path for path in visible(masks) if path.is_dir() and _pngs(path)]
    if folders:
        return [_sequence(path, root / _IMAGES / path.name, path.name) for path in folders]
    if _pngs(masks):
        return [_sequence(masks, root / _IMAGES, root.resolve().name)]
    raise NotFoundError(
        f"No masks in {masks}: expected PNG files, or folders of PNG files, one per sequence."
    )


def _masks_folder(root: Path) -> Path:
    return root / _MASKS if (root / _MASKS).is_dir() else root


def _sequence(masks: Path, images: Path, name: str) -> VideoSequence:
    found = {path.stem: path for path in _pngs(masks)}
    frames = tuple(list_images(images)) if images.is_dir() else ()
    if not frames:
        return VideoSequence(name, (), tuple(found.values()), num_frames=len(found))
    return VideoSequence(name, frames, tuple(found.get(frame.stem) for frame in frames))


def _pngs(folder: Path) -> list[Path]:
    return [path for path in list_images(folder) if path.suffix.lower() == ".png"]


def _check(root: Path, split: str) -> Iterator[Problem]:
    sequences = folder_sequences(root, split)
    for sequence in sequences:
        yield from check_sequence(sequence, _anything)
        yield from check_numbers(sequence)
        for paths in (sequence.frame_paths, [path for path in sequence.mask_paths if path]):
            if paths:
                yield from check_files(paths[0].parent, paths, sequence.name)
    masks = _masks_folder(root)
    if not _pngs(masks):
        named = {sequence.name for sequence in sequences}
        yield from check_sequences_named(root / _IMAGES, named, f"the folders of {masks}")


def _anything(mask: ReadMask) -> Iterator[Problem]:
    yield from ()


def _recognise(root: Path) -> bool:
    masks = _masks_folder(root)
    return any(_holds_masks(folder) for folder in (masks, *visible(masks)[:_FEW]))


def _holds_masks(folder: Path) -> bool:
    return folder.is_dir() and any(
        path.suffix.lower() == ".png" for path in islice(folder.iterdir(), _FEW)
    )


FOLDER = Layout(
    name="folder",
    summary="plain folders of masks, with or without frames",
    tree="""\
<sequence>/<frame>.png               masks alone; or the masks of one sequence
or
JPEGImages/<sequence>/<frame>.jpg    frames
Annotations/<sequence>/<frame>.png   masks""",
    default_split="all",
    holds="objects",
    sequences=folder_sequences,
    check=_check,
    recognise=_recognise,
)
