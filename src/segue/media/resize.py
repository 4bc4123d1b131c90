"""Smaller frames in, labels of the original size out."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8

from segue.errors import SettingsError
from segue.types import Frame, Labels

# Other axis words than those of the argument: within one signature a word has one size.
ResizedFrame = UInt8[np.ndarray, "new_height new_width 3"]
ResizedLabels = UInt8[np.ndarray, "new_height new_width"]

DEFAULT_MAX_SIDE = 854
"""Longer side, in pixels, of the frames that models work on unless told otherwise."""
ALL_PIXELS = 0
"""As ``max_side``: frames are worked on as they are, whatever their size."""
_SMALLEST_SIDE = 16


def bounded_hw(size_hw: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    """Height and width that keep the aspect, no side above ``max_side`` pixels.

    Args:
        size_hw: Height and width of the video.
        max_side: ``None`` for ``DEFAULT_MAX_SIDE``, 0 for all pixels.

    Raises:
        SettingsError: ``max_side`` is below 16 and not 0.
    """
    if max_side is None:
        max_side = DEFAULT_MAX_SIDE
    if max_side == ALL_PIXELS:
        return size_hw
    if max_side < _SMALLEST_SIDE:
        raise SettingsError(
            f"max_side must be at least {_SMALLEST_SIDE}, or 0 for all pixels; got {max_side}."
        )
    if max(size_hw) <= max_side:
        return size_hw
    scale = max_side / max(size_hw)
    height, width = (max(1, round(side * scale)) for side in size_hw)
    return height, width


@dataclass(frozen=True, slots=True)
class Resizer:
    """Shrinks frames and labels to a working size and brings labels back.

    Labels are never mixed: every pixel takes the id at its nearest source pixel's centre, so no
    id appears that was not there. Objects thinner than the scale may vanish.
    """

    source_hw: tuple[int, int]
    """Height and width of the video."""
    working_hw: tuple[int, int]
    """Height and width that the model sees."""

    @classmethod
    def for_max_side(cls, size_hw: tuple[int, int], max_side: int | None) -> "Resizer":
        """The resizer that keeps the aspect and lets no side exceed ``max_side`` pixels.

        Args:
            size_hw: Height and width of the video.
            max_side: ``None`` for ``DEFAULT_MAX_SIDE``, 0 for all pixels.

        Raises:
            SettingsError: ``max_side`` is below 16 and not 0.
        """
        return cls(size_hw, bounded_hw(size_hw, max_side))

    @property
    def is_identity(self) -> bool:
        """True if nothing is resized."""
        return self.source_hw == self.working_hw

    def shrink(self, frame: Frame) -> ResizedFrame:
        """The frame at working size; the same object if nothing changes."""
        if self.is_identity:
            return frame
        return shrink(frame, self.working_hw)

    def shrink_labels(self, labels: Labels) -> ResizedLabels:
        """Labels at working size, nearest neighbour."""
        return resize_labels(labels, self.working_hw)

    def restore(self, labels: Labels) -> ResizedLabels:
        """Labels of working size at the size of the video, nearest neighbour."""
        return resize_labels(labels, self.source_hw)


def shrink(
    image: UInt8[np.ndarray, "height width *channels"], size_hw: tuple[int, int]
) -> UInt8[np.ndarray, "new_height new_width *channels"]:
    """An image or mask at a smaller size: halves as long as they are not too small, then cubic interpolation.

    Halves are many times as fast as other ratios, and the last step keeps the picture sharp. Against area averaging,
    masks of DAVIS-2016 train are as good or a little better (J&F +0.01, and +0.04 where frames are shrunk by a third).
    """
    height, width = size_hw
    small: np.ndarray = image
    while small.shape[0] >= 2 * height and small.shape[1] >= 2 * width:
        half = small.shape[1] // 2, small.shape[0] // 2
        small = cv2.resize(small, half, interpolation=cv2.INTER_AREA)
    result: np.ndarray = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return result


def resize_labels(labels: Labels, size_hw: tuple[int, int]) -> ResizedLabels:
    """Labels at another size, nearest neighbour with pixel centres aligned."""
    if labels.shape == size_hw:
        return labels
    height, width = size_hw
    # INTER_NEAREST would sample pixel corners and shift everything by half a pixel.
    resized = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.ascontiguousarray(resized)
