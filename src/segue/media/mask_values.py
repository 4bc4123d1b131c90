"""What the pixels of a mask file mean: ids, grey levels, colours or transparency.

The rules are ours, made from the mask files that people have. Each function returns the objects
it found under a key, so that files of different kinds agree: the white of a 0/255 file, the 1 of
a 0/1 file and palette index 1 are the same object.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Int32, UInt8
from PIL import Image

from segue.errors import MaskError
from segue.media.images import load_image
from segue.media.palette import palette
from segue.types import MAX_OBJECTS, VOID

_HALF = 128
_SOFT_VALUES = 16
_CUT_OUT_COLOURS = 32

Values = Int32[np.ndarray, "height width"]


@dataclass(frozen=True, slots=True)
class ObjectValue:
    """One object in a file, before it has an id."""

    value: int
    """The pixel value that stands for it."""
    key: str
    """The same for the same object in all files."""
    source: str
    """What it was in the file, for people."""
    wanted_id: int | None
    """The id it should have, None for the lowest free one."""


@dataclass(frozen=True, slots=True)
class MaskValues:
    """Pixel values of a file and what they stand for; values not named are background."""

    values: Values
    objects: tuple[ObjectValue, ...]
    void: int | None = None


def read_values(path: Path) -> MaskValues:
    """The pixels of a mask file with their meaning.

    Raises:
        MaskError: The file is no image, damaged, or ambiguous; the message names it.
    """
    try:
        image, format_name = load_image(path)
    except OSError as error:
        raise MaskError(f"{path} is not a whole image ({error}). Save the mask again.") from None
    return _lossy(image, path) if format_name == "JPEG" else _meaning(image, path)


def _meaning(image: Image.Image, path: Path) -> MaskValues:
    if image.mode == "1":
        return _binary(np.asarray(image), "white")
    if image.mode == "L" or image.mode.startswith("I"):
        return _grey(np.asarray(image).astype(np.int32))
    if image.mode == "P":
        return _indexed(image)
    if image.mode == "RGB":
        return _colours(np.asarray(image), path)
    if image.mode in ("RGBA", "LA", "PA"):
        return _alpha(np.asarray(image.convert("RGBA")), path)
    raise MaskError(
        f"{path} has pixels of kind {image.mode!r}. Save the mask as an 8-bit or 16-bit PNG."
    )


def _binary(mask: np.ndarray, source: str) -> MaskValues:
    objects = (ObjectValue(1, "id 1", source, 1),) if mask.any() else ()
    return MaskValues(mask.astype(np.int32), objects)


def _ids(values: Values, found: Iterable[int]) -> MaskValues:
    ids = [value for value in found if value > 0]
    # 255 means void only where ids are 8-bit; a file with id 1000 may well have an object 255.
    void = VOID if max(ids, default=0) <= VOID else None
    ids = [value for value in ids if value != void]
    keep = max(ids, default=0) <= MAX_OBJECTS
    objects = (ObjectValue(v, f"id {v}", f"id {v}", v if keep else None) for v in ids)
    return MaskValues(values, tuple(objects), void)


def _grey(values: Values) -> MaskValues:
    found, counts = np.unique(values, return_counts=True)
    levels = found[found > 0]
    full = int(levels[-1]) if levels.size else 0
    if levels.tolist() in ([255], [65_535]):
        return _binary(values == full, "white")
    if _is_soft_white(levels, counts[found > 0]):
        return _binary(values > full // 2, "white (soft edge cut in the middle)")
    return _ids(values, found.tolist())


def _is_soft_white(levels: np.ndarray, counts: np.ndarray) -> bool:
    """True if many levels are there, but nearly all pixels are almost black or almost white.

    So look 0/255 masks after anti-aliasing, or after a detour through JPEG.
    """
    if len(levels) < _SOFT_VALUES or not (250 <= levels[-1] <= 255 or levels[-1] > 64_000):
        return False
    share = levels / levels[-1]
    between = counts[(share > 0.2) & (share < 0.8)]
    # An edge passes through middle greys; ids beside a void of 255 are small numbers.
    return len(between) >= 4 and bool(between.sum() < counts[share >= 0.8].sum() / 2)


def _indexed(image: Image.Image) -> MaskValues:
    values = np.asarray(image).astype(np.int32)
    colours = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    used = np.unique(values)
    used = used[used < len(colours)]
    # Some programs store plain grey images with a palette that says grey.
    if (colours[used] == used[:, None]).all():
        return _grey(values)
    return _ids(values, np.unique(values).tolist())


def _colours(rgb: UInt8[np.ndarray, "height width 3"], path: Path) -> MaskValues:
    packed = _pack(rgb)
    found, counts = np.unique(packed, return_counts=True)
    counts, found = counts[found > 0], found[found > 0]
    if (rgb[:, :, :1] == rgb).all():
        grey = _grey(rgb[:, :, 0].astype(np.int32))
        # White beside other greys is an object here: void is a notion of id files.
        if grey.void is None or not (rgb == VOID).any():
            return grey
    if len(found) > MAX_OBJECTS or _is_soft(counts):
        raise MaskError(
            f"{path} has {len(found)} colours, most of them on few pixels: the edges are soft or "
            "the file was compressed with loss. Save the mask without anti-aliasing as PNG."
        )
    return _named_colours(packed, found.tolist())


def _named_colours(packed: Values, found: list[int]) -> MaskValues:
    known = _palette_ids()
    if all(colour in known for colour in found):
        pairs = [(colour, known[colour]) for colour in found]
        objects = tuple(
            ObjectValue(colour, f"id {number}", f"#{colour:06x}", number)
            for colour, number in pairs
            if number != VOID
        )
        void = next((colour for colour, number in pairs if number == VOID), None)
        return MaskValues(packed, objects, void)
    named = ((colour, f"#{colour:06x}") for colour in found)
    return MaskValues(packed, tuple(ObjectValue(c, name, name, None) for c, name in named))


def _alpha(rgba: UInt8[np.ndarray, "height width 4"], path: Path) -> MaskValues:
    opaque = rgba[:, :, 3] >= _HALF
    if opaque.all():
        return _colours(rgba[:, :, :3], path)
    found = np.unique(_pack(rgba[:, :, :3])[opaque])
    # One colour, or a photograph with its background removed: what is opaque is the object.
    if len(found) == 1 or len(found) > _CUT_OUT_COLOURS:
        return _binary(opaque, "opaque pixels")
    return _colours(rgba[:, :, :3] * opaque[:, :, None], path)


def _lossy(image: Image.Image, path: Path) -> MaskValues:
    rgb = np.asarray(image.convert("RGB")).astype(np.int16)
    coloured = (rgb.max(axis=2) - rgb.min(axis=2) > 40).mean()
    grey = rgb.mean(axis=2)
    between = ((grey > 50) & (grey < 205)).mean()
    white = grey >= _HALF
    if coloured > 0.01 or between > 0.1 or (not white.any() and grey.max() > 0):
        raise MaskError(
            f"{path} is a JPEG, which changes ids and colours; only black and white survive it. "
            "Save the mask as PNG."
        )
    return _binary(white, "white")


def _is_soft(counts: np.ndarray) -> bool:
    """True if most colours are on very few pixels, as along an anti-aliased edge."""
    return len(counts) >= _SOFT_VALUES and bool(np.median(counts) < counts.max() / 100)


def _pack(rgb: np.ndarray) -> Values:
    wide = rgb.astype(np.int32)
    return wide[:, :, 0] << 16 | wide[:, :, 1] << 8 | wide[:, :, 2]


@cache
def _palette_ids() -> dict[int, int]:
    return {int(colour): number for number, colour in enumerate(_pack(palette()[None])[0])}
