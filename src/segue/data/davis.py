"""The DAVIS layout: frames, masks, and lists of what belongs to a split.

ROOT/JPEGImages/480p/<sequence>/*.jpg
ROOT/Annotations/480p/<sequence>/*.png
ROOT/ImageSets/480p/<split>.txt      DAVIS-2016: a frame and its mask per line
ROOT/ImageSets/2017/<split>.txt      DAVIS-2017: a sequence name per line; also 2016, or no folder
"""

from collections.abc import Iterable
from pathlib import Path

from segue.data.sample import VideoSequence
from segue.errors import InputError, NotFoundError
from segue.media.images import list_images

_RESOLUTIONS = ("480p", "Full-Resolution", "1080p")
_LISTS = ("480p", "2016", "2017", "")


def davis_sequences(root: Path, split: str = "val") -> list[VideoSequence]:
    """The sequences of a split, in the order of its list.

    Args:
        root: The folder that holds ``JPEGImages``, ``Annotations`` and ``ImageSets``.
        split: Name of a list, such as ``train`` or ``val``.

    Raises:
        NotFoundError: The folder, the list, or a sequence of the list is not there.
        InputError: The list is empty.
    """
    images = _resolution(root, "JPEGImages")
    masks = root / "Annotations" / images.name
    listing = _list(root, split)
    names = list(_names(listing))
    if not names:
        raise InputError(f"{listing} is empty, expected a sequence or a frame per line.")
    return [_sequence(images / name, masks / name) for name in names]


def _resolution(root: Path, kind: str) -> Path:
    for name in _RESOLUTIONS:
        if (root / kind / name).is_dir():
            return root / kind / name
    raise NotFoundError(
        f"No DAVIS data in {root}: expected a folder {kind}/480p. "
        "Give the folder that holds JPEGImages, Annotations and ImageSets."
    )


def _list(root: Path, split: str) -> Path:
    for name in _LISTS:
        path = root / "ImageSets" / name / f"{split}.txt"
        if path.is_file():
            return path
    known = sorted({path.stem for path in (root / "ImageSets").rglob("*.txt")})
    raise NotFoundError(
        f"No split {split!r} in {root / 'ImageSets'}. "
        f"Found: {', '.join(known) or 'no list at all'}."
    )


def _names(path: Path) -> Iterable[str]:
    """Sequence names of a list, each once, in order."""
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    first = (words[0] for words in lines if words)
    return dict.fromkeys(Path(word).parent.name if "/" in word else word for word in first)


def _sequence(images: Path, masks: Path) -> VideoSequence:
    frames = tuple(list_images(images)) if images.is_dir() else ()
    if not frames:
        raise NotFoundError(
            f"Sequence {images.name!r} is listed, but {images} holds no frames. "
            "Copy the frames there, or take the sequence off the list."
        )
    found = {p.stem: p for p in masks.glob("*.png")}
    return VideoSequence(images.name, frames, tuple(found.get(frame.stem) for frame in frames))
