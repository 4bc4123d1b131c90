"""What the values of a mask mean: ids, grey levels, or one object in white.

The rules are ours, made from the masks that people have. Each function returns the objects it found under a key, so
that masks of different kinds agree: the white of a 0/255 file, the 1 of a 0/1 file and palette index 1 are the same
object.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from segue.media.mask_profile import Profile, Values, profile, refuse_soft
from segue.types import MAX_OBJECTS, VOID

_WHITE = 250
"""The darkest white of an 8-bit mask (ours): JPEG and video hardly change white by more."""
_WHITE_16 = 64_000
_SOFT_VALUES = 16
_GREY = 64
"""The darkest grey that an object with soft edges is known by; below are ids."""
_SMALL = 0.1
"""An object of which soft edges are the larger part covers less of the frame (ours)."""
_BRIGHT = 0.95
_DARK = 0.06


@dataclass(frozen=True, slots=True)
class ObjectValue:
    """One object in a mask, before it has an id."""

    value: int
    """The pixel value that stands for it."""
    key: str
    """The same for the same object in all masks."""
    source: str
    """What it was in the mask, for people."""
    wanted_id: int | None
    """The id it should have, None for the lowest free one."""


@dataclass(frozen=True, slots=True)
class MaskValues:
    """Pixel values of a mask and what they stand for; values not named are background."""

    values: Values
    objects: tuple[ObjectValue, ...]
    void: int | None = None
    anonymous: bool = False
    """True for one object whose pixels say where it is, but not which object it is (0/1, 0/255, bool)."""
    ordered: bool = False
    """True for several objects that are told apart by their order only."""
    doubts: tuple[str, ...] = ()
    """What was understood and may be wrong; sentences without the name of the mask."""


def binary(mask: np.ndarray, source: str, *doubts: str) -> MaskValues:
    """One object, wherever ``mask`` is not 0."""
    found = mask != 0
    objects = (ObjectValue(1, "id 1", source, 1),) if found.any() else ()
    return MaskValues(found.astype(np.int32), objects, anonymous=True, doubts=doubts)


def ids(values: Values, found: Iterable[int]) -> MaskValues:
    """One object per value, 255 void."""
    numbers = [value for value in found if value > 0]
    # 255 means void only where ids are 8-bit; a mask with id 1000 may well have an object 255.
    void = VOID if max(numbers, default=0) <= VOID else None
    numbers = [value for value in numbers if value != void]
    keep = max(numbers, default=0) <= MAX_OBJECTS
    objects = (ObjectValue(v, f"id {v}", f"id {v}", v if keep else None) for v in numbers)
    return MaskValues(values, tuple(objects), void)


def grey(values: Values, name: str) -> MaskValues:
    """The objects of a map of ids or grey levels: one white object, or one object per value.

    Args:
        values: From 0.
        name: What messages call the mask.

    Raises:
        MaskError: Several objects with soft edges, or a photo.
    """
    found = profile(values)
    levels = found.levels
    if levels.tolist() in ([255], [65_535]):
        return binary(values, "white")
    middle = soft_middle(found)
    if middle is not None:
        return binary(values > middle, *_soft_words(found, middle))
    refuse_soft(found, name, "grey values")
    meaning = ids(values, levels.tolist())
    if [item.value for item in meaning.objects] == [1]:
        return MaskValues(values, meaning.objects, meaning.void, anonymous=True)
    return meaning


def soft_middle(found: Profile) -> int | None:
    """Where to cut grey levels that stand for one white object with soft edges or with noise; None for others."""
    if not len(found.levels):
        return None
    top = int(found.levels[-1])
    share = found.levels / top
    between = (share > 0.2) & (share < 0.8)
    is_white = _WHITE <= top <= VOID or top > _WHITE_16
    if found.counts[between].sum() >= found.counts[share >= 0.8].sum() / 2:
        # Mostly edge: a small white object with soft edges looks so, and a dark photo that fills more of the frame.
        small = found.counts.sum() < _SMALL * found.num_pixels
        drawn = is_white and small and found.is_soft and _is_one_area(found, share)
        return top // 2 if drawn else None
    # So look 0/255 masks after anti-aliasing, or after a detour through JPEG. An edge passes through middle greys;
    # ids beside a void of 255 are small numbers.
    many = len(share) >= _SOFT_VALUES and between.sum() >= 4
    if is_white and (many or _is_near_white(found, share)):
        return top // 2
    soft = is_white or found.is_soft
    return top // 2 if top >= _GREY and soft and _is_one_area(found, share) else None


def _is_near_white(found: Profile, share: np.ndarray) -> bool:
    """True for 254 beside 255 and other noise on black and white."""
    bright, dark = share >= _BRIGHT, share <= _DARK
    if not (bright & ~np.isin(found.levels, (255, 65_535))).any():
        return False
    return bool(bright.all() or (bright.sum() > 1 and (bright | dark | found.edges).all()))


def _is_one_area(found: Profile, share: np.ndarray) -> bool:
    """True if one grey fills areas, and the darker ones lie along edges, or are black but for noise."""
    noise = (share <= _DARK) & ~found.fills & (found.beside > 0)
    calm = (share >= _BRIGHT) | found.edges | noise
    return bool(calm.all() and (found.edges & (share > _DARK)).any())


def _soft_words(found: Profile, middle: int) -> tuple[str, str]:
    """Source and doubt of a white object that was cut out of grey levels."""
    levels = found.levels
    if levels[0] > 2 * middle * 0.9:
        named = ", ".join(map(str, levels.tolist()[:4]))
        return "white", f"the values {named} are read as one white object"
    return (
        "white (soft edge cut in the middle)",
        f"soft edges ({len(levels)} grey values) are cut in the middle, at {middle}",
    )


def size_text(size_hw: tuple[int, ...]) -> str:
    """A size as people write it: ``854x480``, width first."""
    return f"{size_hw[1]}x{size_hw[0]}"
