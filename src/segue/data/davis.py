"""The DAVIS layouts: frames, masks, and lists of what belongs to a split.

DAVIS-2016 lists a frame and its mask per line and draws all objects in one value, 255. DAVIS-2017 lists names of
sequences and gives each object an id; all objects are there in the first frame. The unsupervised challenge has masks
of its own, with 255 where nothing is scored. Splits named ``test-...`` come with the masks of first frames only.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from segue.data.check import (
    Judge,
    ReadMask,
    check_files,
    check_numbers,
    check_sequence,
    check_sequences_named,
    missing_sequence,
    only,
    spell,
)
from segue.data.layout import Layout, MaskKind
from segue.data.sample import VideoSequence
from segue.errors import InputError, MaskError, NotFoundError
from segue.media.images import list_images
from segue.media.label_file import read_label_values
from segue.problems import Problem
from segue.types import BACKGROUND, VOID

_RESOLUTIONS = ("480p", "Full-Resolution", "1080p")


@dataclass(frozen=True)
class Edition:
    """What differs between the releases of DAVIS."""

    lists: tuple[str, ...]
    """Folders of ``ImageSets`` to look in, in this order; an empty name is ``ImageSets`` itself."""
    judge: Callable[[VideoSequence], Judge]
    """What the masks of a sequence may hold."""
    annotations: str = "Annotations"


def _anything(sequence: VideoSequence) -> Judge:
    return lambda mask: ()


def _one_object(sequence: VideoSequence) -> Judge:
    def judge(mask: ReadMask) -> Iterator[Problem]:
        odd = mask.values - {BACKGROUND, VOID}
        if odd:
            message = (
                f"{mask.path} holds {spell(odd)}, expected 0 and 255. Every value but 0 is read "
                "as the one object of DAVIS-2016."
            )
            yield Problem("foreground-value", mask.sequence, mask.frame, message)

    return judge


def _objects_of_first_frame(sequence: VideoSequence) -> Judge:
    try:
        first = sequence.mask_paths[0]
        values = read_label_values(first) if first else None
    except MaskError:
        values = None
    if values is None:
        return _anything(sequence)
    # Not fatal: the official tool scores the objects of the first frame and drops the others.
    return only({BACKGROUND, VOID, *np.unique(values).tolist()}, fatal=False)


ANY_EDITION = Edition(("480p", "2016", "2017", ""), _anything)
_2016 = Edition(("480p", "2016", ""), _one_object)
_2017 = Edition(("2017", ""), _objects_of_first_frame)
_UNSUPERVISED = Edition(("2017", ""), _anything, "Annotations_unsupervised")


def davis_sequences(
    root: Path, split: str = "val", edition: Edition = ANY_EDITION
) -> list[VideoSequence]:
    """The sequences of a split, in the order of its list.

    Args:
        root: The folder that holds ``JPEGImages``, ``Annotations`` and ``ImageSets``.
        split: Name of a list, such as ``train`` or ``val``.
        edition: Which lists and masks to take.

    Raises:
        NotFoundError: The folder, the list, or a sequence of the list is not there.
        InputError: The list is empty.
    """
    images, masks, listing = _find(root, split, edition)
    return [_sequence(images / name, masks / name) for name in _names(listing)]


def _check(root: Path, split: str, edition: Edition) -> Iterator[Problem]:
    images, masks, listing = _find(root, split, edition)
    for name in _names(listing):
        try:
            sequence = _sequence(images / name, masks / name)
        except NotFoundError:
            yield missing_sequence(name, images / name, str(listing))
            continue
        first = frozenset({sequence.frame_paths[0].stem})
        required = first if split.startswith("test") else None
        yield from check_sequence(sequence, edition.judge(sequence), required)
        yield from check_files(images / name, sequence.frame_paths, name)
        yield from check_files(masks / name, sequence.mask_paths, name)
        yield from check_numbers(sequence)
    yield from _check_lines(root, listing)
    lists = root / "ImageSets"
    listed = {name for path in lists.rglob("*.txt") for name in _names(path)}
    for folder in (images, masks):
        yield from check_sequences_named(folder, listed, f"any list of {lists}")


def _check_lines(root: Path, listing: Path) -> Iterator[Problem]:
    """Frames that a list names and that are not there; lists of sequences name none."""
    for line in _lines(listing):
        word = line.split()[0]
        path = root / word.lstrip("/")
        if "/" in word and not path.is_file():
            message = f"{listing} names {word}, which is not there. Copy it, or unlist it."
            yield Problem("listing", path.parent.name, path.stem, message, fatal=True)


def _find(root: Path, split: str, edition: Edition) -> tuple[Path, Path, Path]:
    """Folder of images, folder of masks, list of the split."""
    images = _resolution(root)
    listing = _list(root / "ImageSets", split, edition)
    if not _lines(listing):
        raise InputError(f"{listing} is empty, expected a sequence or a frame per line.")
    masks = root / edition.annotations / images.name
    if not masks.is_dir():
        raise NotFoundError(
            f"No masks in {root}: expected a folder {edition.annotations}/{images.name} beside "
            f"JPEGImages/{images.name}. Unpack the annotations there."
        )
    return images, masks, listing


def _resolution(root: Path) -> Path:
    for name in _RESOLUTIONS:
        if (root / "JPEGImages" / name).is_dir():
            return root / "JPEGImages" / name
    raise NotFoundError(
        f"No DAVIS data in {root}: expected a folder JPEGImages/480p. "
        "Give the folder that holds JPEGImages, Annotations and ImageSets."
    )


def _list(folder: Path, split: str, edition: Edition) -> Path:
    lists = [path for name in edition.lists for path in sorted((folder / name).glob("*.txt"))]
    for path in lists:
        if path.stem == split:
            return path
    known = ", ".join(sorted({path.stem for path in lists})) or "no list at all"
    places = ", ".join(name for name in edition.lists if name)
    raise NotFoundError(f"No split {split!r} in {folder} ({places}). Found: {known}.")


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    return [line for line in text.splitlines() if line.strip()]


def _names(path: Path) -> list[str]:
    """Sequence names of a list, each once, in order."""
    words = [line.split()[0] for line in _lines(path)]
    return list(dict.fromkeys(Path(word).parent.name if "/" in word else word for word in words))


def _sequence(images: Path, masks: Path) -> VideoSequence:
    frames = tuple(list_images(images)) if images.is_dir() else ()
    if not frames:
        raise NotFoundError(
            f"Sequence {images.name!r} is listed, but {images} holds no frames. "
            "Copy the frames there, or take the sequence off the list."
        )
    found = {p.stem: p for p in masks.glob("*.png")}
    return VideoSequence(images.name, frames, tuple(found.get(frame.stem) for frame in frames))


def _recognise(root: Path, edition: Edition) -> bool:
    listed = any(any((root / "ImageSets" / name).glob("*.txt")) for name in edition.lists)
    return listed and (root / "JPEGImages").is_dir() and (root / edition.annotations).is_dir()


def _layout(
    name: str, summary: str, edition: Edition, tree: str, holds: MaskKind = "objects"
) -> Layout:
    return Layout(
        name=name,
        summary=summary,
        tree=tree,
        default_split="val",
        holds=holds,
        sequences=partial(davis_sequences, edition=edition),
        check=partial(_check, edition=edition),
        recognise=partial(_recognise, edition=edition),
    )


DAVIS2016 = _layout(
    "davis2016",
    "DAVIS-2016: one object per video, every frame annotated",
    _2016,
    """\
JPEGImages/480p/<sequence>/<frame>.jpg
Annotations/480p/<sequence>/<frame>.png   0 and 255
ImageSets/480p/<split>.txt                a frame and its mask per line; or ImageSets/2016""",
    "foreground",
)

DAVIS2017 = _layout(
    "davis2017",
    "DAVIS-2017: several objects per video, every frame annotated",
    _2017,
    """\
JPEGImages/480p/<sequence>/<frame>.jpg    or Full-Resolution
Annotations/480p/<sequence>/<frame>.png   one id per object
ImageSets/2017/<split>.txt                a sequence per line""",
)

DAVIS2017_UNSUPERVISED = _layout(
    "davis2017-unsupervised",
    "DAVIS-2017 with the masks of the unsupervised challenge",
    _UNSUPERVISED,
    """\
JPEGImages/480p/<sequence>/<frame>.jpg                 or Full-Resolution
Annotations_unsupervised/480p/<sequence>/<frame>.png   one id per object, 255 not scored
ImageSets/2017/<split>.txt                             a sequence per line""",
)
