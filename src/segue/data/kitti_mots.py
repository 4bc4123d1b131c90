"""The KITTI-MOTS layout: cars and pedestrians with an id per track, as 16-bit PNG, as text, or as both.

The 21 sequences and their split are those of Voigtlaender et al. (CVPR 2019). A file ``<split>.seqmap`` in the root
takes their place: a line per sequence, ``name empty first_frame last_frame`` (``mots_tools``). Frames count from 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segue.data.check import check_sequence, check_sequences_named, only, spell
from segue.data.layout import Layout
from segue.data.mots_text import (
    IDS_PER_CLASS,
    IGNORE_REGION,
    MOTS_CLASSES,
    TrackedMask,
    check_tracks,
    draw_ids,
    read_mots,
)
from segue.data.sample import VideoSequence
from segue.errors import InputError, MaskError, NotFoundError
from segue.media.images import list_images
from segue.media.label_file import read_label_values
from segue.problems import Problem

IGNORE_ID = IGNORE_REGION * IDS_PER_CLASS
_NUM_FRAMES = (
    154, 447, 233, 144, 314, 297, 270, 800, 390, 803, 294, 373, 78, 340, 106, 376, 209, 145, 339, 1059, 837,
)  # fmt: skip
_LENGTHS = {f"{number:04}": length for number, length in enumerate(_NUM_FRAMES)}
_VAL = ("0002", "0006", "0007", "0008", "0010", "0013", "0014", "0016", "0018")
_SPLITS = {
    "train": tuple(name for name in _LENGTHS if name not in _VAL),
    "val": _VAL,
    "fulltrain": tuple(_LENGTHS),
}
_IMAGES = ("training/image_02", "image_02")
_MASK_VALUES = frozenset({0, *range(IDS_PER_CLASS, 3 * IDS_PER_CLASS), IGNORE_ID})


@dataclass(frozen=True, slots=True)
class _Files:
    """What a root has of a sequence."""

    name: str
    length: int
    images: Mapping[str, Path]
    masks: Mapping[str, Path]
    text: Path | None


def kitti_mots_sequences(root: Path, split: str = "val") -> list[VideoSequence]:
    """The sequences of a split: those of its seqmap, or else those of the official split that are there.

    Frames, PNG masks and text are each there or not: without frames a sequence has masks alone, without PNGs only its
    ``tracks_path``.

    Raises:
        NotFoundError: The folder, the split, or a sequence of the seqmap is not there.
        InputError: A seqmap that does not read as one.
    """
    found = [_files(root, name, length) for name, length in _listed(root, split).items()]
    missing = [files.name for files in found if not _annotated(files)]
    if missing and (_seqmap(root, split).is_file() or len(missing) == len(found)):
        raise NotFoundError(
            f"{root} has neither instances nor instances_txt of {', '.join(missing)}, which belong "
            f"to {split!r}. Copy them there, or list the sequences you have in {split}.seqmap."
        )
    return [_sequence(files) for files in found if _annotated(files)]


def _check(root: Path, split: str) -> Iterator[Problem]:
    for name, length in _listed(root, split).items():
        files = _files(root, name, length)
        if not _annotated(files):
            message = f"It belongs to {split!r}, but has neither PNG masks nor text. Copy them."
            yield Problem("missing-sequence", name, "", message, fatal=True)
            continue
        sequence = _sequence(files)
        yield from _check_names(files)
        yield from check_sequence(sequence, only(_MASK_VALUES), required=())
        if files.text:
            problems = [*check_tracks(sequence, files.text, range(length), MOTS_CLASSES)]
            yield from problems or _compare(files, files.text)
    names = {name for path in root.glob("*.seqmap") for name in _listed(root, path.stem)}
    listing = "a seqmap, nor in KITTI-MOTS"
    yield from check_sequences_named(root / "instances", names | set(_LENGTHS), listing)
    texts = {f"{name}.txt" for name in names | set(_LENGTHS)}
    yield from check_sequences_named(root / "instances_txt", texts, listing)


def _check_names(files: _Files) -> Iterator[Problem]:
    """Frames and masks that lack, and those beyond the end."""
    expected = dict.fromkeys(map(_frame_name, range(files.length)))
    for kind, found in (("image", files.images), ("mask", files.masks)):
        for frame in expected if found else ():
            if frame not in found:
                message = (
                    f"The {kind} {frame}.png is not there, expected {files.length} frames. Copy it."
                )
                yield Problem("missing-frame", files.name, frame, message, fatal=True)
        for frame, path in found.items():
            if frame not in expected:
                message = f"{path} is none of the {files.length} frames from 000000 on. Remove it."
                yield Problem("extra-frame", files.name, frame, message)


def _compare(files: _Files, text: Path) -> Iterator[Problem]:
    """Frames in which the PNG masks and the text are not the same."""
    frames = read_mots(text)
    for index in range(files.length):
        path = files.masks.get(_frame_name(index))
        if path:
            yield from _compare_frame(files.name, path, text, frames.get(index, ()))


def _compare_frame(
    sequence: str, path: Path, text: Path, masks: Sequence[TrackedMask]
) -> Iterator[Problem]:
    try:
        values = read_label_values(path)
    except MaskError:
        return  # told by the check of the masks
    sizes = {(item.mask.height, item.mask.width) for item in masks}
    if sizes - {values.shape}:
        message = f"{text} has masks of another size than {path}. Write one of them again."
        yield Problem("size", sequence, path.stem, message, fatal=True)
        return
    drawn = draw_ids(masks, (values.shape[0], values.shape[1]))
    differs = drawn != values
    if differs.any():
        tracks = spell(set(np.unique([drawn[differs], values[differs]]).tolist()) - {0})
        message = f"{path} and {text} disagree about {tracks}. Write one of them again."
        yield Problem("listing", sequence, path.stem, message, fatal=True)


def _listed(root: Path, split: str) -> dict[str, int]:
    """Names and numbers of frames of the sequences of a split."""
    if not _recognise(root):
        raise NotFoundError(
            f"No KITTI-MOTS data in {root}: expected a folder instances or instances_txt. Give the "
            "folder that holds them."
        )
    path = _seqmap(root, split)
    if path.is_file():
        return dict(_read_seqmap(path))
    if split not in _SPLITS:
        known = sorted({*_SPLITS, *(found.stem for found in root.glob("*.seqmap"))})
        raise NotFoundError(
            f"No split {split!r}: there is no {path}. Known are {', '.join(known)}."
        )
    return {name: _LENGTHS[name] for name in _SPLITS[split]}


def _seqmap(root: Path, split: str) -> Path:
    return root / f"{split}.seqmap"


def _read_seqmap(path: Path) -> Iterator[tuple[str, int]]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        words = line.split()
        if len(words) == 4 and words[3].isdecimal():
            yield words[0], int(words[3]) + 1
        elif words:
            raise InputError(
                f"{path}, line {number} reads {line!r}, expected 'name empty first_frame last_frame' "
                "as in '0002 empty 000000 000232'."
            )


def _files(root: Path, name: str, length: int) -> _Files:
    images = next((root / kind / name for kind in _IMAGES if (root / kind / name).is_dir()), None)
    masks = root / "instances" / name
    text = root / "instances_txt" / f"{name}.txt"
    return _Files(
        name,
        length,
        {path.stem: path for path in list_images(images)} if images else {},
        {path.stem: path for path in list_images(masks)} if masks.is_dir() else {},
        text if text.is_file() else None,
    )


def _annotated(files: _Files) -> bool:
    return bool(files.masks) or files.text is not None


def _sequence(files: _Files) -> VideoSequence:
    names = list(files.images or (map(_frame_name, range(files.length)) if files.masks else ()))
    return VideoSequence(
        files.name,
        tuple(files.images.values()),
        tuple(files.masks.get(name) for name in names),
        tracks_path=files.text,
        num_frames=0 if files.images else files.length,
    )


def _frame_name(index: int) -> str:
    return f"{index:06}"


def _recognise(root: Path) -> bool:
    return (root / "instances").is_dir() or (root / "instances_txt").is_dir()


KITTI_MOTS = Layout(
    name="kitti-mots",
    summary="KITTI-MOTS: cars and pedestrians, an id per track, 21 street videos",
    tree="""\
instances/<sequence>/<frame>.png             16 bit, class * 1000 + instance; 10000 not scored
instances_txt/<sequence>.txt                 the same as text; one of the two is enough
training/image_02/<sequence>/<frame>.png     where frames are needed; or image_02
<split>.seqmap                               only for a split of your own: name empty 000000 <last>""",
    default_split="val",
    holds="tracks",
    sequences=kitti_mots_sequences,
    check=_check,
    recognise=_recognise,
)
