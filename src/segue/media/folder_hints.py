"""Folders that are given as a video and hold something else: masks beside frames, or a whole data set."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from segue.errors import MaskError, VideoError
from segue.media.images import is_image
from segue.media.mask_files import read_values

_LOSSY = frozenset({".jpg", ".jpeg"})
_COLOUR = frozenset({"RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB"})
_DEPTH = 3
_FEW = 200
"""Folders that are looked into."""


def refuse_masks_among(folder: Path, images: Sequence[Path]) -> None:
    """Refuse a folder in which masks lie among the frames.

    A mask is a picture that reads as one and differs from the others: a palette, grey or black-and-white picture among
    coloured ones, or one with "mask" in its name.

    Raises:
        VideoError: There are some; the message says how to name the frames alone.
    """
    odd = _unlike_frames(images)
    masks = [path for path in odd if _reads_as_mask(path)] if _reads_as_mask(*odd[:1]) else []
    frames = [path for path in images if path not in set(masks)]
    if not masks or not frames:
        return
    suffixes = {path.suffix for path in masks}
    own = {path.suffix for path in frames} - suffixes
    pattern = f", such as the pattern '{folder / ('*' + min(own))}'" if own else ""
    mask = "1 mask" if len(masks) == 1 else f"{len(masks)} masks"
    raise VideoError(
        f"{folder} holds {len(frames)} frames and {mask}, such as {masks[0].name}. Give the frames alone{pattern}, and "
        "the masks by themselves."
    )


def explain_empty(folder: Path) -> str:
    """What a folder without pictures of its own holds: one sentence, or nothing."""
    inner = next((path for path in _folders(folder) if any(map(is_image, path.iterdir()))), None)
    if inner is None:
        return ""
    if (folder / "JPEGImages").is_dir():
        inside = next(
            (
                path
                for path in _folders(folder / "JPEGImages")
                if any(map(is_image, path.iterdir()))
            ),
            inner,
        )
        return f"It looks like a data set: give the frames of one sequence, such as {inside}."
    return f"Pictures lie below it: give one folder, such as {inner}."


def _unlike_frames(images: Sequence[Path]) -> list[Path]:
    modes = {path: _mode(path) for path in images if path.suffix.lower() not in _LOSSY}
    colour = len(modes) < len(images) or any(mode in _COLOUR for mode in modes.values())
    return [
        path
        for path, mode in modes.items()
        if "mask" in path.stem.casefold() or (colour and mode not in _COLOUR and mode != "?")
    ]


def _mode(path: Path) -> str:
    try:
        with Image.open(path) as header:
            return header.mode
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "?"


def _reads_as_mask(*paths: Path) -> bool:
    try:
        return bool(paths) and all(read_values(path).objects for path in paths)
    except MaskError:
        return False


def _folders(folder: Path, depth: int = _DEPTH) -> Iterator[Path]:
    """Folders below a folder, the nearest first."""
    level = [folder]
    seen = 0
    for _ in range(depth):
        level = [
            path
            for parent in level
            for path in sorted(parent.iterdir())
            if path.is_dir() and not path.name.startswith(".")
        ]
        for path in level:
            seen += 1
            if seen > _FEW:
                return
            yield path
