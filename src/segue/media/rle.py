"""Run-length masks as COCO and MOTS files hold them, at native speed.

A mask is read column by column; the lengths of its runs of 0, 1, 0, ... are written one after the other, from the
fourth on as the difference to the run two before. Each number takes as many printable bytes as it needs: five bits per
byte, low bits first, a sixth bit where more bytes follow (COCO API, ``maskApi``).

The native code trusts these bytes: bad ones make it hang or read foreign memory. So a ``RunLengths`` is checked when
it is made, and every function here relies on it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from pycocotools import mask as coco

from segue.errors import MaskError
from segue.types import Mask

_LAST_BYTES = bytes(range(48, 80))
_MORE_BYTES = bytes(range(80, 112))
_ENDINGS = {bytes([byte]) for byte in _LAST_BYTES}
_MAX_BYTES = 7  # 35 bits: enough for every run and its sign
_MAX_PIXELS = 2**31 - 1
# So many masks are checked at once: their runs stay in the cache.
_BATCH = 512
# pycocotools 2.0.11 with NumPy 2 cannot take the areas of more masks in one call.
_NATIVE_BATCH = 255


@dataclass(frozen=True, slots=True)
class RunLengths:
    """One mask of ``height`` x ``width`` pixels as packed run lengths; always a whole mask.

    Raises:
        MaskError: The counts are cut short, hold foreign characters, or do not fill the size.
    """

    height: int
    width: int
    counts: bytes

    def __post_init__(self) -> None:
        _check([(self.height, self.width, self.counts)], lambda _: "A run-length mask")

    def as_coco(self) -> dict[str, object]:
        """The form that COCO files and ``pycocotools`` use."""
        return {"size": [self.height, self.width], "counts": self.counts}


def unpack(
    packed: Sequence[tuple[int, int, bytes]],
    name: Callable[[int], str] = "Run-length mask {}".format,
) -> list[RunLengths]:
    """Masks of many ``(height, width, counts)``, checked together: far faster than one by one.

    Args:
        packed: Sizes and counts.
        name: What an error calls the mask of an index, such as its file and line.

    Raises:
        MaskError: One is damaged, see ``RunLengths``.
    """
    _check(packed, name)
    return [_trusted(*item) for item in packed]


def encode(mask: Mask) -> RunLengths:
    """A mask as run lengths.

    Raises:
        MaskError: The mask has no pixels at all.
    """
    height, width = mask.shape
    if not mask.size:
        raise MaskError(f"A mask of {height}x{width} has no pixels; give one that has a size.")
    counts = coco.encode(np.asfortranarray(mask, np.uint8))["counts"]
    return _trusted(height, width, counts)


def decode(rle: RunLengths) -> Mask:
    """The pixels of a run-length mask."""
    runs, _, _ = read_runs([rle.counts])
    columns = np.repeat(np.arange(runs.size) % 2 == 1, runs.ravel())
    pixels: Mask = np.ascontiguousarray(columns.reshape(rle.width, rle.height).T)
    return pixels


def areas(masks: Sequence[RunLengths]) -> Int64[np.ndarray, " masks"]:
    """The number of pixels of each mask."""
    packed = [mask.as_coco() for mask in masks]
    batches = range(0, len(packed), _NATIVE_BATCH)
    parts = [coco.area(packed[start : start + _NATIVE_BATCH]) for start in batches]
    return np.concatenate([np.empty(0, np.int64), *parts], dtype=np.int64)


def overlaps(a: Sequence[RunLengths], b: Sequence[RunLengths]) -> Float64[np.ndarray, "a b"]:
    """Intersection over union of every mask of ``a`` with every mask of ``b``; 0 for two empty ones.

    Raises:
        MaskError: The masks are not all of one size.
    """
    _check_one_size([*a, *b])
    if not a or not b:
        return np.zeros((len(a), len(b)))
    first, second = [mask.as_coco() for mask in a], [mask.as_coco() for mask in b]
    found: Float64[np.ndarray, "a b"] = coco.iou(first, second, [0] * len(b))
    return found


def union(masks: Sequence[RunLengths]) -> RunLengths:
    """The pixels that lie in at least one of the masks.

    Raises:
        MaskError: There are none, or they are not all of one size.
    """
    if not masks:
        raise MaskError("The union of no masks has no size; give at least one mask.")
    _check_one_size(masks)
    merged = coco.merge([mask.as_coco() for mask in masks])
    return _trusted(masks[0].height, masks[0].width, merged["counts"])


def _trusted(height: int, width: int, counts: bytes) -> RunLengths:
    """A record that is known to be whole, made without checking it again."""
    made = object.__new__(RunLengths)
    object.__setattr__(made, "height", height)
    object.__setattr__(made, "width", width)
    object.__setattr__(made, "counts", counts)
    return made


def _check_one_size(masks: Sequence[RunLengths]) -> None:
    sizes = {(mask.height, mask.width) for mask in masks}
    if len(sizes) > 1:
        found = ", ".join(f"{height}x{width}" for height, width in sorted(sizes))
        raise MaskError(f"Masks of one frame need one size, got {found}. Resize them.")


def _check(packed: Sequence[tuple[int, int, bytes]], name: Callable[[int], str]) -> None:
    """Make sure that native code can read the masks."""
    for index, (height, width, counts) in enumerate(packed):
        if not (height > 0 and width > 0 and height * width <= _MAX_PIXELS):
            raise MaskError(f"{name(index)} has size {height}x{width}, expected 1 to 2^31 pixels.")
        foreign = counts.translate(None, _LAST_BYTES).translate(None, _MORE_BYTES)
        if foreign:
            raise MaskError(
                f"{name(index)} holds the characters {foreign[:8]!r}, expected only '0' to 'o' of "
                "COCO run lengths. Write it again."
            )
        if counts[-1:] not in _ENDINGS:
            raise MaskError(f"{name(index)} is cut short: {counts[-8:]!r} does not end a number.")
    for start in range(0, len(packed), _BATCH):
        _check_runs(packed, start, name)


def _check_runs(
    all_packed: Sequence[tuple[int, int, bytes]], start: int, name: Callable[[int], str]
) -> None:
    packed = all_packed[start : start + _BATCH]
    runs, first, whole = read_runs([counts for _, _, counts in packed])
    totals = np.add.reduceat(runs, first).sum(axis=1)
    pixels = np.array([height * width for height, width, _ in packed])
    for index in np.flatnonzero(~whole | (totals != pixels))[:1].tolist():
        height, width, _ = packed[index]
        came = f"fills {totals[index]} pixels" if whole[index] else "holds an impossible run"
        raise MaskError(
            f"{name(start + index)} {came}, expected runs that fill {height}x{width} = {pixels[index]} "
            "pixels. It is damaged or its size is wrong; write it again."
        )


def read_runs(
    strings: Sequence[bytes],
) -> tuple[Int64[np.ndarray, "rows 2"], Int64[np.ndarray, " masks"], Bool[np.ndarray, " masks"]]:
    """The runs of all masks one after the other, those of 0 in the first column, those of 1 in the second.

    Then the row in which each mask begins, and whether each of its runs is between 0 and the largest mask.
    """
    num_runs = np.array([len(text) - len(text.translate(None, _LAST_BYTES)) for text in strings])
    # With an even number of runs each, all masks fit into two columns.
    padded = [text + b"0" * odd for text, odd in zip(strings, (num_runs % 2).tolist(), strict=True)]
    values, sane = _numbers(b"".join(padded))
    runs = values.reshape(-1, 2)
    num_rows = (num_runs + 1) // 2
    first = np.cumsum(num_rows) - num_rows
    # Differences start with the fourth run, so the first run stands outside of the sum of its column.
    leading = runs[first, 0]
    runs[first, 0] = 0
    # One running sum over all masks, taken back to 0 where the next mask begins.
    runs[first[1:]] -= np.add.reduceat(runs, first)[:-1]
    np.cumsum(runs, axis=0, out=runs)
    runs[first, 0] = leading
    runs[(first + num_rows - 1)[num_runs % 2 == 1], 1] = 0
    sane &= (runs.ravel() >= 0) & (runs.ravel() <= _MAX_PIXELS)
    whole = np.ones(len(strings), np.bool_)
    whole[np.searchsorted(first, np.flatnonzero(~sane) // 2, "right") - 1] = False
    return runs, first, whole


def _numbers(text: bytes) -> tuple[Int64[np.ndarray, " numbers"], Bool[np.ndarray, " numbers"]]:
    """The numbers of a string, and which of them are not too long to be one."""
    digits = np.frombuffer(text, np.uint8) - np.uint8(48)
    ends = np.flatnonzero(digits < 32)
    lengths = np.diff(ends, prepend=-1)
    values = digits[ends].astype(np.int64)
    values -= (values & 16) << 1  # the highest bit of the last byte is the sign
    longer = np.flatnonzero(lengths > 1)
    for place in range(1, _MAX_BYTES):
        values[longer] = values[longer] << 5 | digits[ends[longer] - place] & 31
        longer = longer[lengths[longer] > place + 1]
    return values, lengths <= _MAX_BYTES
