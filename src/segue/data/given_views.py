"""Views of a masked frame and of those around it. Draw first, then apply: all frames of a window share one view.

Flip, rotation and scale are those of the fine-tuning of SlowFast-VOS. Three things are simpler here: the picture is
scaled about its middle, not its corner; what a rotation turns out of the frame is cut off, where the released code
squeezes the turned picture back into the frame; and boxes are the extents of the masks.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from segue.errors import InputError
from segue.types import BACKGROUND, VOID, Frame, Labels

_DRAWS = 50
_LEAST_SHARE = 0.05
"""Of the pixels of all objects that a view must keep."""
_LEAST_PIXELS = 16
"""Of all objects together."""


@dataclass(frozen=True)
class View:
    """How a picture is looked at; the same for the same numbers."""

    mirrored: bool
    degrees: float
    """Of the rotation about the middle of the picture."""
    scale: float
    """1: the whole picture fills the view."""
    light: int
    """Seed of the changes of light and colour."""

    def shown(self, frame: Frame, size_hw: tuple[int, int]) -> UInt8[np.ndarray, "rows columns 3"]:
        """A frame in this view, black where the frame ends.

        Args:
            frame: Of any size.
            size_hw: Of the view.
        """
        matrix = self._matrix(frame.shape[:2], size_hw)
        return np.asarray(cv2.warpAffine(frame, matrix, size_hw[::-1], flags=cv2.INTER_LINEAR))

    def labelled(
        self, labels: Labels, size_hw: tuple[int, int]
    ) -> UInt8[np.ndarray, "rows columns"]:
        """Labels in this view, background where the frame ends.

        Args:
            labels: Of the frame.
            size_hw: Of the view.
        """
        matrix = self._matrix(labels.shape, size_hw)
        return np.asarray(cv2.warpAffine(labels, matrix, size_hw[::-1], flags=cv2.INTER_NEAREST))

    def _matrix(
        self, frame_hw: tuple[int, ...], size_hw: tuple[int, int]
    ) -> Float64[np.ndarray, "2 3"]:
        """From points of the frame to those of the view; a point is the middle of a pixel."""
        frame_xy, size_xy = np.array(frame_hw[1::-1], float), np.array(size_hw[::-1], float)
        stretch = np.diag(size_xy / frame_xy * self.scale) @ np.diag(
            [-1.0 if self.mirrored else 1.0, 1.0]
        )
        turn = np.deg2rad(self.degrees)
        turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        linear = turned @ stretch
        return np.column_stack([linear, (size_xy - 1) / 2 - linear @ ((frame_xy - 1) / 2)])


def draw_view(
    labels: Labels,
    size_hw: tuple[int, int],
    rng: np.random.Generator,
    *,
    flip: float,
    rotation: float,
    scale: float,
) -> View:
    """A view that shows at least a twentieth of the objects; the same state of ``rng`` gives the same view.

    Args:
        labels: Of the frame, with an object.
        size_hw: Of the view.
        rng: The source of chance.
        flip: Share of views that are mirrored.
        rotation: Largest rotation, in degrees.
        scale: Largest change of size, as a share.

    Raises:
        InputError: No such view was found.
    """
    light = int(rng.integers(2**31))
    whole = View(False, 0.0, 1.0, light).labelled(labels, size_hw)
    least = max(_LEAST_PIXELS, _LEAST_SHARE * _num_object_pixels(whole))
    for _ in range(_DRAWS):
        view = View(
            bool(rng.random() < flip),
            float(rng.uniform(-1, 1) * rotation),
            1 + float(rng.uniform(-1, 1) * scale),
            light,
        )
        if _num_object_pixels(view.labelled(labels, size_hw)) >= least:
            return view
    raise InputError(
        f"No view with an object in {_DRAWS} draws. The network sees frames with {size_hw[1]}x{size_hw[0]} pixels, of "
        f"which the masked objects have {_num_object_pixels(whole)}. Mask larger objects."
    )


def _num_object_pixels(labels: Labels) -> int:
    return int(((labels != BACKGROUND) & (labels != VOID)).sum())
