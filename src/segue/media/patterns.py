"""Patterns of file names: globs, printf (``%05d.png``) and hashes (``s.####.exr``)."""

import glob
import re
from collections import Counter
from pathlib import Path

from segue.errors import NotFoundError, VideoError
from segue.media.folder_hints import explain_empty
from segue.media.images import IMAGE_SUFFIXES, is_image, list_images, natural_key

_PRINTF = re.compile(r"%0?(\d*)d")
_VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".mkv", ".avi", ".webm", ".ts", ".m4v", ".mpg", ".wmv"}
)
_HASHES = re.compile(r"#+")


def is_pattern(source: str) -> bool:
    """Whether a name that is no file stands for several."""
    name = Path(source).name
    return glob.has_magic(source) or bool(_PRINTF.search(name) or _HASHES.search(name))


def matching_images(pattern: str) -> list[Path]:
    """The images that a pattern stands for, in natural order.

    ``*``, ``?``, ``[...]`` and ``**`` as in a shell. In the name of the file ``%d`` or ``#`` stands for any number,
    ``%05d`` or ``#####`` for one of five digits or more. Numbers may begin anywhere and have gaps.

    Raises:
        NotFoundError: Nothing matches.
    """
    numbered = _numbered(pattern)
    found = (
        numbered if numbered is not None else [Path(p) for p in glob.glob(pattern, recursive=True)]
    )
    images = sorted(filter(is_image, found), key=lambda path: natural_key(path.stem))
    if images:
        return images
    if not found:
        raise NotFoundError(f"The pattern {pattern!r} matches nothing. Check folder and suffix.")
    raise NotFoundError(
        f"The pattern {pattern!r} matches {len(found)} files, but no image ({_kinds(found)}). "
        f"Kinds that can be read: {_readable()}."
    )


def folder_images(folder: Path) -> list[Path]:
    """The images of a folder in natural order.

    Raises:
        VideoError: There are none; the message says what is there instead.
    """
    images = list_images(folder)
    if images:
        return images
    below = [(sub, len(list_images(sub))) for sub in sorted(folder.iterdir()) if sub.is_dir()]
    holding = [f"{sub} ({count})" for sub, count in below if count]
    if holding:
        raise VideoError(
            f"{folder} holds no images, but folders with images: {', '.join(holding[:6])}. "
            "Give the one with the frames."
        )
    hint = explain_empty(folder)
    if hint:
        raise VideoError(f"{folder} holds no images. {hint}")
    files = [p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")]
    videos = [path for path in sorted(files) if path.suffix.lower() in _VIDEO_SUFFIXES]
    if videos:
        raise VideoError(
            f"{folder} holds no images, but videos. Give one of them, like {videos[0]}."
        )
    if files:
        raise VideoError(
            f"{folder} holds no images that can be read, only {_kinds(files)}. Give a video file, or "
            f"a folder of frames as {_readable()}."
        )
    raise VideoError(f"{folder} holds no images. Give a folder of frames or a video file.")


def _numbered(pattern: str) -> list[Path] | None:
    """Files whose name has a number where the pattern has one; None for patterns without."""
    folder, name = Path(pattern).parent, Path(pattern).name
    place = _PRINTF.search(name) or _HASHES.search(name)
    if place is None or glob.has_magic(name):
        return None
    digits = int(place[1] or 1) if place[0].startswith("%") else len(place[0])
    before, after = re.escape(name[: place.start()]), re.escape(name[place.end() :])
    wanted = re.compile(f"{before}\\d{{{digits},}}{after}")
    folders = [folder] if folder.is_dir() else [Path(p) for p in glob.glob(str(folder))]
    if not folders:
        raise NotFoundError(f"No folder {folder} (from the pattern {pattern!r}).")
    return [p for f in folders if f.is_dir() for p in f.iterdir() if wanted.fullmatch(p.name)]


def _kinds(files: list[Path]) -> str:
    counts = Counter(path.suffix.lower() or "no ending" for path in files)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common(6))


def _readable() -> str:
    return " ".join(sorted(IMAGE_SUFFIXES))
