"""One picture from a file: as its values, with all their bits, or as a frame."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame as AvFrame
from PIL import Image, ImageOps

from segue.errors import VideoError
from segue.media.colour import describe_colour, to_rgb
from segue.media.depth import Stretch, as_frame
from segue.media.frames import over_black
from segue.types import Frame

_PIL_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".jp2", ".j2k", ".tga"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".gif"}
)
_FFMPEG_SUFFIXES = frozenset({".exr", ".dpx", ".hdr", ".pfm", ".qoi", ".sgi"})
IMAGE_SUFFIXES = _PIL_SUFFIXES | _FFMPEG_SUFFIXES

READ_ERRORS = (
    *(OSError, ValueError, TypeError, SyntaxError, EOFError, LookupError, struct.error),
    Image.DecompressionBombError,
)
_TURNED = frozenset({5, 6, 7, 8})  # EXIF orientations that swap height and width
_PAGED_FORMATS = frozenset({"WEBP", "GIF", "TIFF", "AVIF"})
# Phones put a thumbnail or a second exposure behind a JPEG: more pictures in a file do not make every kind a video.
_REDUCED = 1  # TIFF: a smaller copy of another page


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of its picture before the pixels are decoded."""

    size_hw: tuple[int, int]
    """Upright."""
    deep: bool
    """Whether values have more than 8 bits."""
    pages: int
    """Pictures that follow each other in the file: 1, unless it is an animation or a stack."""


def read_image(path: Path, stretch: Stretch | None = None) -> Frame:
    """An image as upright RGB, shape ``height width 3``; alpha on black.

    Args:
        path: The file.
        stretch: How values of more than 8 bits become 8; without one, as 16-bit files say, cut.

    Raises:
        VideoError: The file is no image or is damaged, or holds values far beyond the stretch.
    """
    values = read_values(path)
    if stretch is None and values.dtype == np.uint16:
        stretch = Stretch(65_535.0, 65_535.0)
    try:
        return as_frame(values, stretch)
    except VideoError as error:
        raise VideoError(f"{path} {error}") from None


def read_values(path: Path) -> np.ndarray:
    """The values of an image with all their bits, upright: grey ``height width`` or ``height width 3``.

    Alpha goes on black, and linear light (EXR) becomes sRGB: such values come with 8 bits.

    Raises:
        VideoError: The file is no image or is damaged.
    """
    try:
        if path.suffix.lower() in _FFMPEG_SUFFIXES:
            return to_rgb(_decoded(path))
        with Image.open(path) as opened:
            deep = _is_deep(opened)
        image, _ = load_image(path)
        return _deep_colours(path) if deep else image_values(image)
    except READ_ERRORS as error:
        raise VideoError(f"{path} is not a whole image ({error}). Replace or remove it.") from None


def image_colour(path: Path) -> str | None:
    """What is done to the colours of an image, as in ``describe_colour``; None also if it is damaged."""
    if path.suffix.lower() not in _FFMPEG_SUFFIXES:
        return None
    try:
        return describe_colour(_decoded(path))
    except READ_ERRORS:
        return None


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
    except READ_ERRORS as error:
        raise OSError(str(error)) from None


def read_header(path: Path) -> Header | None:
    """Size, depth and number of pictures; None where the file does not say or is damaged."""
    try:
        with Image.open(path) as image:
            deep = _is_deep(image) or image.mode.startswith(("I", "F"))
            # Some formats decode their pixels to look for it.
            turned = image.getexif().get(0x0112) in _TURNED
            size = (image.width, image.height) if turned else (image.height, image.width)
            pages = len(page_numbers(image)) if image.format in _PAGED_FORMATS else 1
            return Header(size, deep, pages)
    except READ_ERRORS:
        return None


def is_animated_png(path: Path) -> bool:
    """Whether a PNG file holds an animation, which FFmpeg decodes as a video."""
    try:
        with Image.open(path) as image:
            return image.format == "PNG" and getattr(image, "n_frames", 1) > 1
    except READ_ERRORS:
        return False


