"""What the pixels of a mask picture mean: palettes, colours, transparency, JPEG."""

from functools import cache

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from segue.errors import MaskError
from segue.media.mask_profile import Values, profile, refuse_soft
from segue.media.mask_values import MaskValues, ObjectValue, binary, grey, ids, soft_middle
from segue.media.palette import palette
from segue.types import MAX_OBJECTS, VOID

_HALF = 128
_CUT_OUT_COLOURS = 32
_FLAT = 7
"""Faint areas that hold an even square of so many pixels a side may be objects too; soft edges hold none (ours)."""
_TRACE = 24
"""Greatest difference between the channels of black and white after lossy compression (ours)."""
_NEARLY_WHITE = 240


def picture_values(image: Image.Image, name: str, format_name: str | None = None) -> MaskValues:
    """The objects of a picture in memory.

    Args:
        image: Upright.
        name: What messages call the mask.
        format_name: Of its file; JPEG keeps neither ids nor colours.

    Raises:
        MaskError: The picture is ambiguous, a photo, or has soft edges that cannot be cut.
    """
    if format_name == "JPEG":
        return _lossy(image, name)
    if image.mode == "1":
        return binary(np.asarray(image), "white")
    if image.mode == "L" or image.mode.startswith("I"):
        return grey(np.asarray(image).astype(np.int32), name)
    if image.mode == "P":
        return _indexed(image, name)
    if image.mode == "RGB":
        return colours(np.asarray(image), name)
    if image.mode in ("RGBA", "LA", "PA"):
        return cut_out(np.asarray(image.convert("RGBA")), name)
    raise MaskError(
        f"{name} has pixels of kind {image.mode!r}. Save the mask as an 8-bit or 16-bit PNG."
    )


def colours(rgb: UInt8[np.ndarray, "height width 3"], name: str) -> MaskValues:
    """One object per colour on black; grey pictures as in ``grey``.

    Raises:
        MaskError: The edges are soft, or this is a photo.
    """
    packed = _pack(rgb)
    if (rgb[:, :, :1] == rgb).all():
        plain = grey(rgb[:, :, 0].astype(np.int32), name)
        # White beside other greys is an object here: void is a notion of id files.
        if plain.void is None or not (rgb == VOID).any():
            return plain
    faded = _black_white(rgb)
    if faded is not None:
        return faded
    found = profile(packed)
    refuse_soft(found, name, "colours", _spell)
    if len(found.levels) > MAX_OBJECTS:
        raise MaskError(
            f"{name} has {len(found.levels)} colours, more than {MAX_OBJECTS} objects: this looks "
            "like a photo, not like a mask. Give a mask with one colour per object."
        )
    return _named_colours(packed, found.levels.tolist())


def cut_out(rgba: UInt8[np.ndarray, "height width 4"], name: str) -> MaskValues:
    """What is opaque: a photo with its background removed is one object, flat colours are one object each.

    Raises:
        MaskError: As in ``colours``; or nothing is opaque, or no area is quite opaque and some are fainter.
    """
    alpha = rgba[:, :, 3]
    opaque = _opaque(alpha, name)
    if opaque.all():
        return colours(rgba[:, :, :3], name)
    found = profile((_pack(rgba[:, :, :3]) + 1) * opaque)
    several = int((found.fills & (found.counts > 0.05 * found.counts.sum())).sum()) > 1
    if len(found.levels) == 1 or (len(found.levels) > _CUT_OUT_COLOURS and not several):
        if np.isin(alpha, (0, alpha.max())).all():
            return binary(opaque, "opaque pixels")
        doubt = "its transparency is cut in the middle: what is less than half opaque is left out"
        return binary(opaque, "opaque pixels", doubt)
    return colours(rgba[:, :, :3] * opaque[:, :, None], name)


