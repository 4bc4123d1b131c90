"""Values of any depth to 8 bits, by one stretch for a whole clip.

Microscopes store 10 or 12 bits in files of 16: shown as they are, such frames are nearly black. The largest value of
some frames tells how many bits are in use, and every frame of the clip is divided by the same number (ours).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from segue.errors import VideoError
from segue.types import Frame

SAMPLE_FRAMES = 16
"""How many frames are looked at, evenly spread over the clip."""
_NEGATIVE = 0.1
"""Values below 0 that are not mere overshoot, as a share of white (ours)."""
_NORMALISED = 8
"""Floats about 0 that stay below were normalised for a network (ours)."""
_TOLERANCE = 4
"""How many times the white value a later frame may hold, as a hot pixel does, before the stretch is wrong."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Divides values by one number for the whole clip."""

    white: float
    """The value that becomes 255."""
    full: float
    """The value that would, had the files told."""
    lowest: float = 0.0
    """The least value seen; below 0 all becomes black."""

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Values as uint8; larger ones than ``white`` become 255, negative ones and not-a-number 0.

        Raises:
            VideoError: Values far above those of the frames that were looked at.
        """
        highest = highest_value(values)
        if highest > _TOLERANCE * self.white:
            raise VideoError(
                f"holds values up to {highest:g}, but the frames looked at before the work go up to {self.white:g}. "
                "All frames need one scale: convert them to 8 bits."
            )
        if self.white == 65_535 and values.dtype == np.uint16:
            return (values // 257).astype(np.uint8)
        scaled = np.clip(np.nan_to_num(values.astype(np.float32)), 0, self.white)
        return (scaled * (255 / self.white) + 0.5).astype(np.uint8)

    @property
    def doubt(self) -> str | None:
        """What was guessed, as a sentence; None where nothing was."""
        if self.lowest < -_NEGATIVE * self.white:
            return (
                f"The values go down to {self.lowest:g}, and all below 0 become black. Give values from 0, such as "
                "(values - lowest) / (highest - lowest)."
            )
        if self.white == self.full:
            return None
        return (
            f"The values seem to lie between 0 and {self.white:g}, of {self.full:g} possible: all frames are "
            f"stretched by the same factor, so that {self.white:g} becomes white."
        )


def find_stretch(samples: Iterable[np.ndarray]) -> Stretch | None:
    """The stretch for a clip from some of its frames; None if all of them hold 8 bits.

    Whole numbers: 8 bits stay as they are, more are divided by the smallest ``2**bits - 1`` that no value exceeds.
    Floats: from 0 to 1 if no value exceeds 1, else as whole numbers.

    Raises:
        VideoError: Floats that were normalised for a network, about 0.
    """
    highest, lowest, full = 0.0, 0.0, 0.0
    for values in samples:
        if values.dtype in (np.uint8, np.bool_):
            continue
        highest = max(highest, highest_value(values))
        lowest = min(lowest, -highest_value(-values.astype(np.float64)))
        full = max(full, _full(values))
    if not full:
        return None
    if full == 1 and highest < _NORMALISED and lowest < -_NEGATIVE * highest:
        raise VideoError(
            f"The frames hold fractions from {lowest:g} to {highest:g}, expected 0 to 1, or 0 to 255. Undo the "
            "normalisation first, as in (frames + 1) / 2 for -1 to 1."
        )
    if full == 1 and highest <= 1:
        return Stretch(1.0, 1.0, lowest)
    white = float(2 ** max(8, int(highest).bit_length()) - 1)
    return Stretch(white, max(white, full), lowest)


def as_frame(values: np.ndarray, stretch: Stretch | None = None) -> Frame:
    """A frame from grey or RGB values of any depth.

    Args:
        values: ``height width`` or ``height width 3``: uint8, bool, other whole numbers or floats.
        stretch: Of the clip; for these values alone where there is none.

    Raises:
        VideoError: As in ``Stretch.apply``.
    """
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * 255
    elif values.dtype != np.uint8:
        stretch = stretch or find_stretch([values])
        assert stretch is not None
        values = stretch.apply(values)
    if values.ndim == 2 or values.shape[2] == 1:
        values = np.repeat(values.reshape(*values.shape[:2], 1), 3, axis=2)
    frame: Frame = np.ascontiguousarray(values)
    return frame


def spread(count: int, most: int = SAMPLE_FRAMES) -> list[int]:
    """At most so many numbers below ``count``, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [round(step * (count - 1) / (most - 1)) for step in range(most)]


def highest_value(values: np.ndarray) -> float:
    """The largest finite value, 0 if there is none."""
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    return float(values.max(initial=0))


def _full(values: np.ndarray) -> float:
    return 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