def page_numbers(image: Image.Image) -> list[int]:
    """The pages of an open file that are pictures of their own, without smaller copies of others."""
    count = _count_pages(image)
    if image.format != "TIFF":
        return list(range(count))
    numbers = []
    for number in range(count):
        image.seek(number)
        if not int(image.tag_v2.get(254, 0)) & _REDUCED:  # type: ignore[attr-defined]
            numbers.append(number)
    image.seek(0)
    return numbers


def _count_pages(image: Image.Image) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except READ_ERRORS:
        pass  # cut off: as many as there are
    count = 1
    with suppress(*READ_ERRORS):
        while True:
            image.seek(count)
            count += 1
    return count


def read_pages(path: Path, numbers: list[int]) -> Iterator[tuple[np.ndarray, int]]:
    """The values of some pages, as in ``read_values``, and how long each is shown, in milliseconds (0: unknown).

    Raises:
        OSError: A page does not decode.
    """
    try:
        with Image.open(path) as image:
            for number in numbers:
                image.seek(number)
                deep = _is_deep(image)
                page = ImageOps.exif_transpose(image)
                duration = int(image.info.get("duration") or 0)
                yield _deep_colours(path, number) if deep else image_values(page), duration
    except READ_ERRORS as error:
        raise OSError(str(error)) from None


def image_values(image: Image.Image) -> np.ndarray:
    """The values of an image in memory, as in ``read_values``."""
    if image.mode.startswith(("I", "F")):
        grey = np.asarray(image)
        fits = grey.dtype.kind in "iu" and int(grey.max(initial=0)) <= 65_535
        return grey.clip(0).astype(np.uint16) if fits else grey
    if image.has_transparency_data:
        return over_black(np.array(image.convert("RGBA")))
    return np.array(image.convert("RGB"))


def _decoded(path: Path) -> AvFrame:
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                return frame
    except av.FFmpegError as error:
        raise OSError(getattr(error, "strerror", None) or str(error)) from None
    raise OSError("no picture in it")


def _is_deep(image: Image.Image) -> bool:
    """Whether a file, opened but not yet decoded, holds colours of 16 bits, which Pillow cuts to 8."""
    if image.mode not in ("RGB", "RGBA", "LA"):
        return False
    if image.format == "JPEG2000":
        return _jpeg2000_bits(image) > 8
    return any(_is_deep_tile(tile.args) for tile in getattr(image, "tile", ()))


def _is_deep_tile(arguments: object) -> bool:
    """By the raw mode of a tile, or the largest value of a PPM; other arguments are places and lengths."""
    words = arguments if isinstance(arguments, tuple) else (arguments,)
    return "16" in str(words[0]) or words[1:] == (65_535,)


def _jpeg2000_bits(image: Image.Image) -> int:
    """Bits of the first component, from the marker SIZ (ISO 15444-1 A.5.1), which Pillow keeps to itself."""
    file: Any = image.fp  # type: ignore[attr-defined]
    before = file.tell()
    file.seek(0)
    head = file.read(8192)
    file.seek(before)
    size = head.find(b"\xff\x4f\xff\x51") + 2
    return (head[size + 40] & 0x7F) + 1 if 2 <= size < len(head) - 40 else 8


def _deep_colours(path: Path, page: int = 0) -> np.ndarray:
    import cv2  # here: a process that has loaded OpenCV cannot fork, and evaluation reads images too

    _, found = cv2.imreadmulti(str(path), start=page, count=1, flags=cv2.IMREAD_UNCHANGED)
    if not found:
        raise OSError("its 16-bit colours do not decode")
    values = found[0]
    if values.ndim == 3 and values.shape[2] == 4:
        values = over_black(values)
    return np.ascontiguousarray(values[:, :, ::-1]) if values.ndim == 3 else values
