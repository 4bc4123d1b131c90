"""The VSPW layout: 124 classes in every frame of 3536 videos; the 480p release has the same folders.

Label files hold 1 to 124, and 0 and 255 where nothing is scored. The truth of ``test`` is not public.
"""

from collections.abc import Iterator
from pathlib import Path

from segue.data.check import (
    check_files,
    check_numbers,
    check_sequence,
    check_sequences_named,
    missing_sequence,
    only,
)
from segue.data.layout import Layout
from segue.data.sample import VideoSequence
from segue.data.semantic_classes import VSPW_CLASSES
from segue.errors import InputError, NotFoundError
from segue.media.images import list_images
from segue.problems import Problem


def vspw_sequences(root: Path, split: str = "val") -> list[VideoSequence]:
    """The videos of a split, in the order of its list.

    Raises:
        NotFoundError: The folder, the list, or a video of the list is not there.
        InputError: The list is empty.
    """
    sequences = [_sequence(root, name) for name in _names(root, split)]
    missing = [sequence.name for sequence in sequences if not sequence.frame_paths]
    if missing:
        raise NotFoundError(
            f"{root / f'{split}.txt'} lists {', '.join(missing[:5])}{', ...' * (len(missing) > 5)}, "
            f"but {root / 'data'} holds no frames of {len(missing)} videos. Copy them there, or take "
            "them off the list."
        )
    return sequences


def _check(root: Path, split: str) -> Iterator[Problem]:
    for name in _names(root, split):
        sequence = _sequence(root, name)
        folder = root / "data" / name
        if not sequence.frame_paths:
            yield missing_sequence(name, folder / "origin", f"{split}.txt")
            continue
        required = () if split == "test" else None
        yield from check_sequence(sequence, only(VSPW_CLASSES.values), required)
        yield from check_files(folder / "origin", sequence.frame_paths, name)
        yield from check_files(folder / "mask", sequence.mask_paths, name)
        yield from check_numbers(sequence)
    listed = {name for path in root.glob("*.txt") for name in _read(path)}
    yield from check_sequences_named(root / "data", listed, "any list of videos")


def _names(root: Path, split: str) -> list[str]:
    path = root / f"{split}.txt"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in root.glob("*.txt"))) or "no list at all"
        raise NotFoundError(
            f"No list {path}. Found: {known}. Give the folder that holds data and the lists."
        )
    names = _read(path)
    if not names:
        raise InputError(f"{path} is empty, expected the name of a video per line.")
    return names


def _read(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


def _sequence(root: Path, name: str) -> VideoSequence:
    folder = root / "data" / name
    images = folder / "origin"
    frames = tuple(list_images(images)) if images.is_dir() else ()
    masks = {path.stem: path for path in (folder / "mask").glob("*.png")}
    return VideoSequence(name, frames, tuple(masks.get(frame.stem) for frame in frames))


def _recognise(root: Path) -> bool:
    return any(root.glob("*.txt")) and any((root / "data").glob("*/origin"))


VSPW = Layout(
    name="vspw",
    summary="VSPW: 124 classes, every frame annotated, 3536 videos; also VSPW-480p",
    tree="""\
data/<video>/origin/<frame>.jpg
data/<video>/mask/<frame>.png     1 to 124; 0 and 255 are not scored
<split>.txt                       a video per line""",
    default_split="val",
    holds="classes",
    sequences=vspw_sequences,
    check=_check,
    recognise=_recognise,
)
