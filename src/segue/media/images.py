"""Still images as frames: folders, patterns, natural order, EXIF orientation."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from segue.errors import DecodeError, VideoError
from segue.media.frames import DEFAULT_FRAME_RATE, SourceDescription, VideoFrame, over_black
from segue.types import Frame

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})

_TURNED = frozenset({5, 6, 7, 8})  # EXIF orientations that swap height and width
_READ_ERRORS = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sorting key under which ``frame2`` comes before ``frame10``, whatever the names.

    Total: two names share a key only if they are equal.
    """
    parts: list[str | int] = list(re.split(r"(\d+)", name.casefold()))
    parts[1::2] = [int(digits) for digits in parts[1::2]]
    return parts, name


def list_images(folder: Path) -> list[Path]:
    """Image files of a folder in natural order, hidden files left out."""
    return sorted(
        (path for path in folder.iterdir() if is_image(path)),
        key=lambda path: natural_key(path.stem),
    )


def is_image(path: Path) -> bool:
    """True for a visible file whose suffix is that of a still image."""
    named = path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    return named and path.is_file()


def read_image(path: Path) -> Frame:
    """An image as upright RGB, shape ``height width 3``; alpha on black, 16 bits cut to 8.

    Raises:
        VideoError: The file is no image or is damaged.
    """
    try:
        image, _ = load_image(path)
    except OSError as error:
        raise VideoError(f"{path} is not a whole image ({error}). Replace or remove it.") from None
    if image.mode.startswith("I"):
        grey = np.asarray(image).astype(np.int64).clip(0, 65_535) // 257
        return np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        return over_black(np.array(image.convert("RGBA")))
    return np.array(image.convert("RGB"))


def load_image(path: Path) -> tuple[Image.Image, str | None]:
    """An image in memory, upright by EXIF, and the format of its file.

    Raises:
        OSError: The file is no image, cut off or damaged.
    """
    try:
        with Image.open(path) as opened:
            # Decoding ignores the checksums of a PNG: one flipped bit gives half a picture.
            opened.verify()
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened)
            image.load()
            return image, opened.format
    except _READ_ERRORS as error:
        raise OSError(str(error)) from None


class ImageVideo:
    """Image files, one frame each, shown at a constant rate.

    Sizes are read from the headers of all files at once, pixels only when a frame's turn comes.

    Raises:
        VideoError: No files, two with one name, sizes that differ, or a first file that does not
            decode.
    """

    def __init__(
        self, paths: Sequence[Path], name: str, frame_rate: Fraction = DEFAULT_FRAME_RATE
    ) -> None:
        if not paths:
            raise VideoError(f"{name} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))}).")
        self.paths = tuple(paths)
        self.name = name
        self.description = SourceDescription(str(paths[0].parent))
        self.frame_rate: Fraction | None = frame_rate
        self.time_base = 1 / frame_rate
        self.num_frames: int | None = len(self.paths)
        self.frame_names: tuple[str, ...] | None = tuple(path.stem for path in self.paths)
        _check_names(self.paths)
        height, width = read_image(self.paths[0]).shape[:2]
        self.size_hw = (height, width)
        self._check_sizes()

    def __iter__(self) -> Iterator[VideoFrame]:
        """Frames from the first one, see ``Video``."""
        for index, path in enumerate(self.paths):
            try:
                image = read_image(path)
            except VideoError as error:
                raise DecodeError(f"Frame {path.stem} (number {index}): {error}") from None
            if image.shape[:2] != self.size_hw:
                raise DecodeError(self._size_sentence(path, image.shape[:2]))
            yield VideoFrame(image, index, path.stem, index * self.time_base)

    def __repr__(self) -> str:
        height, width = self.size_hw
        return f"ImageVideo({self.name!r}, {len(self.paths)} files, {height}x{width})"

    def _check_sizes(self) -> None:
        for path in self.paths:
            size = _header_size(path)
            # Damage is reported when the frame is reached: what comes before it is usable.
            if size is not None and size != self.size_hw:
                raise VideoError(self._size_sentence(path, size))

    def _size_sentence(self, path: Path, size_hw: tuple[int, int]) -> str:
        height, width = self.size_hw
        return (
            f"All frames need one size: {self.paths[0]} is {width}x{height}, {path} is "
            f"{size_hw[1]}x{size_hw[0]} (width x height). Resize or remove the odd ones."
        )


def _header_size(path: Path) -> tuple[int, int] | None:
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(0x0112) in _TURNED
            return (image.width, image.height) if turned else (image.height, image.width)
    except _READ_ERRORS:
        return None


def _check_names(paths: Sequence[Path]) -> None:
    seen: dict[str, Path] = {}
    for path in paths:
        other = seen.setdefault(path.stem, path)
        if other != path:
            raise VideoError(
                f"Two frames are named {path.stem!r}: {other} and {path}. Give a pattern that "
                f"takes one of them, like '{path.parent}/*{other.suffix}'."
            )
