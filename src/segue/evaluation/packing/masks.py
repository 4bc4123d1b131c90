"""Mask files of predictions: read, judged, and brought into the form that servers read."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from PIL import Image

from segue.data.check import spell
from segue.errors import MaskError
from segue.media.images import natural_key
from segue.media.label_file import read_label_values
from segue.media.palette import palette
from segue.problems import Problem, ProblemKind
from segue.types import VOID

_READ_ERRORS = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)

Values = Shaped[np.ndarray, "height width"]
"""Stored values of a mask, of 8 or 16 bits."""


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A mask of the predictions, and whose it is."""

    path: Path
    sequence: str
    frame: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What a mask has to be."""

    size_hw: tuple[int, int] | None
    """``None`` for any."""
    values: frozenset[int]
    meaning: str
    """Of the values, for messages: "the ids of the first frame"."""


def read_mask(file: MaskFile) -> Values | Problem:
    """The values of a mask, or what keeps it from being read."""
    try:
        return read_label_values(file.path)
    except MaskError as error:
        kind: ProblemKind = "colours" if _has_colours(file.path) else "unreadable"
        return Problem(kind, file.sequence, file.frame, str(error), fatal=True)


def judge(file: MaskFile, values: Values, rule: Rule) -> Iterator[Problem]:
    """What is wrong with the size and the values of a mask; all of it is fatal."""
    if rule.size_hw and values.shape != rule.size_hw:
        (height, width), (due_height, due_width) = values.shape, rule.size_hw
        message = (
            f"{file.path} is {width}x{height} (width x height), expected {due_width}x{due_height}. "
            "Resize the prediction with nearest neighbours."
        )
        yield Problem("size", file.sequence, file.frame, message, fatal=True)
    found = frozenset(np.flatnonzero(np.bincount(values.ravel())).tolist())
    odd = found - rule.values
    if VOID in odd:
        message = (
            f"{file.path} holds 255, which means void; every pixel of a prediction is due {rule.meaning} "
            f"({spell(rule.values)}). Write 1 instead of 255 if there is one object."
        )
        yield Problem("void", file.sequence, file.frame, message, fatal=True)
    if odd - {VOID}:
        message = (
            f"{file.path} holds {spell(odd - {VOID})}, expected {rule.meaning} ({spell(rule.values)}). "
            "Correct the labels."
        )
        yield Problem("unknown-id", file.sequence, file.frame, message, fatal=True)


def indexed_png(path: Path) -> bytes:
    """The mask as PNG of one index per pixel with a palette; the file itself if it is one already.

    Raises:
        MaskError: The file cannot be read any more.
    """
    return _as_mode(path, "P")


def grey_png(path: Path) -> bytes:
    """The mask as grey PNG of 8 bits; the file itself if it is one already.

    Raises:
        MaskError: The file cannot be read any more.
    """
    return _as_mode(path, "L")


def encode_png(values: Values, *, indexed: bool = False) -> bytes:
    """Values up to 255 as PNG, grey or with the palette of DAVIS; always the same bytes."""
    image = Image.fromarray(values.astype(np.uint8))
    if indexed:
        image.putpalette(palette().tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def masks_of(folder: Path) -> dict[str, Path]:
    """PNG files of a folder by name, in natural order, hidden ones left out; nothing if there is no such folder."""
    found = (path for path in folder.glob("*.png") if not path.name.startswith("."))
    return {path.stem: path for path in sorted(found, key=lambda path: natural_key(path.stem))}


def size_of(path: Path) -> tuple[int, int] | None:
    """Height and width by the header of an image; ``None`` if it is none."""
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except _READ_ERRORS:
        return None


def _as_mode(path: Path, mode: str) -> bytes:
    with Image.open(path) as image:
        stored = image.mode
    return (
        path.read_bytes()
        if stored == mode
        else encode_png(read_label_values(path), indexed=mode == "P")
    )


def _has_colours(path: Path) -> bool:
    """Whether the file is whole, so that its colours are what was refused."""
    try:
        with Image.open(path) as image:
            image.load()
            return True
    except _READ_ERRORS:
        return False
