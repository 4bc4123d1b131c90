"""The CamVid layout of SegNet: 11 classes, frames of several drives in one folder per split.

A frame's name tells its drive and its number in it: ``0001TP_006690``, ``0006R0_f00930``. Frames of one drive are a
sequence, in the order of their numbers, whether they follow each other in the video or are a second apart.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from segue.data.check import check_files, check_sequence, only, visible
from segue.data.layout import Layout
from segue.data.sample import VideoSequence
from segue.data.semantic_classes import CAMVID_CLASSES
from segue.errors import InputError, NotFoundError
from segue.media.images import list_images
from segue.problems import Problem

_SPLITS = ("train", "val", "test")
_NAME = re.compile(r"(?P<drive>.+)_f?(?P<number>\d+)")


def camvid_sequences(root: Path, split: str = "val") -> list[VideoSequence]:
    """The drives of a split, in the order of their names; files that are named otherwise are left out.

    Raises:
        NotFoundError: The folder of the split is not there, or holds no frames.
        InputError: No frame has a name of this form.
    """
    frames: dict[str, list[tuple[int, Path]]] = defaultdict(list)
    for path in _images(root, split):
        name = _NAME.fullmatch(path.stem)
        if name:
            frames[name["drive"]].append((int(name["number"]), path))
    if not frames:
        raise InputError(f"No frame in {root / split} is named like 0001TP_006690. Rename them.")
    masks = {path.stem: path for path in _masks(root, split).glob("*.png")}
    sequences = []
    for drive, numbered in sorted(frames.items()):
        paths = tuple(path for _, path in sorted(numbered))
        sequences.append(VideoSequence(drive, paths, tuple(masks.get(path.stem) for path in paths)))
    return sequences


def _check(root: Path, split: str) -> Iterator[Problem]:
    sequences = camvid_sequences(root, split)
    for sequence in sequences:
        yield from check_sequence(sequence, only(CAMVID_CLASSES.values))
    known = {path for sequence in sequences for path in sequence.frame_paths}
    for path in _images(root, split):
        if path not in known:
            message = f"{path} is not named <drive>_<number>; it is left out. Rename it."
            yield Problem("name", "", path.stem, message)
    masks = [path for sequence in sequences for path in sequence.mask_paths]
    yield from check_files(_masks(root, split), masks, "")


def _images(root: Path, split: str) -> list[Path]:
    folder = root / split
    images = list_images(folder) if folder.is_dir() else []
    if not images:
        known = ", ".join(path.name for path in visible(root) if _is_split(path))
        raise NotFoundError(
            f"No frames in {folder}, expected names like 0001TP_006690.png. Splits of {root}: "
            f"{known or 'none'}. Give the folder that holds train and trainannot."
        )
    return images


def _masks(root: Path, split: str) -> Path:
    return root / f"{split}annot"


def _is_split(folder: Path) -> bool:
    return _masks(folder.parent, folder.name).is_dir()


def _recognise(root: Path) -> bool:
    return any(_is_split(root / split) and (root / split).is_dir() for split in _SPLITS)


CAMVID = Layout(
    name="camvid",
    summary="CamVid as SegNet has it: 11 classes, street videos",
    tree="""\
<split>/<drive>_<number>.png         or jpg
<split>annot/<drive>_<number>.png    0 to 10; 11 is not scored""",
    default_split="val",
    holds="classes",
    sequences=camvid_sequences,
    check=_check,
    recognise=_recognise,
)