def _opaque(alpha: UInt8[np.ndarray, "height width"], name: str) -> np.ndarray:
    """Where a picture is at least half as opaque as at its most opaque place: overlays are half transparent."""
    top = int(alpha.max())
    if top == 0:
        raise MaskError(
            f"{name} holds no object: the picture is transparent everywhere. Save the mask without transparency."
        )
    found: np.ndarray = 2 * alpha.astype(np.int32) >= top
    square = np.ones((_FLAT, _FLAT), np.uint8)
    flat = cv2.dilate(alpha, square) == cv2.erode(alpha, square)
    faint = alpha[flat & ~found & (alpha > top // 10)]
    if faint.size and top < VOID:
        raise MaskError(
            f"{name} has areas of several opacities ({faint[0]} and {top} of 255), and Segue cannot tell which of them "
            "are objects. Make the objects opaque, or give one value per object."
        )
    return found


def _indexed(image: Image.Image, name: str) -> MaskValues:
    values = np.asarray(image).astype(np.int32)
    table = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    found = np.unique(values)
    used = found[found < len(table)]
    # Some programs store plain grey images with a palette that says grey.
    if (table[used] == used[:, None]).all():
        return grey(values, name)
    # Others store black and white, with or without the greys of soft edges, in any order.
    shades = table[used]
    if len(used) == len(found) and (shades == shades[:, :1]).all() and _is_black_white(shades):
        return grey(table[:, 0].astype(np.int32)[values], name)
    refuse_soft(profile(values), name, "values")
    return ids(values, found.tolist())


def _is_black_white(shades: np.ndarray) -> bool:
    return bool(shades.min() == 0 and shades.max() == VOID)


def _black_white(rgb: UInt8[np.ndarray, "height width 3"]) -> MaskValues | None:
    """A white object in a picture that lossy compression left with a trace of colour; None for other pictures."""
    if int((rgb.max(axis=2) - rgb.min(axis=2)).max()) > _TRACE:
        return None
    found = profile(rgb.mean(axis=2).round().astype(np.int32))
    middle = soft_middle(found)
    if middle is None or found.levels[-1] < _NEARLY_WHITE:
        return None
    doubt = "nearly black and nearly white colours are read as one white object"
    return binary(rgb.mean(axis=2) > middle, "white", doubt)


def _named_colours(packed: Values, found: list[int]) -> MaskValues:
    known = _palette_ids()
    if all(colour in known for colour in found):
        pairs = [(colour, known[colour]) for colour in found]
        objects = tuple(
            ObjectValue(colour, f"id {number}", _spell(colour), number)
            for colour, number in pairs
            if number != VOID
        )
        void = next((colour for colour, number in pairs if number == VOID), None)
        return MaskValues(packed, objects, void)
    named = ((colour, _spell(colour)) for colour in found)
    return MaskValues(packed, tuple(ObjectValue(c, text, text, None) for c, text in named))


def _lossy(image: Image.Image, name: str) -> MaskValues:
    rgb = np.asarray(image.convert("RGB")).astype(np.int16)
    coloured = (rgb.max(axis=2) - rgb.min(axis=2) > 40).mean()
    brightness = rgb.mean(axis=2)
    between = ((brightness > 50) & (brightness < 205)).mean()
    white = brightness >= _HALF
    if coloured > 0.01 or between > 0.1 or (not white.any() and brightness.max() > 0):
        raise MaskError(
            f"{name} is a JPEG, which changes ids and colours; only black and white survive it. "
            "Save the mask as PNG."
        )
    return binary(white, "white")


def _pack(rgb: np.ndarray) -> Values:
    wide = rgb.astype(np.int32)
    return wide[:, :, 0] << 16 | wide[:, :, 1] << 8 | wide[:, :, 2]


def _spell(colour: int) -> str:
    return f"#{colour:06x}"


@cache
def _palette_ids() -> dict[int, int]:
    return {int(colour): number for number, colour in enumerate(_pack(palette()[None])[0])}
